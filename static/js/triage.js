// A dataset's photos with the keyboard: every key presses a button or a link that is on the page. htmx does the rest.

const chosen = document.getElementById("chosen");
const items = document.getElementById("items");

const tileOf = (id) => items?.querySelector(`[data-item="${CSS.escape(id)}"]`);

function press(key) {
  if (!chosen) return false;
  const arrows = { ArrowRight: "triage-next", ArrowLeft: "triage-previous", j: "triage-next", k: "triage-previous" };
  const first = chosen.querySelector(".at-hand") ? null : items.querySelector("[data-item]");
  const target = arrows[key]
    ? (first ?? document.getElementById(arrows[key]))
    : chosen.querySelector(`[data-key="${CSS.escape(key.toLowerCase())}"]:not(:disabled)`);
  target?.click();
  return Boolean(target);
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.repeat) return;
  if (event.target.closest("input, textarea, select, [popover], dialog")) return;
  if (press(event.key)) event.preventDefault();
});

// --- Which photo is at hand: marked in the grid, in the address, and the next one's picture is fetched ahead ---------
function settle() {
  const photo = chosen.querySelector(".at-hand")?.dataset.photo;
  if (!photo) return;
  document.getElementById("triage").classList.add("triage-open");
  for (const old of items.querySelectorAll("[aria-current]")) old.removeAttribute("aria-current");
  const tile = tileOf(photo);
  tile?.setAttribute("aria-current", "true");
  // On a phone the photo stands above the grid: there it is what one wants to see.
  (matchMedia("(max-width: 60rem)").matches ? chosen : tile)?.scrollIntoView({ block: "nearest" });
  const address = new URL(location.href);
  address.searchParams.set("photo", photo);
  history.replaceState(null, "", address);
  const ahead = document.getElementById("triage-next")?.dataset.preload;
  if (ahead) new Image().src = ahead;
}

chosen?.addEventListener("htmx:afterSettle", settle);
if (chosen) settle();

// --- More than can be sent at once is said before it is sent ---------------------------------------------------------
const form = document.getElementById("add-form");
form?.addEventListener("submit", (event) => {
  const files = [...form.elements.files.files];
  const isTooMuch = files.reduce((sum, file) => sum + file.size, 0) > Number(form.dataset.most);
  const said = document.getElementById("add-error");
  said.textContent = isTooMuch ? form.dataset.words : "";
  said.hidden = !isTooMuch;
  if (isTooMuch) event.preventDefault();
});
