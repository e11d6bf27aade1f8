// A coarse field brought up to size along the edges of the lightness, as the worker does it (ml/upsampling.py).

const SIGMA_SPACE = 0.6; // in cells
const SIGMA_LIGHTNESS = 6;
const RADIUS = 2;
const FLOOR = 1e-5;
const ROWS_AT_ONCE = 32; // then the page has its turn
const STEPS = 512; // of the table, for each unit
const NOTHING = 0.25; // Lab units
const MOST = 4; // from here on exp(-d^2) is nothing beside the floor

const LIKENESS = Float32Array.from({ length: STEPS * MOST + 2 }, (_, step) => Math.exp(-((step / STEPS) ** 2)) + FLOOR);

const pause = () => new Promise((resolve) => setTimeout(resolve, 0));

// How a grid of height x width cells lies over a lightness: made once, for as many planes as one likes.
export function lay({ height, width }, lightness, size) {
  const guide = lightness.map((value) => value / (Math.SQRT2 * SIGMA_LIGHTNESS));
  const means = cellMeans(guide, size, height, width);
  return { height, width, guide, size, means, rows: neighbours(size.height, height), columns: neighbours(size.width, width) };
}

// `planes`: one after the other, each height x width of cells. Gives them at the lightness's size, one after the other.
// Each is a weighted mean with the same weights, so sums of planes may be taken before or after.
export async function upsample(planes, laid) {
  const out = room(planes, laid);
  for (let y = 0; y < laid.size.height; y += ROWS_AT_ONCE) {
    await pause();
    mix(planes, laid, out, y, Math.min(y + ROWS_AT_ONCE, laid.size.height));
  }
  return out;
}

// The same at once, for two planes that are next to nothing in most places.
export function upsampleNow(planes, laid, out = room(planes, laid)) {
  mix(planes, laid, out, 0, laid.size.height, busyCells(planes, laid));
  return out;
}

// Where a cell within reach is not next to nothing.
function busyCells(planes, { height, width }) {
  const busy = new Uint8Array(height * width);
  for (let row = 0, at = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, at += 1) {
      if (Math.abs(planes[at]) < NOTHING && Math.abs(planes[height * width + at]) < NOTHING) continue;
      const [left, right] = [Math.max(column - RADIUS, 0), Math.min(column + RADIUS, width - 1)];
      for (let y = Math.max(row - RADIUS, 0); y <= Math.min(row + RADIUS, height - 1); y += 1) busy.fill(1, y * width + left, y * width + right + 1);
    }
  }
  return busy;
}

function room(planes, { height, width, size }) {
  return new Float32Array((planes.length / (height * width)) * size.height * size.width);
}

// Two planes at a time: a* and b*. A loop that runs while a person waits: nothing is allocated in it.
function mix(planes, { height, width, guide, size, means, rows, columns }, out, top, bottom, busy = null) {
  const cells = height * width;
  const pixels = size.height * size.width;
  const last = LIKENESS.length - 1;
  const taps = busy ? 4 : 5; // in a hurry the farthest of the five, which weighs next to nothing, is left out
  for (let first = 0; first < planes.length; first += 2 * cells) {
    const to = (first / cells) * pixels;
    for (let y = top; y < bottom; y += 1) {
      for (let x = 0; x < size.width; x += 1) {
        const at = y * size.width + x;
        if (busy && !busy[rows.index[5 * y + RADIUS] * width + columns.index[5 * x + RADIUS]]) {
          out[to + at] = 0;
          out[to + pixels + at] = 0;
          continue;
        }
        const here = guide[at];
        let total = 0;
        let a = 0;
        let b = 0;
        const fromRow = 5 * y + (busy ? rows.skipped[y] : 0);
        const fromColumn = 5 * x + (busy ? columns.skipped[x] : 0);
        for (let i = fromRow; i < fromRow + taps; i += 1) {
          const row = rows.index[i] * width;
          const byRow = rows.weight[i];
          for (let j = fromColumn; j < fromColumn + taps; j += 1) {
            const cell = row + columns.index[j];
            const apart = Math.abs(means[cell] - here);
            const weight = LIKENESS[apart < MOST ? (apart * STEPS + 0.5) | 0 : last] * byRow * columns.weight[j];
            total += weight;
            a += weight * planes[first + cell];
            b += weight * planes[first + cells + cell];
          }
        }
        out[to + at] = a / total;
        out[to + pixels + at] = b / total;
      }
    }
  }
}

// The guide's mean over each cell; of a guide coarser than the grid, its value there.
export function cellMeans(guide, size, height, width) {
  const across = new Float32Array(height * size.width);
  for (let row = 0; row < height; row += 1) {
    const [from, to] = reach(row, size.height, height);
    for (let x = 0; x < size.width; x += 1) {
      let sum = 0;
      for (let y = from; y < to; y += 1) sum += guide[y * size.width + x];
      across[row * size.width + x] = sum / (to - from);
    }
  }
  const means = new Float32Array(height * width);
  for (let column = 0; column < width; column += 1) {
    const [from, to] = reach(column, size.width, width);
    for (let row = 0; row < height; row += 1) {
      let sum = 0;
      for (let x = from; x < to; x += 1) sum += across[row * size.width + x];
      means[row * width + column] = sum / (to - from);
    }
  }
  return means;
}

function reach(cell, size, cells) {
  const from = Math.floor((cell * size) / cells);
  const next = cell + 1 < cells ? Math.floor(((cell + 1) * size) / cells) : size;
  return [from, Math.max(next, from + 1)];
}

// Along one axis, for each pixel: the five nearby cells and their weights.
function neighbours(size, cells) {
  const index = new Int32Array(5 * size);
  const weight = new Float32Array(5 * size);
  const skipped = new Uint8Array(size); // 1 where the first is the farthest, 0 where the last is
  for (let pixel = 0; pixel < size; pixel += 1) {
    const centre = (pixel + 0.5) * (cells / size) - 0.5;
    skipped[pixel] = Math.round(centre) <= centre ? 1 : 0;
    for (let step = -RADIUS; step <= RADIUS; step += 1) {
      const cell = Math.round(centre) + step;
      index[5 * pixel + step + RADIUS] = Math.min(Math.max(cell, 0), cells - 1);
      weight[5 * pixel + step + RADIUS] = Math.exp(-0.5 * ((cell - centre) / SIGMA_SPACE) ** 2);
    }
  }
  return { index, weight, skipped };
}
