// Other guesses to choose from, where the model is not sure, and what to ask a relative: beside the dials.

import { filled, nameOf, placeOf } from "./colour-names.js";
import { doubtOf, questions } from "./guesses.js";
import { hatch, outline } from "./shading.js";

const LONG_SIDE = 200; // pixels of a small picture
const SCALE = 8; // pixels of an overlay for each cell
const [UNSURE, GUESSING] = [0.5, 0.65]; // doubt, 0 to 1
const MIDDLE = 60; // the lightness at which a guess's colour is named

const section = document.getElementById("guessing");
const part = (name) => section.querySelector(`[data-part=${name}]`);
const words = document.getElementById("pins").dataset;
const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });
const either = new Intl.ListFormat(document.documentElement.lang, { type: "disjunction" });

// `picture` as openPicture gives it, `frame` what it lies in; `set(guess)` takes the colour of the one chosen, or null.
export function openGuessing({ picture, frame, set, say }) {
  const { field } = picture;
  const layers = new Map();
  let seen = "null"; // the guess that is seen now
  const choices = [{ colour: null, means: field.means }, ...picture.guesses()];

  function layer(name) {
    if (!layers.has(name)) {
      const canvas = document.createElement("canvas");
      Object.assign(canvas, { className: `layer-over layer-${name}`, width: SCALE * field.width, height: SCALE * field.height });
      frame.querySelector(".layer-after").append(canvas);
      layers.set(name, canvas);
    }
    return layers.get(name);
  }
  function clear(name) {
    layers.get(name)?.remove();
    layers.delete(name);
  }

  function showSure() {
    clear("sure");
    part("legend").hidden = !part("sure").checked;
    if (part("sure").checked) hatch(layer("sure"), doubtOf(field).map((doubt) => (doubt > GUESSING ? 2 : doubt > UNSURE ? 1 : 0)), field);
  }
  const mark = (mask) => {
    clear("asked");
    outline(layer("asked"), mask, field);
  };

  async function list() {
    for (const [number, choice] of choices.entries()) {
      const { label, input, canvas, text } = copy("guess", { label: "label", input: "input", canvas: "canvas", text: "span" });
      input.value = JSON.stringify(choice.colour);
      text.textContent = number ? filled(section.dataset.guess, { colour: nameOf([MIDDLE, ...choice.colour], words), share: percent.format(choice.area) }) : section.dataset.first;
      input.addEventListener("change", async () => {
        say(section.dataset.opening);
        await picture.prepare(choice.colour);
        set(choice.colour);
        say("");
      });
      part("row").append(label);
      input.checked = input.value === seen;
      await picture.small(canvas, choice.means, LONG_SIDE);
      if (choice.differs) outline(canvas, choice.differs, field);
      canvas.dataset.drawn = "";
    }
  }

  function ask() {
    for (const { x, y, colours, part: mask } of questions(field)) {
      const { item, button, text } = copy("question", { item: "li", button: "button", text: "span" });
      button.textContent = filled(section.dataset.question, { place: placeOf([x, y], words) });
      const names = [...new Set(colours.map((colour) => nameOf([MIDDLE, ...colour], words)))];
      text.textContent = filled(section.dataset.perhaps, { colours: either.format(names) });
      for (const begin of ["focus", "pointerenter", "click"]) button.addEventListener(begin, () => mark(mask));
      for (const end of ["blur", "pointerleave"]) button.addEventListener(end, () => clear("asked"));
      part("list").append(item);
    }
    part("questions").hidden = !part("list").children.length;
  }

  section.hidden = !field.palette.length;
  part("guesses").hidden = choices.length < 2;
  part("confidence").hidden = !field.confidence;
  part("sure").checked = false;
  part("sure").onchange = showSure;
  part("legend").hidden = true;
  if (!section.hidden) ask();
  if (choices.length > 1) list();

  return {
    // `guess`: what is seen now.
    render(guess) {
      seen = JSON.stringify(guess ? (picture.guessFor(guess)?.colour ?? guess) : null);
      for (const input of part("row").querySelectorAll("input")) input.checked = input.value === seen;
    },
    close() {
      for (const name of [...layers.keys()]) clear(name);
      part("row").replaceChildren();
      part("list").replaceChildren();
      section.hidden = true;
    },
  };
}

// What the template called `name` holds, by the selectors of its parts.
function copy(name, selectors) {
  const fragment = section.querySelector(`.${name}-template`).content.cloneNode(true);
  return Object.fromEntries(Object.entries(selectors).map(([key, selector]) => [key, fragment.querySelector(selector)]));
}
