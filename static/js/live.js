// An album that changes while one looks: colour that fades in, the line of words above the grid, and a way to go on
// where server-sent events do not get through. htmx itself swaps the tiles.

const album = document.getElementById("album");
const grid = document.getElementById("grid");
const POLL_EVERY = 3000;
const ERRORS_BEFORE_POLLING = 2;

// --- Colour fades in over the grey, once, when it is new -------------------------------------------------------------
const colourOf = (tile) => tile.querySelector(".tile-colour");
const seen = new Set([...grid.querySelectorAll(".tile-colour")].map((image) => image.dataset.coloring));

async function reveal(tile) {
  const image = colourOf(tile);
  if (!image || seen.has(image.dataset.coloring)) return;
  seen.add(image.dataset.coloring);
  image.loading = "eager";
  image.classList.add("is-coming");
  await image.decode().catch(() => undefined); // a picture that fails to load shows its grey all the same
  image.getBoundingClientRect(); // the browser must have laid out the invisible state to animate away from it
  image.classList.add("is-arriving");
  image.classList.remove("is-coming");
  for (const end of ["transitionend", "transitioncancel"]) {
    image.addEventListener(end, () => image.classList.remove("is-arriving"), { once: true });
  }
}

// --- "Colouring photo 3 of 12, about 20 seconds left" ----------------------------------------------------------------
const status = document.getElementById("album-status");

function tell() {
  const tiles = [...grid.querySelectorAll(".tile")];
  const open = tiles.filter((tile) => ["queued", "running"].includes(tile.dataset.state));
  let words = "";
  if (open.length) {
    const last = open.reduce((a, b) => (Number(b.dataset.seconds) > Number(a.dataset.seconds || 0) ? b : a));
    words = (last.dataset.left ? status.dataset.words : status.dataset.wordsShort)
      .replace("{number}", tiles.length - open.length + 1)
      .replace("{total}", tiles.length)
      .replace("{left}", last.dataset.left);
  }
  if (status.textContent !== words) status.textContent = words;
}

album.addEventListener("htmx:load", (event) => {
  if (event.target.matches?.(".tile")) reveal(event.target);
});
new MutationObserver(tell).observe(grid, { childList: true });
tell();

// --- A photo may be here already, or new: the page knows, who tells of it does not -------------------------------------
const tilesOf = (html) => {
  const tiles = [...new DOMParser().parseFromString(html, "text/html").querySelectorAll(".tile")];
  tiles.forEach((tile) => tile.removeAttribute("hx-swap-oob"));
  return tiles;
};

// What a tile's answer to its own button has shown is told by the stream once more, or the other way round: it stays as it
// is then, since a hand may be on its next button.
const shown = new Map(); // by id
const formOf = (tile) => tile.outerHTML.replace(/\s+/g, " ");
const isShown = (tile) => shown.get(tile.id) === formOf(tile);
const note = (tile) => shown.set(tile.id, formOf(tile));

function place(tiles) {
  for (const fresh of tiles) {
    const old = document.getElementById(fresh.id);
    if (old && isShown(fresh)) continue;
    note(fresh);
    if (old) htmx.swap(old, fresh.outerHTML, { swapStyle: "outerHTML" });
    else if (fresh.dataset.state !== "gone") htmx.swap(grid, fresh.outerHTML, { swapStyle: "beforeend" });
  }
}

album.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!detail.shouldSwap || !detail.target.matches(".tile")) return;
  const tiles = tilesOf(detail.serverResponse);
  detail.shouldSwap = !tiles.length || !tiles.every(isShown);
  tiles.forEach(note);
});
album.addEventListener("htmx:sseBeforeMessage", (event) => {
  event.preventDefault();
  place(tilesOf(event.detail.data));
});

// --- Where the stream fails twice, the page asks every three seconds until the stream is back -------------------------
let errors = 0;
let polling = null;

async function poll() {
  const answer = await fetch(`${album.dataset.changes}&cursor=${encodeURIComponent(album.dataset.cursor)}`).catch(() => null);
  if (!answer?.ok) return;
  album.dataset.cursor = answer.headers.get("X-Cursor");
  place(tilesOf(await answer.text()));
}

album.addEventListener("htmx:sseError", () => {
  errors += 1;
  if (errors >= ERRORS_BEFORE_POLLING && !polling) polling = setInterval(poll, POLL_EVERY);
});
album.addEventListener("htmx:sseOpen", () => {
  errors = 0;
  clearInterval(polling);
  polling = null;
});
