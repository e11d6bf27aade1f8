// What a colour and a place are called, for those who do not see them. The words are the page's own.

import { hueOf } from "./lab.js";

const [BLACK, GREY, WHITE, RED, PINK, ORANGE, BROWN, BEIGE, YELLOW, GREEN, TURQUOISE, BLUE, PURPLE] = Array(13).keys();

function kindOf([lightness, a, b]) {
  const [chroma, hue] = [Math.hypot(a, b), hueOf(a, b)];
  // Warm colours are seen as such sooner: skin and wood have little chroma, and a greenish grey is grey.
  if (chroma < (hue >= 112 && hue < 311 ? 12 : 7)) return lightness < 20 ? BLACK : lightness > 88 ? WHITE : GREY;
  if (hue >= 42 && hue < 105 && chroma < 32 && lightness >= 55) return BEIGE;
  if (hue < 20 || hue >= 345) return lightness < 50 ? RED : PINK;
  if (hue < 42 && lightness < 45 && chroma < 40) return BROWN;
  if (hue < 42) return lightness >= 65 && chroma < 50 ? PINK : RED;
  if (hue < 75) return lightness < 55 ? BROWN : ORANGE;
  if (hue < 112) return lightness >= 55 ? YELLOW : hue < 95 ? BROWN : GREEN;
  if (hue < 170) return GREEN;
  if (hue < 225) return TURQUOISE;
  return hue < 311 ? BLUE : PURPLE;
}

// `words`: data attributes, `names` of thirteen colours and `places` of nine parts of a photo, with bars between.
export const nameOf = (lab, { names }) => names.split("|")[kindOf(lab)];

export function placeOf([x, y], { places }) {
  const third = (value) => Math.min(2, Math.floor(3 * value));
  return places.split("|")[3 * third(y) + third(x)];
}

export const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
