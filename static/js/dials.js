// Correcting a photo's colours: those at places, vividness and warmth, seen at once, taken back, and kept as a version.

import { openGuessing } from "./guessing.js";
import { post } from "./key.js";
import { openPicture } from "./picture.js";
import { editPins } from "./pins.js";
import { isTyped } from "./story.js";

const dials = document.getElementById("dials");
const [vividness, warmth] = [dials.querySelector("#vividness"), dials.querySelector("#warmth")];
const [back, again] = [dials.querySelector("[data-do=undo]"), dials.querySelector("[data-do=redo]")];
const said = dials.querySelector(".dials-said");
const saved = document.getElementById("dials-saved");
let opening = null; // another one each time: closed and opened again, the picture of the time before may still come
let picture = null;
let pins = null;
let guessing = null;
let isDue = false;
let isSaving = false;

// All that is asked for, step by step: each step is whole, and none is ever changed.
let steps = [];
let place = 0;
let live = null; // what is seen while a hand still moves
let draft = null; // what was not saved when the page's colours were closed

const number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2 });
const signed = new Intl.NumberFormat(document.documentElement.lang, { signDisplay: "exceptZero" });
const now = () => live ?? steps[place];
const say = (text) => (said.textContent = text);

function take(part, isLive = false) {
  live = { ...now(), ...part };
  if (!isLive) {
    steps = [...steps.slice(0, place + 1), live];
    place = steps.length - 1;
    live = null;
  }
  show();
}

function go(to, words) {
  if (to < 0 || to >= steps.length) return;
  [place, live] = [to, null];
  show();
  say(words);
}

function show() {
  const { vividness: vivid, warmth: warm } = now();
  [vividness.value, warmth.value] = [vivid, warm];
  dials.querySelector("output[for=vividness]").textContent = number.format(vivid);
  dials.querySelector("output[for=warmth]").textContent = signed.format(warm);
  back.setAttribute("aria-disabled", place === 0);
  again.setAttribute("aria-disabled", place === steps.length - 1);
  if (isDue || !picture) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    if (!picture) return;
    if (!live) pins.render();
    setTimeout(draw); // where a colour was put is seen before the picture is reckoned
  });
}

function draw() {
  picture?.draw(now());
  if (picture && !live) guessing.render(now().guess);
}

async function open(button) {
  const { vividness: vivid, warmth: warm, pins: asked, guess, field } = button.dataset;
  const mine = (opening = { field });
  const isAgain = draft?.field === field;
  const own = { pins: JSON.parse(asked).map((pin) => ({ radius: 0.01, note: "", on: true, ...pin })), guess: JSON.parse(guess), vividness: Number(vivid), warmth: Number(warm) };
  [steps, place] = isAgain ? [draft.steps, draft.place] : [[own], 0];
  saved.textContent = "";
  dials.hidden = false;
  dials.dataset.editing = "";
  show();
  say(dials.dataset.opening);
  dials.querySelector("h2").focus();
  try {
    const opened = await openPicture(button.dataset);
    for (const step of steps) await opened.prepare(step.guess);
    if (opening !== mine) return;
    picture = opened;
    picture.canvas.className = "layer-live";
    document.querySelector("#stage .layer-after").append(picture.canvas);
    picture.draw(now());
    const frame = document.querySelector("#stage .frame");
    pins = editPins({ picture, frame, get: () => now().pins, set: (changed, isLive) => take({ pins: changed }, isLive), say });
    pins.render();
    guessing = openGuessing({ picture, frame, set: (guess) => take({ guess }), say });
    guessing.render(now().guess);
    say(isAgain ? dials.dataset.here : "");
  } catch {
    if (opening === mine) say(dials.dataset.failed);
  }
}

function close() {
  draft = steps.length > 1 ? { field: opening.field, steps, place } : null;
  pins?.close();
  guessing?.close();
  picture?.canvas.remove();
  [picture, pins, guessing] = [null, null, null];
  dials.hidden = true;
  delete dials.dataset.editing;
  document.getElementById("dials-open")?.focus();
  opening = null;
  dials.dispatchEvent(new Event("close", { bubbles: true })); // the viewer catches up with what changed meanwhile
}

async function save() {
  if (isSaving) return;
  isSaving = true;
  say(dials.dataset.saving);
  const answer = await post(dials.dataset.save, JSON.stringify(now()), { "Content-Type": "application/json" }).catch(() => null);
  const told = await answer?.json().catch(() => null);
  isSaving = false;
  if (answer?.status === 401) return say(dials.dataset.signedOut);
  if (!answer?.ok) return say(told?.message ?? dials.dataset.unsaved);
  steps = [now()];
  close();
  saved.textContent = told?.message ?? "";
  htmx.trigger(document.getElementById("stage"), "again"); // it is being coloured now, whether events get through or not
}

// Also where the colours were closed meanwhile: here they would come again, elsewhere they are lost.
function isUnsaved() {
  const at = dials.hidden ? draft : { steps, place };
  return at !== null && JSON.stringify(at.steps[at.place]) !== JSON.stringify(at.steps[0]);
}

const deeds = {
  save,
  close,
  undo: () => go(place - 1, dials.dataset.undone),
  redo: () => go(place + 1, dials.dataset.redone),
  reset: () => take({ ...steps[0] }),
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("#dials-open");
  if (button && dials.hidden) open(button);
});
for (const range of [vividness, warmth]) {
  range.addEventListener("input", () => take({ [range.id]: Number(range.value) }, true));
  range.addEventListener("change", () => take({ [range.id]: Number(range.value) }));
}
dials.addEventListener("click", (event) => deeds[event.target.closest("[data-do]")?.dataset.do]?.());
document.addEventListener("keydown", (event) => {
  if (dials.hidden || document.querySelector("dialog[open], :popover-open")) return;
  if (event.key === "Escape") return close();
  const isTyping = event.target.matches("input:not([type]), textarea");
  if (!(event.ctrlKey || event.metaKey) || isTyping) return;
  const key = event.key.toLowerCase();
  if (key !== "z" && key !== "y") return;
  event.preventDefault();
  deeds[key === "y" || event.shiftKey ? "redo" : "undo"]();
});
addEventListener("beforeunload", (event) => {
  if (isUnsaved() || isTyped()) event.preventDefault();
});
