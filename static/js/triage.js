// A dataset's photos with the keyboard: every key presses a button or a link that is on the page. htmx does the rest.

// Asked for each time: both are made anew where photos were added or measured.
const part = (id) => document.getElementById(id);
const tileOf = (id) => part("items").querySelector(`[data-item="${CSS.escape(id)}"]`);

// Who speaks to a device, or rests a hand on the keys, turns letters and digits off. Kept for the next time.
const KEPT = "letters";
let hasLetters = true;
try {
  hasLetters = localStorage.getItem(KEPT) !== "off";
} catch {
  // storage is switched off: chosen for this page only
}
document.addEventListener("change", (event) => {
  if (event.target.id !== "letters") return;
  hasLetters = event.target.checked;
  try {
    localStorage.setItem(KEPT, hasLetters ? "on" : "off");
  } catch {
    // for this page only
  }
});

function press(key) {
  const chosen = part("chosen");
  if (!chosen) return false;
  const arrows = { ArrowRight: "triage-next", ArrowLeft: "triage-previous", j: "triage-next", k: "triage-previous" };
  const first = chosen.querySelector(".at-hand") ? null : part("items").querySelector("[data-item]");
  const target = arrows[key]
    ? (first ?? part(arrows[key]))
    : chosen.querySelector(`[data-key="${CSS.escape(key.toLowerCase())}"]:not(:disabled)`);
  target?.click();
  return Boolean(target);
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.repeat) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select, [popover], dialog")) return;
  if (!hasLetters && event.key.length === 1) return;
  if (press(event.key)) event.preventDefault();
});

// --- Which photo is at hand: marked in the grid, in the address, and the next one's picture is fetched ahead ---------
function settle() {
  const chosen = part("chosen");
  const photo = chosen?.querySelector(".at-hand")?.dataset.photo;
  if (!photo) return;
  part("triage").classList.add("triage-open");
  part("letters").checked = hasLetters;
  for (const old of part("items").querySelectorAll("[aria-current]")) old.removeAttribute("aria-current");
  const tile = tileOf(photo);
  tile?.setAttribute("aria-current", "true");
  // On a phone the photo stands above the grid: there it is what one wants to see.
  (matchMedia("(max-width: 60rem)").matches ? chosen : tile)?.scrollIntoView({ block: "nearest" });
  const address = new URL(location.href);
  address.searchParams.set("photo", photo);
  history.replaceState(null, "", address);
  const ahead = part("triage-next")?.dataset.preload;
  if (ahead) new Image().src = ahead;
}

document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "chosen") settle();
});
settle();
