// The colours to choose from for one place: what is likely there, what the family used, and all that its lightness can hold.

import { nameOf } from "./colour-names.js";
import { cssOf, hueOf, labOf, mostChroma } from "./lab.js";

const ALIKE = 6; // Lab units: the same swatch twice
const MOST = 8;

// `tell(colour, isLive)` hears of [a, b], live while a hand still moves, until `signal` ends it.
export function openPalette(root, words, tell, signal) {
  const [hue, strength] = [root.querySelector("#palette-hue"), root.querySelector("#palette-strength")];
  const plane = root.querySelector("canvas");
  let lightness = -1;
  let highest = 1; // chroma at the upper edge of the plane

  const limit = () => mostChroma(lightness, Number(hue.value) % 360);
  const chosen = () => {
    const [angle, chroma] = [(hue.value * Math.PI) / 180, (limit() * strength.value) / 100];
    return [chroma * Math.cos(angle), chroma * Math.sin(angle)];
  };
  for (const range of [hue, strength]) {
    range.addEventListener("input", () => tell(chosen(), true), { signal });
    range.addEventListener("change", () => tell(chosen(), false), { signal });
  }
  const pick = (event, isLive) => {
    const box = plane.getBoundingClientRect();
    const share = (value, size) => Math.min(Math.max(value / size, 0), 1);
    hue.value = 360 * share(event.clientX - box.left, box.width);
    const chroma = highest * (1 - share(event.clientY - box.top, box.height));
    strength.value = Math.min(100, (100 * chroma) / Math.max(limit(), 1e-6));
    tell(chosen(), isLive);
  };
  const down = (event) => {
    plane.setPointerCapture(event.pointerId);
    pick(event, true);
  };
  plane.addEventListener("pointerdown", down, { signal });
  plane.addEventListener("pointermove", (event) => plane.hasPointerCapture(event.pointerId) && pick(event, true), { signal });
  plane.addEventListener("pointerup", (event) => pick(event, false), { signal });
  const click = (event) => {
    const swatch = event.target.closest(".swatch-button");
    if (swatch) tell(JSON.parse(swatch.dataset.colour), false);
    if (event.target.closest("[data-palette=grey]")) tell([0, 0], false);
  };
  root.addEventListener("click", click, { signal });

  // `groups`: for each row of swatches a list of {colour: [a, b], name}; `now`: [L*, a*, b*] as it is.
  function show(now, groups) {
    const isOther = now[0] !== lightness;
    lightness = now[0];
    const chroma = Math.hypot(now[1], now[2]);
    if (chroma > 1) hue.value = hueOf(now[1], now[2]);
    strength.value = Math.min(100, (100 * chroma) / Math.max(limit(), 1e-6));
    hue.setAttribute("aria-valuetext", nameOf([lightness, ...direction(60)], words));
    if (isOther) paintPlane();
    for (const [from, colours] of Object.entries(groups)) fill(root.querySelector(`[data-from=${from}]`), colours, now);
  }
  const direction = (chroma) => [chroma * Math.cos((hue.value * Math.PI) / 180), chroma * Math.sin((hue.value * Math.PI) / 180)];

  function fill(row, colours, now) {
    const apart = (one, other) => Math.hypot(one[0] - other[0], one[1] - other[1]);
    const each = colours.filter(({ colour, name }, at) => name || colours.findIndex((other) => apart(other.colour, colour) < ALIKE) === at).slice(0, MOST);
    row.closest(".palette-row").hidden = !each.length;
    const focused = [...row.children].indexOf(document.activeElement);
    row.replaceChildren(
      ...each.map(({ colour, name }) => {
        const button = document.createElement("button");
        Object.assign(button, { type: "button", className: "swatch-button" });
        button.style.backgroundColor = cssOf(lightness, colour);
        button.dataset.colour = JSON.stringify(colour);
        button.title = name || nameOf([lightness, ...colour], words);
        button.setAttribute("aria-label", button.title);
        button.setAttribute("aria-pressed", apart(colour, now.slice(1)) < 1);
        return button;
      }),
    );
    row.children[focused]?.focus();
  }

  // Hue to the right, chroma upwards; what sRGB cannot show at this lightness is left out.
  function paintPlane() {
    const context = plane.getContext("2d");
    highest = Math.max(1, ...Array.from({ length: 120 }, (_, at) => mostChroma(lightness, 3 * at)));
    context.clearRect(0, 0, plane.width, plane.height);
    for (let x = 0; x < plane.width; x += 1) {
      const degrees = (360 * x) / plane.width;
      const top = Math.min(1, mostChroma(lightness, degrees) / highest);
      const wash = context.createLinearGradient(0, plane.height * (1 - top), 0, plane.height);
      for (const share of [0, 0.5, 1]) {
        const chroma = highest * top * (1 - share);
        const angle = (degrees * Math.PI) / 180;
        wash.addColorStop(share, cssOf(lightness, [chroma * Math.cos(angle), chroma * Math.sin(angle)]));
      }
      context.fillStyle = wash;
      context.fillRect(x, plane.height * (1 - top), 1, plane.height);
    }
  }
  return { show };
}

// What the page says of colours, [{colour: "#rrggbb" or [L*, a*, b*], name}], as swatches.
export const swatches = (said) => JSON.parse(said ?? "[]").map(({ colour, name }) => ({ colour: labOf(colour).slice(1), name }));
