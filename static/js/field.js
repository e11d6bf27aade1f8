// The stored field of a coloring: docs/model/field.md says what its bytes mean.

const HEADER = 40;
const UNIT = 128; // steps of a stored mean in a Lab unit
const FLOAT = 4; // bytes

export function readField(buffer) {
  const view = new DataView(buffer);
  const text = String.fromCharCode(...new Uint8Array(buffer, 0, 4));
  if (text !== "AbFd" || view.getUint8(4) !== 1) throw new Error("no field that this page can read");
  const [knots, height, width, bins] = [view.getUint8(5), view.getUint16(8, true), view.getUint16(10, true), view.getUint16(12, true)];
  const numbers = [0, 1, 2].map((place) => view.getFloat32(16 + FLOAT * place, true));
  const [kept, isConfident, keys] = [view.getUint8(6), view.getUint8(7), view.getUint16(14, true)];
  const cells = height * width;
  const stored = new Int16Array(buffer, HEADER + 2 * bins, 2 * knots * cells);
  const from = HEADER + 2 * bins + 4 * knots * cells;
  return {
    knots,
    height,
    width,
    gains: numbers,
    means: Float32Array.from(stored, (value) => value / UNIT),
    kept, // bins of each cell
    palette: new Int8Array(buffer, HEADER, 2 * bins), // a* and b* of each bin, before the gain
    bins: new Uint8Array(buffer, from, kept * cells), // the likeliest first, plane by plane
    levels: new Uint8Array(buffer, from + kept * cells, kept * cells), // how likely, 255 = as the cell's likeliest
    confidence: isConfident ? Float32Array.from(new Uint8Array(buffer, from + 2 * kept * cells, cells), (value) => value / 255) : null,
    keys: keys ? readKeys(view, from + (2 * kept + isConfident) * cells, keys, cells) : null,
  };
}

function readKeys(view, from, count, cells) {
  const number = (place) => view.getFloat32(from + FLOAT * place, true);
  const levels = new Uint8Array(view.buffer, from + FLOAT * (2 + 2 * count), count * cells);
  const values = new Float32Array(count * cells);
  for (let plane = 0, at = 0; plane < count; plane += 1) {
    const [least, step] = [number(2 + 2 * plane), number(3 + 2 * plane)];
    for (const end = at + cells; at < end; at += 1) values[at] = least + step * levels[at];
  }
  return { count, slope: number(0), bias: number(1), values };
}

export function gainAt(field, vividness) {
  const [none, own, most] = field.gains;
  return vividness <= 1 ? none + (own - none) * vividness : own + (most - own) * (vividness - 1);
}

// What each knot counts at a vividness: up to 1 the first alone, from there on a parabola through all three.
export function shareOfKnots(field, vividness) {
  if (field.knots === 1 || vividness <= 1) return [1, 0, 0];
  const v = vividness;
  return [2 * (v - 1.5) * (v - 2), -4 * (v - 1) * (v - 2), 2 * (v - 1) * (v - 1.5)];
}
