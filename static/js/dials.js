// The dials: vividness and warmth of a photo, seen at once and kept as a version of its own.

import { openPicture } from "./picture.js";

const dials = document.getElementById("dials");
const [vividness, warmth] = [dials.querySelector("#vividness"), dials.querySelector("#warmth")];
const said = dials.querySelector("[role=status]");
const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
let opener = null;
let picture = null;
let isDue = false;

const number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2 });
const signed = new Intl.NumberFormat(document.documentElement.lang, { signDisplay: "exceptZero" });

function tell() {
  for (const [range, format] of [[vividness, number], [warmth, signed]]) {
    dials.querySelector(`output[for=${range.id}]`).textContent = format.format(range.value);
  }
  if (isDue || !picture) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    picture?.draw({ vividness: Number(vividness.value), warmth: Number(warmth.value) });
  });
}

function set() {
  vividness.value = opener.dataset.vividness;
  warmth.value = opener.dataset.warmth;
  tell();
}

async function open(button) {
  opener = button;
  dials.hidden = false;
  dials.dataset.editing = "";
  set();
  said.textContent = dials.dataset.opening;
  dials.scrollIntoView({ block: "nearest" });
  vividness.focus();
  try {
    const opened = await openPicture(button.dataset);
    if (opener !== button) return; // closed meanwhile
    picture = opened;
    picture.canvas.className = "layer-live";
    document.querySelector("#stage .layer-after").append(picture.canvas);
    said.textContent = "";
    tell();
  } catch {
    said.textContent = dials.dataset.failed;
  }
}

function close() {
  picture?.canvas.remove();
  picture = null;
  dials.hidden = true;
  delete dials.dataset.editing;
  document.getElementById("dials-open")?.focus();
  opener = null;
  dials.dispatchEvent(new Event("close", { bubbles: true })); // the viewer catches up with what changed meanwhile
}

async function save() {
  const asked = { pins: JSON.parse(opener.dataset.pins), guess: JSON.parse(opener.dataset.guess), vividness: Number(vividness.value), warmth: Number(warmth.value) };
  said.textContent = dials.dataset.saving;
  const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
  const answer = await fetch(dials.dataset.save, { method: "POST", headers, body: JSON.stringify(asked) }).catch(() => null);
  const told = await answer?.json().catch(() => null);
  if (!answer?.ok) {
    said.textContent = told?.message ?? dials.dataset.unsaved;
    return;
  }
  close();
  htmx.trigger(document.getElementById("stage"), "again"); // it is being coloured now, whether events get through or not
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("#dials-open");
  if (button && dials.hidden) open(button);
});
for (const range of [vividness, warmth]) range.addEventListener("input", tell);
dials.querySelector("[data-do=save]").addEventListener("click", save);
dials.querySelector("[data-do=reset]").addEventListener("click", set);
dials.querySelector("[data-do=close]").addEventListener("click", close);
dials.addEventListener("keydown", (event) => {
  if (event.key === "Escape") close();
});
