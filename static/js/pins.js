// Colours that someone knows, put on the photo: dots and strokes, set and changed with mouse, finger, pen or keys.

import { filled, nameOf, placeOf } from "./colour-names.js";
import { placeIn, rounded, steer } from "./cross.js";
import { openElsewhere } from "./elsewhere.js";
import { cssOf, labOf } from "./lab.js";
import { suggestions } from "./likely.js";
import { pointsOf } from "./marks.js";
import { openPalette, swatches } from "./palette.js";

const [MOST, MOST_POINTS] = [200, 1000];
const RADIUS = 0.01;
const CLICK = 6; // a pointer that moved less did not move
const CLOSE = 0.004; // of the photo: a stroke's next point is no nearer

const panel = document.getElementById("pins");
const words = panel.dataset;
const list = panel.querySelector(".pin-list");
const palette = document.getElementById("palette");

// `picture` as openPicture gives it, `frame` what it lies in. `get()` gives the pins, `set(pins, isLive)` takes new ones,
// `say(text)` is heard. Pins are never changed, only replaced: whoever keeps older ones can go back.
export function editPins({ picture, frame, get, set, say }) {
  const layer = panel.querySelector("template.aim-template").content.cloneNode(true).firstElementChild;
  const [aim, line] = [layer.querySelector(".aim"), layer.querySelector("polyline")];
  const over = new AbortController();
  const { signal } = over;
  let chosen = -1;
  let stroke = null; // points while one is drawn
  let from = null;
  let pressed = null; // on what a finger went down
  frame.append(layer);

  const tool = () => panel.querySelector("[name=tool]:checked").value;
  const labAt = (pin) => [picture.at(...pointsOf(pin)[0])[0], ...labOf(pin.colour).slice(1)];
  const spoken = (pin, at) => ({ number: at + 1, colour: nameOf(labAt(pin), words), place: placeOf(pointsOf(pin)[0], words) });

  // --- What changes ---
  function replace(at, part, isLive = false) {
    set(get().map((pin, number) => (number === at ? { ...pin, ...part } : pin)), isLive);
  }
  function add(where) {
    if (get().length >= MOST) return say(words.full);
    const lab = picture.at(...(where.points?.[0] ?? [where.x, where.y])).map((value) => Math.round(value * 100) / 100);
    chosen = get().length;
    set([...get(), { ...where, colour: lab, radius: RADIUS, note: "", on: true }]);
    say(filled(where.points ? words.drawn : words.placed, spoken(get()[chosen], chosen)));
  }
  function erase(at) {
    if (!get()[at]) return;
    say(filled(words.erased, spoken(get()[at], at)));
    set(get().filter((_, number) => number !== at));
    choose(Math.min(at, get().length - 1));
    (list.querySelectorAll(".pin-choose")[chosen] ?? aim).focus();
  }
  function choose(at) {
    chosen = at;
    render();
  }
  function colour([a, b], isLive) {
    const pin = get()[chosen];
    if (!pin) return;
    replace(chosen, { colour: [rounded(labAt(pin)[0]), rounded(a), rounded(b)] }, isLive);
    if (!isLive) say(filled(words.coloured, spoken(get()[chosen], chosen)));
  }
  function take(at) {
    if (!get()[chosen]) return say(words.first);
    colour(picture.at(...at).slice(1), false);
    panel.querySelector("[name=tool][value=pin]").checked = true;
    layer.dataset.tool = "pin";
  }

  // --- A hand on the photo ---
  function lengthen(point) {
    const last = stroke.at(-1);
    if (last && Math.hypot(point[0] - last[0], point[1] - last[1]) < CLOSE) return;
    if (stroke.length >= MOST_POINTS) stroke = stroke.filter((_, at) => at % 2 === 0);
    stroke.push(point);
    line.setAttribute("points", stroke.map(([u, v]) => `${1000 * u},${1000 * v}`).join(" "));
  }
  function finish() {
    const points = stroke;
    stroke = null;
    line.setAttribute("points", "");
    if (points?.length) add({ points });
  }
  const on = {
    pointerdown: (event) => {
      event.stopPropagation(); // the viewer's divider has no part in this
      if (event.button !== 0 || !event.isPrimary) return;
      from = { x: event.clientX, y: event.clientY };
      if (tool() !== "stroke") return;
      aim.setPointerCapture(event.pointerId);
      stroke = [];
      lengthen(placeIn(aim, event));
    },
    pointermove: (event) => {
      event.stopPropagation();
      if (!from || !stroke || !event.isPrimary) return;
      for (const each of event.getCoalescedEvents?.() ?? [event]) lengthen(placeIn(aim, each));
    },
    pointerup: (event) => {
      event.stopPropagation();
      if (!from || !event.isPrimary) return;
      const isStill = Math.hypot(event.clientX - from.x, event.clientY - from.y) < CLICK;
      from = null;
      const [x, y] = placeIn(aim, event);
      put(x, y);
      if (stroke) finish();
      else if (isStill) act(x, y);
    },
    pointercancel: () => {
      [from, stroke] = [null, null];
      line.setAttribute("points", "");
    },
  };
  for (const [name, act] of Object.entries(on)) aim.addEventListener(name, act, { signal });
  const act = (x, y) => (tool() === "take" ? take([x, y]) : add({ x, y }));

  // --- The cross, moved with keys ---
  function moved(x, y) {
    if (stroke) lengthen([x, y]);
    say(filled(words.at, { place: placeOf([x, y], words), across: Math.round(100 * x), down: Math.round(100 * y), colour: nameOf(picture.at(x, y), words) }));
  }
  function entered(x, y) {
    if (tool() !== "stroke") return act(x, y);
    if (stroke) return finish();
    stroke = [];
    lengthen([x, y]);
    say(words.drawing);
  }
  const { put } = steer(aim, { moved, entered }, signal);
  const press = (event) => {
    if (event.key === "Escape" && stroke) on.pointercancel();
    else if (event.key === "Delete" || event.key === "Backspace") erase(chosen);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  aim.addEventListener("keydown", press, { signal });

  // --- The list, and the marks on the photo ---
  layer.addEventListener("pointerdown", (event) => (pressed = event.target), { signal, capture: true });
  const numberOf = (element) => Number(element.closest("[data-number]")?.dataset.number ?? -1);
  for (const place of [list, layer]) {
    place.addEventListener("click", (event) => {
      if (event.target.closest(".pin-erase")) return erase(numberOf(event.target));
      const isOfTheTapBefore = place === layer && pressed === aim; // whose click falls on the mark that it has just set
      pressed = null;
      if (isOfTheTapBefore || !event.target.closest(".pin-choose, .mark")) return;
      choose(numberOf(event.target));
      say(filled(words.chosen, spoken(get()[chosen], chosen)));
    }, { signal });
    place.addEventListener("keydown", (event) => {
      if (event.key !== "Delete" && event.key !== "Backspace") return;
      if (!event.target.closest(".pin-choose, .mark")) return;
      event.preventDefault();
      erase(numberOf(event.target));
    }, { signal });
  }
  list.addEventListener("change", (event) => {
    const at = numberOf(event.target);
    replace(at, { on: event.target.checked });
    say(filled(event.target.checked ? words.switchedOn : words.switchedOff, spoken(get()[at], at)));
  }, { signal });
  panel.addEventListener("change", (event) => {
    if (event.target.name === "tool") layer.dataset.tool = tool();
    if (event.target.id === "pin-note") replace(chosen, { note: event.target.value });
    if (event.target.id === "pin-size") replace(chosen, { radius: Number(event.target.value) / 100 });
  }, { signal });
  panel.querySelector("#pin-size").addEventListener("input", (event) => replace(chosen, { radius: Number(event.target.value) / 100 }, true), { signal });

  const choices = openPalette(palette, words, colour, signal);
  openElsewhere(document.getElementById("elsewhere"), words, (ab) => colour(ab, false), signal);

  function render() {
    const pins = get();
    chosen = Math.min(chosen, pins.length - 1);
    const row = panel.querySelector("template.pin-template").content.firstElementChild;
    const focused = { row: [...list.children].findIndex((each) => each.contains(document.activeElement)), kind: document.activeElement.className };
    const marked = [...layer.querySelectorAll(".mark")].indexOf(document.activeElement);
    list.replaceChildren(...pins.map((pin, at) => described(row.cloneNode(true), pin, at)));
    layer.querySelectorAll(".mark").forEach((mark) => mark.remove());
    layer.append(...pins.map((pin, at) => markOf(pin, at)));
    if (focused.row >= 0) (list.children[focused.row] ?? list.lastElementChild)?.querySelector(`[class="${focused.kind}"]`)?.focus();
    if (marked >= 0) layer.querySelectorAll(".mark")[marked]?.focus();
    showPalette(pins[chosen]);
  }
  function described(row, pin, at) {
    const said = filled(words.pin, spoken(pin, at));
    row.dataset.number = at;
    const button = row.querySelector(".pin-choose");
    button.setAttribute("aria-pressed", at === chosen);
    row.querySelector(".pin-swatch").style.backgroundColor = cssOf(labAt(pin)[0], labAt(pin).slice(1));
    row.querySelector(".pin-words").textContent = said;
    row.querySelector(".pin-why").textContent = pin.note;
    row.querySelector("input").checked = pin.on;
    row.querySelector("input").setAttribute("aria-label", filled(words.counts, { pin: said }));
    row.querySelector(".pin-erase").setAttribute("aria-label", filled(words.erase, { pin: said }));
    return row;
  }
  function markOf(pin, at) {
    const mark = document.createElement("button");
    Object.assign(mark, { type: "button", className: pin.on ? "mark" : "mark mark-off", textContent: at + 1 });
    const [u, v] = pointsOf(pin)[0];
    mark.dataset.number = at;
    Object.assign(mark.style, { left: `${100 * u}%`, top: `${100 * v}%` });
    mark.setAttribute("aria-label", filled(words.pin, spoken(pin, at)));
    mark.setAttribute("aria-pressed", at === chosen);
    return mark;
  }
  function showPalette(pin) {
    palette.hidden = !pin;
    panel.querySelector(".pins-none").hidden = get().length > 0;
    if (!pin) return;
    palette.querySelector("legend").textContent = filled(words.pin, spoken(pin, chosen));
    panel.querySelector("#pin-note").value = pin.note;
    panel.querySelector("#pin-size").value = 100 * pin.radius;
    const others = get().filter((_, at) => at !== chosen).map((each) => ({ colour: labOf(each.colour).slice(1) }));
    const kept = swatches(document.getElementById("viewer").dataset.keptColours);
    choices.show(labAt(pin), {
      likely: suggestions(picture.field, ...pointsOf(pin)[0]).map((ab) => ({ colour: ab })),
      kept,
      used: [...others.reverse(), ...swatches(words.used)],
    });
  }

  layer.dataset.tool = tool();
  return {
    render,
    close: () => {
      over.abort();
      layer.remove();
      list.replaceChildren();
    },
  };
}
