// One photo: the divider between before and in colour, a closer look at full resolution, and the way to its neighbours.

import { isTyping } from "./story.js";

const GRAB = 28; // pixels beside the divider that still take hold of it
const CLICK = 6; // a pointer that moved less did not move
const SWIPE = 60;

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

// --- The divider. A range input, hidden from sight, is its keyboard and its voice. -----------------------------------
function divide(frame) {
  const range = frame.querySelector(".compare-range");
  const move = (percent) => {
    const cut = clamp(percent, 0, 100);
    frame.style.setProperty("--cut", cut);
    frame.classList.toggle("mostly-after", cut < 18);
    frame.classList.toggle("mostly-before", cut > 72);
    range.value = cut;
    range.setAttribute("aria-valuetext", range.dataset.words.replace("{percent}", Math.round(100 - cut)));
  };
  const box = () => frame.getBoundingClientRect();
  range.addEventListener("input", () => move(Number(range.value)));
  move(Number(range.value));
  return {
    isAt: (x) => Math.abs(x - box().left - (box().width * Number(range.value)) / 100) < GRAB,
    moveTo: (x) => move((100 * (x - box().left)) / box().width),
  };
}

// --- The stage -------------------------------------------------------------------------------------------------------
function prepare(stage) {
  const frame = stage.querySelector(".frame:not(.frame-blank)");
  if (!frame) return;
  const divider = frame.matches(".compare") ? divide(frame) : null;
  const dialog = stage.querySelector("#closer");
  let from = null;
  const letGo = () => {
    from = null;
    delete frame.dataset.held;
    catchUp();
  };

  frame.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    frame.dataset.held = "";
    from = { x: event.clientX, y: event.clientY, grabs: Boolean(divider?.isAt(event.clientX)), drags: false };
    if (from.grabs || event.pointerType !== "touch") frame.setPointerCapture(event.pointerId);
  });
  frame.addEventListener("pointermove", (event) => {
    if (!from || !event.isPrimary) return;
    from.drags ||= Math.abs(event.clientX - from.x) > CLICK;
    if (divider && (from.grabs || (from.drags && event.pointerType === "mouse"))) divider.moveTo(event.clientX);
  });
  frame.addEventListener("pointerup", (event) => {
    if (!from || !event.isPrimary) return;
    const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
    const { grabs } = from;
    letGo();
    if (grabs) return;
    if (!dialog) return;
    if (Math.hypot(dx, dy) < CLICK) openCloser(dialog, frame);
    else if (event.pointerType !== "mouse" && Math.abs(dx) > SWIPE && Math.abs(dx) > 2 * Math.abs(dy)) go(dx > 0 ? "previous" : "next");
  });
  frame.addEventListener("pointercancel", letGo);
  if (!dialog) return; // the picture on the landing page
  const opener = document.getElementById("zoom-open");
  opener.onclick = () => openCloser(dialog, frame); // the stage may be prepared anew: its opener is one
  opener.hidden = false;
}

// Colour that arrives while one looks fades in over the whole photo; then the divider takes its place.
async function reveal(frame) {
  frame.classList.add("is-coming");
  await frame.querySelector(".layer-after img").decode().catch(() => undefined);
  frame.getBoundingClientRect();
  frame.classList.add("is-arriving");
  frame.classList.remove("is-coming");
  frame.querySelector(".layer-after").addEventListener("transitionend", () => frame.classList.remove("is-arriving"), { once: true });
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) frame.classList.remove("is-arriving");
}

// --- Closer: zoom with wheel, buttons, keys, double click or two fingers; pan with one -------------------------------
function openCloser(dialog, frame) {
  const shell = dialog.querySelector("#closer-frame");
  shell.replaceChildren(...[...frame.children].map((child) => child.cloneNode(true)));
  shell.querySelectorAll("[id]").forEach((element) => element.removeAttribute("id"));
  shell.className = "closer-frame";
  const images = [...shell.querySelectorAll("img")];
  const divider = frame.matches(".compare") ? divide(shell) : null;
  const [width, height] = [images[0].getAttribute("width"), images[0].getAttribute("height")].map(Number);
  const fingers = new Map();
  const at = { x: 0, y: 0, scale: 1 }; // of the photo's own pixels
  let grabs = false;

  const space = () => ({ width: dialog.clientWidth, height: dialog.clientHeight });
  const fit = () => Math.min(space().width / width, space().height / height);
  const largest = () => Math.max(2, 4 * fit());
  const within = (offset, size, room) => (size <= room ? (room - size) / 2 : clamp(offset, room - size, 0));

  function draw() {
    at.x = within(at.x, width * at.scale, space().width);
    at.y = within(at.y, height * at.scale, space().height);
    for (const image of images) {
      image.style.width = `${width}px`;
      image.style.height = `${height}px`;
      image.style.transform = `translate(${at.x}px, ${at.y}px) scale(${at.scale})`;
    }
  }
  function zoom(factor, x = space().width / 2, y = space().height / 2) {
    const scale = clamp(at.scale * factor, fit(), largest());
    at.x = x - ((x - at.x) * scale) / at.scale;
    at.y = y - ((y - at.y) * scale) / at.scale;
    at.scale = scale;
    draw();
  }
  function pan(dx, dy) {
    at.x += dx;
    at.y += dy;
    draw();
  }
  const centre = () => {
    const all = [...fingers.values()];
    return {
      x: all.reduce((sum, finger) => sum + finger.x, 0) / all.length,
      y: all.reduce((sum, finger) => sum + finger.y, 0) / all.length,
      spread: all.length > 1 ? Math.hypot(all[0].x - all[1].x, all[0].y - all[1].y) : 0,
    };
  };

  const on = {
    wheel: (event) => {
      event.preventDefault();
      zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), event.clientX, event.clientY);
    },
    dblclick: (event) => zoom(at.scale > fit() * 1.01 ? 0 : Math.max(1, 2 * fit()) / at.scale, event.clientX, event.clientY),
    pointerdown: (event) => {
      shell.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      grabs = fingers.size === 1 && Boolean(divider?.isAt(event.clientX));
    },
    pointermove: (event) => {
      if (!fingers.has(event.pointerId)) return;
      if (grabs && fingers.size === 1) return divider.moveTo(event.clientX);
      const before = centre();
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      const after = centre();
      if (before.spread) zoom(after.spread / before.spread, after.x, after.y);
      pan(after.x - before.x, after.y - before.y);
    },
    pointerup: (event) => fingers.delete(event.pointerId),
    pointercancel: (event) => fingers.delete(event.pointerId),
  };
  const keys = {
    "+": () => zoom(1.5),
    "=": () => zoom(1.5),
    "-": () => zoom(1 / 1.5),
    0: () => zoom(0),
    ArrowLeft: () => pan(80, 0),
    ArrowRight: () => pan(-80, 0),
    ArrowUp: () => pan(0, 80),
    ArrowDown: () => pan(0, -80),
  };
  const buttons = { in: () => zoom(1.5), out: () => zoom(1 / 1.5), close: () => dialog.close() };

  const over = new AbortController();
  const { signal } = over;
  for (const [name, act] of Object.entries(on)) shell.addEventListener(name, act, { signal, passive: false });
  addEventListener("resize", () => zoom(1), { signal });
  dialog.addEventListener("click", (event) => buttons[event.target.closest("[data-zoom]")?.dataset.zoom]?.(), { signal });
  dialog.addEventListener(
    "keydown",
    (event) => {
      if (event.target.matches("input") || !keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    },
    { signal },
  );
  dialog.addEventListener("close", () => over.abort(), { signal });

  dialog.showModal();
  dialog.querySelector("[data-zoom=close]").focus();
  at.scale = fit();
  draw();
  images.forEach(sharpen);
}

// The rendition that is there already stays until the full-size one can take its place at once.
async function sharpen(image) {
  const full = new Image();
  full.src = image.dataset.zoom;
  await full.decode().then(
    () => {
      image.src = full.src;
      image.dataset.sharp = "";
    },
    () => undefined,
  );
}

// --- To the neighbours: arrow keys, and a swipe; neither leaves what is being typed ----------------------------------
function go(where) {
  const link = document.getElementById(where);
  if (link && !isTyping()) location.assign(link.href);
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest("input, textarea, select, dialog") || main.querySelector(IN_THE_MIDDLE)) return;
  if (event.key === "ArrowLeft") go("previous");
  if (event.key === "ArrowRight") go("next");
});

// --- The photo changed: its stage is fetched anew, once nobody is in the middle of something ------------------------
const main = document.getElementById("main");
const stageNow = () => document.getElementById("stage");
const IN_THE_MIDDLE = "#closer[open], :is(.version-name, .offer)[open], :popover-open, [data-editing], [data-held]";
let shown = stageNow().querySelector(".frame")?.dataset.shown ?? "";
let cut = null;
let isLate = false;

main.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id !== "stage") return;
  // In the trash it has no page: what one looks at stays, and is fetched anew should it come back.
  const isGone = event.detail.requestConfig.triggeringEvent?.detail?.data?.includes('data-state="gone"');
  if (!isGone && !main.querySelector(IN_THE_MIDDLE)) return;
  event.preventDefault();
  isLate = !isGone;
});
main.addEventListener("htmx:trigger", (event) => {
  // What is asked for already may be older than this change, and htmx forgets who waits with a stage that is replaced.
  if (event.target.id === "stage" && event.target.matches(".htmx-request")) isLate = true;
});
function catchUp() {
  if (!isLate || main.querySelector(IN_THE_MIDDLE)) return;
  isLate = false;
  htmx.trigger(stageNow(), "again");
}
for (const end of ["close", "toggle"]) main.addEventListener(end, catchUp, { capture: true }); // they do not bubble
main.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.id !== "stage" || !event.detail.shouldSwap) return;
  if (!main.querySelector(IN_THE_MIDDLE)) return void (cut = stageNow().querySelector(".compare-range")?.value ?? null);
  event.detail.shouldSwap = false; // in the middle of something since it was asked for
  isLate = true;
});
main.addEventListener("htmx:load", (event) => {
  if (event.target.id !== "stage") return;
  const frame = event.target.querySelector(".compare");
  const range = frame?.querySelector(".compare-range");
  if (range && cut !== null) range.value = cut;
  prepare(event.target);
  const isNew = frame && frame.dataset.shown !== shown;
  shown = frame?.dataset.shown ?? shown;
  if (isNew) reveal(frame);
  catchUp();
});
prepare(stageNow());

addEventListener("load", () => {
  const ahead = document.getElementById("next")?.dataset.preload ?? "";
  for (const address of ahead.split(" ").filter(Boolean)) new Image().src = address;
});
