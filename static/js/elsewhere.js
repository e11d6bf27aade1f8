// A colour taken from another photo of the family: which one, and where in it.

import { filled, nameOf, placeOf } from "./colour-names.js";
import { placeIn, steer } from "./cross.js";
import { labOf } from "./lab.js";
import { fetched } from "./picture.js";

const LONG_SIDE = 800;
const AROUND = 1; // pixels: one alone may be grain

// `root`: the sheet that opens over the page. `take([a, b])` hears what was chosen, until `signal` ends it.
export function openElsewhere(root, words, take, signal) {
  const [canvas, aim, said] = [root.querySelector("canvas"), root.querySelector(".aim"), root.querySelector("[role=status]")];
  const [list, chosen] = [root.querySelector("#elsewhere-list"), root.querySelector(".elsewhere-photo")];

  function labAt(x, y) {
    const [left, top] = [Math.floor(x * canvas.width), Math.floor(y * canvas.height)].map((value) => Math.max(0, value - AROUND));
    const size = 2 * AROUND + 1;
    const { data } = canvas.getContext("2d").getImageData(Math.min(left, canvas.width - size), Math.min(top, canvas.height - size), size, size);
    const mean = [0, 1, 2].map((band) => Math.round(data.filter((_, at) => at % 4 === band).reduce((sum, value) => sum + value, 0) / size ** 2));
    return labOf(`#${mean.map((value) => value.toString(16).padStart(2, "0")).join("")}`);
  }
  function enter(x, y) {
    root.hidePopover();
    take(labAt(x, y).slice(1));
  }
  const moved = (x, y) => {
    said.textContent = filled(words.at, { place: placeOf([x, y], words), across: Math.round(100 * x), down: Math.round(100 * y), colour: nameOf(labAt(x, y), words) });
  };
  steer(aim, { moved, entered: enter }, signal);
  aim.addEventListener("click", (event) => enter(...placeIn(aim, event)), { signal });

  let asked = null; // the one chosen last: a slower one before it comes too late
  async function open(button) {
    asked = button;
    const bitmap = await fetched(button.dataset.src).then((answer) => answer.blob()).then(createImageBitmap).catch(() => null);
    if (asked !== button || signal.aborted) return;
    if (!bitmap) return void (said.textContent = words.away);
    const share = Math.min(1, LONG_SIDE / Math.max(bitmap.width, bitmap.height));
    Object.assign(canvas, { width: Math.max(3, Math.round(bitmap.width * share)), height: Math.max(3, Math.round(bitmap.height * share)) });
    canvas.getContext("2d", { willReadFrequently: true }).drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    show(true);
    aim.focus();
  }
  function show(isChosen) {
    [list.hidden, chosen.hidden] = [isChosen, !isChosen];
    said.textContent = isChosen ? words.tap : "";
  }
  const click = (event) => {
    const button = event.target.closest("[data-src]");
    if (button) open(button);
    if (event.target.closest("[data-elsewhere=all]")) show(false);
  };
  root.addEventListener("click", click, { signal });

  // Asked for by htmx at each opening: what came before is better than nothing.
  function missing(event) {
    event.stopPropagation(); // it is said here, and not behind the sheet too
    if (!list.querySelector("img")) list.replaceChildren(Object.assign(document.createElement("p"), { role: "alert", textContent: words.unlisted }));
  }
  const opener = document.querySelector("[hx-target='#elsewhere-list']");
  for (const failed of ["htmx:responseError", "htmx:sendError"]) opener.addEventListener(failed, missing, { signal });
}
