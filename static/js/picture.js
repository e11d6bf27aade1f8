// A photo in colours that can be changed at once: its lightness, its stored field and pins, joined in a canvas.

import { openAttention } from "./attention.js";
import { gainAt, readField, shareOfKnots } from "./field.js";
import { guesses, guessNear } from "./guesses.js";
import { chromaTable, labOf, lightnessOf, paint, within } from "./lab.js";
import { covered } from "./marks.js";
import { gridOf, prepare, spread } from "./spread.js";
import { cellMeans, lay, readyWeights, upsample, upsampleNow } from "./upsampling.js";

const LONG_SIDE = 1024; // up to here colour follows edges, in the worker too
const GROWN = 2; // pixels by which marks grow where the worker interpolates to a larger size yet

// `grey` and `field` are addresses, `width` that of the photo itself. Takes about a second; `draw` is quick from then on.
export async function openPicture({ grey, field: address, width }) {
  const [bitmap, bytes] = await Promise.all([fetched(grey).then((answer) => answer.blob()).then(createImageBitmap), fetched(address).then((answer) => answer.arrayBuffer())]);
  const field = readField(bytes);
  const shrink = Math.min(1, LONG_SIDE / Math.max(bitmap.width, bitmap.height));
  const size = { width: Math.max(1, Math.round(bitmap.width * shrink)), height: Math.max(1, Math.round(bitmap.height * shrink)) };
  const canvas = document.createElement("canvas");
  Object.assign(canvas, size);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, size.width, size.height);
  const picture = context.getImageData(0, 0, size.width, size.height);
  const lightness = lightnessOf(picture);
  chromaTable();
  const pixels = lightness.length;
  const [a, b] = [new Float32Array(pixels), new Float32Array(pixels)];
  const laid = lay(field, lightness, size);
  const ground = await openGround(field, lightness, size);
  const isEnlarged = Number(width) > size.width;

  const ways = new Map(); // by the guess they show, what is drawn from
  let found = null;

  const guessFor = (guess) => guessNear((found ??= guesses(field)), guess);

  // Has to be done once before a guess is drawn; null is the first one.
  async function prepare(guess) {
    if (ways.has(String(guess))) return;
    const means = guess ? (guessFor(guess)?.means ?? field.means) : field.means;
    const planes = await upsample(means, laid);
    ways.set(String(guess), { planes, changing: await openChanging({ ...field, means }, ground) });
  }
  await prepare(null);

  function draw({ vividness, warmth, pins = [], guess = null }) {
    const began = performance.now();
    const { planes, changing } = ways.get(String(guess));
    const shares = sharesAt(field, vividness);
    a.fill(0);
    b.fill(warmth);
    add(planes, shares, a, b);
    const seen = pins.filter((pin) => pin.on && vividness > 0); // without any vividness all is grey, pins too
    if (seen.length) {
      const [moreA, moreB] = changing(seen, shares, warmth);
      for (let at = 0; at < pixels; at += 1) {
        a[at] += moreA[at];
        b[at] += moreB[at];
      }
      for (const grown of isEnlarged ? [GROWN, 0] : [0]) for (const pin of seen) hold(pin, grown);
    }
    paint(picture.data, lightness, a, b);
    context.putImageData(picture, 0, 0);
    canvas.dataset.turn = `${vividness} ${warmth}`;
    canvas.dataset.pins = seen.length;
    canvas.dataset.guess = JSON.stringify(guess);
    canvas.dataset.took = Math.round(performance.now() - began);
  }

  function hold(pin, grown) {
    const [, toA, toB] = labOf(pin.colour);
    for (const at of covered(pin, size, grown)) [a[at], b[at]] = [toA, toB];
  }

  // [L*, a*, b*] as it is seen at a place.
  function at(x, y) {
    const pixel = Math.min(size.height - 1, Math.floor(y * size.height)) * size.width + Math.min(size.width - 1, Math.floor(x * size.width));
    return [lightness[pixel], ...within(lightness[pixel], [a[pixel], b[pixel]])];
  }

  // The photo in a small canvas, in other means than the field's own.
  async function small(little, means, longSide) {
    const share = Math.min(1, longSide / Math.max(bitmap.width, bitmap.height));
    Object.assign(little, { width: Math.max(1, Math.round(bitmap.width * share)), height: Math.max(1, Math.round(bitmap.height * share)) });
    const drawing = little.getContext("2d", { willReadFrequently: true });
    drawing.imageSmoothingQuality = "high";
    drawing.drawImage(bitmap, 0, 0, little.width, little.height);
    const seen = drawing.getImageData(0, 0, little.width, little.height);
    const light = lightnessOf(seen);
    const ab = await upsample(means.subarray(0, 2 * field.height * field.width), lay(field, light, little));
    const colours = ab.map((value) => value * field.gains[1]);
    paint(seen.data, light, colours.subarray(0, light.length), colours.subarray(light.length));
    drawing.putImageData(seen, 0, 0);
  }
  return { canvas, field, draw, at, prepare, small, guessFor, guesses: () => (found ??= guesses(field)) };
}

// What is the same for all guesses and pins of a photo: the grid that pins spread on, how it lies over the pixels and the
// field's cells over it, and what pins tell by the field's keys.
async function openGround(field, lightness, size) {
  const grid = gridOf(size);
  const light = cellMeans(lightness, size, grid.height, grid.width);
  const laid = lay(grid, lightness, size);
  laid.weights = await readyWeights(laid);
  const over = lay(field, light, grid);
  const telling = field.keys && (await openTelling(field, light, grid, over));
  return { grid, light, laid, over, telling, levels: prepare(light, grid), out: [new Float32Array(lightness.length), new Float32Array(lightness.length)] };
}

// What pins add to a field, at the lightness's size: a function that keeps what is the same for all of them.
async function openChanging(field, { grid, light, laid, over, telling, levels, out }) {
  const means = await upsample(field.means, over);
  return (pins, shares, warmth) => {
    const [beforeA, beforeB] = planesOf(grid, warmth);
    add(means, shares, beforeA, beforeB);
    const [toldA, toldB] = telling ? telling(field.means, pins, shares, warmth) : planesOf(grid);
    const missing = new Map();
    for (const [cell, [a, b]] of asked(pins, light, grid)) missing.set(cell, [a - beforeA[cell] - toldA[cell], b - beforeB[cell] - toldB[cell]]);
    upsampleNow(spread(levels, missing, [toldA, toldB]), laid, ...out);
    return out;
  };
}

// What pins tell all cells by the field's keys, on the grid that they spread on.
async function openTelling(field, light, grid, laid) {
  laid.weights = await readyWeights(laid);
  const lightness = cellMeans(light, grid, field.height, field.width);
  const told = openAttention(field.keys, lightness, field);
  const out = planesOf(grid);
  return (means, pins, shares, warmth) => {
    const [aloneA, aloneB] = planesOf(field, warmth);
    add(means, shares, aloneA, aloneB);
    upsampleNow(told(pins, asked(pins, lightness, field), aloneA, aloneB), laid, ...out);
    return out;
  };
}

// What pins ask for: a Map from each cell under a mark to [a, b], as bright as the mark is in the mean.
function asked(pins, light, grid) {
  const colours = new Map();
  for (const pin of pins) {
    const under = [...covered(pin, grid)];
    const mean = under.reduce((sum, cell) => sum + light[cell], 0) / under.length;
    const colour = within(mean, labOf(pin.colour).slice(1));
    for (const cell of under) colours.set(cell, colour);
  }
  return colours;
}

const planesOf = ({ height, width }, warmth = 0) => [new Float32Array(height * width), new Float32Array(height * width).fill(warmth)];

// What each knot counts at a vividness, with the gain.
function sharesAt(field, vividness) {
  const gain = gainAt(field, vividness);
  return shareOfKnots(field, vividness).map((share) => share * gain);
}

function add(planes, shares, a, b) {
  const count = a.length;
  for (const [knot, share] of shares.entries()) {
    if (!share) continue;
    const from = 2 * knot * count;
    for (let at = 0; at < count; at += 1) {
      a[at] += share * planes[from + at];
      b[at] += share * planes[from + count + at];
    }
  }
}

export async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status} for ${address}`);
  return answer;
}
