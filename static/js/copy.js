// A button that copies what a field shows. Where the browser lets no page do that, it selects it, and stays hidden
// only without a script.

for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  const words = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      if (!document.execCommand("copy")) return; // it stays selected: Ctrl+C is left
    }
    button.textContent = button.dataset.words;
    setTimeout(() => (button.textContent = words), 2000);
  });
}
