// A photo in colours that can be changed at once: its lightness and its stored field, joined in a canvas.

import { gainAt, readField, shareOfKnots } from "./field.js";
import { chromaTable, lightnessOf, paint } from "./lab.js";
import { upsample } from "./upsampling.js";

const LONG_SIDE = 1024; // up to here colour follows edges, in the worker too

// `grey` and `field` are addresses. Takes about a second; `draw` is quick from then on.
export async function openPicture({ grey, field: address }) {
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
  const planes = await upsample(field.means, field, lightness, size);
  const pixels = lightness.length;
  const [a, b] = [new Float32Array(pixels), new Float32Array(pixels)];

  function draw({ vividness, warmth }) {
    const began = performance.now();
    const gain = gainAt(field, vividness);
    const shares = shareOfKnots(field, vividness).map((share) => share * gain);
    a.fill(0);
    b.fill(warmth);
    for (const [knot, share] of shares.entries()) {
      if (!share) continue;
      const from = 2 * knot * pixels;
      for (let at = 0; at < pixels; at += 1) {
        a[at] += share * planes[from + at];
        b[at] += share * planes[from + pixels + at];
      }
    }
    paint(picture.data, lightness, a, b);
    context.putImageData(picture, 0, 0);
    canvas.dataset.turn = `${vividness} ${warmth}`;
    canvas.dataset.took = Math.round(performance.now() - began);
  }
  return { canvas, draw };
}

async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status} for ${address}`);
  return answer;
}
