// A link or a token that is shown once is copied at a press. Where the browser lends no clipboard (a page without HTTPS), it is
// selected, copied the old way if that works, and else the page says which keys do it.

async function copy(field) {
  field.select();
  const copied = await navigator.clipboard?.writeText(field.value).then(
    () => true,
    () => false,
  );
  return copied || document.execCommand("copy");
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const said = document.getElementById(button.dataset.said);
  const copied = await copy(document.getElementById(button.dataset.copy));
  said.textContent = copied ? said.dataset.copied : said.dataset.byHand;
});
