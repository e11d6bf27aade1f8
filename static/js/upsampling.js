// A coarse field brought up to size along the edges of the lightness, as the worker does it (ml/upsampling.py).

const SIGMA_SPACE = 0.6; // in cells
const SIGMA_LIGHTNESS = 6;
const RADIUS = 2;
const FLOOR = 1e-5;
const ROWS_AT_ONCE = 32; // then the page has its turn
const STEPS = 512; // of the table, for each unit
const NOTHING = 0.25; // Lab units
const TAPS = 4; // a side, in a hurry
const WHOLE = 65000; // all weights of a pixel together
const MOST = 4; // from here on exp(-d^2) is nothing beside the floor

const LIKENESS = Float32Array.from({ length: STEPS * MOST + 2 }, (_, step) => Math.exp(-((step / STEPS) ** 2)) + FLOOR);

const likeness = (apart) => LIKENESS[apart < MOST ? (apart * STEPS + 0.5) | 0 : LIKENESS.length - 1];

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

// The same at once, for two planes that are next to nothing in most places, by weights that were made ready.
export function upsampleNow([a, b], { height, width, size, rows, columns, weights }, outA, outB) {
  const busy = busyCells(a, b, height, width);
  for (let y = 0, at = 0; y < size.height; y += 1) {
    const nearest = rows.index[5 * y + RADIUS] * width;
    const from = 5 * y + rows.skipped[y];
    const [row0, row1, row2, row3] = rows.index.subarray(from, from + TAPS).map((row) => row * width);
    for (let x = 0; x < size.width; x += 1, at += 1) {
      if (!busy[nearest + columns.index[5 * x + RADIUS]]) {
        outA[at] = 0;
        outB[at] = 0;
        continue;
      }
      let sumA = 0;
      let sumB = 0;
      let tap = TAPS * TAPS * at;
      const first = 5 * x + columns.skipped[x];
      for (let j = first; j < first + TAPS; j += 1, tap += TAPS) {
        const column = columns.index[j];
        sumA += weights[tap] * a[row0 + column] + weights[tap + 1] * a[row1 + column] + weights[tap + 2] * a[row2 + column] + weights[tap + 3] * a[row3 + column];
        sumB += weights[tap] * b[row0 + column] + weights[tap + 1] * b[row1 + column] + weights[tap + 2] * b[row2 + column] + weights[tap + 3] * b[row3 + column];
      }
      outA[at] = sumA / WHOLE;
      outB[at] = sumB / WHOLE;
    }
  }
}

// The weights of the nearest four by four cells for each pixel: of the five by five the farthest weigh next to nothing.
export async function readyWeights({ width, guide, size, means, rows, columns }) {
  const weights = new Uint16Array(TAPS * TAPS * size.height * size.width);
  const here = new Float64Array(TAPS * TAPS);
  for (let y = 0, at = 0; y < size.height; y += 1) {
    if (y % ROWS_AT_ONCE === 0) await pause();
    const fromRow = 5 * y + rows.skipped[y];
    for (let x = 0; x < size.width; x += 1, at += 1) {
      const fromColumn = 5 * x + columns.skipped[x];
      let total = 0;
      for (let j = 0, tap = 0; j < TAPS; j += 1) {
        for (let i = 0; i < TAPS; i += 1, tap += 1) {
          const apart = Math.abs(means[rows.index[fromRow + i] * width + columns.index[fromColumn + j]] - guide[at]);
          here[tap] = likeness(apart) * rows.weight[fromRow + i] * columns.weight[fromColumn + j];
          total += here[tap];
        }
      }
      for (let tap = 0; tap < TAPS * TAPS; tap += 1) weights[TAPS * TAPS * at + tap] = (here[tap] / total) * WHOLE + 0.5;
    }
  }
  return weights;
}

// Where a cell within reach is not next to nothing.
function busyCells(a, b, height, width) {
  const busy = new Uint8Array(height * width);
  for (let row = 0, at = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, at += 1) {
      if (Math.abs(a[at]) < NOTHING && Math.abs(b[at]) < NOTHING) continue;
      const [left, right] = [Math.max(column - RADIUS, 0), Math.min(column + RADIUS, width - 1)];
      for (let y = Math.max(row - RADIUS, 0); y <= Math.min(row + RADIUS, height - 1); y += 1) busy.fill(1, y * width + left, y * width + right + 1);
    }
  }
  return busy;
}

function room(planes, { height, width, size }) {
  return new Float32Array((planes.length / (height * width)) * size.height * size.width);
}

// Two planes at a time: a* and b*.
function mix(planes, { height, width, guide, size, means, rows, columns }, out, top, bottom) {
  const cells = height * width;
  const pixels = size.height * size.width;
  for (let first = 0; first < planes.length; first += 2 * cells) {
    const to = (first / cells) * pixels;
    for (let y = top; y < bottom; y += 1) {
      for (let x = 0; x < size.width; x += 1) {
        const at = y * size.width + x;
        const here = guide[at];
        let total = 0;
        let a = 0;
        let b = 0;
        for (let i = 5 * y; i < 5 * y + 5; i += 1) {
          const row = rows.index[i] * width;
          const byRow = rows.weight[i];
          for (let j = 5 * x; j < 5 * x + 5; j += 1) {
            const cell = row + columns.index[j];
            const apart = Math.abs(means[cell] - here);
            const weight = likeness(apart) * byRow * columns.weight[j];
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
