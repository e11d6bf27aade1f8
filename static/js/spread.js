// What pins change in a photo's colours, spread along the lightness as the worker does it (ml/guided.py): Levin's
// equations with a pull towards no correction, ended far away and across an edge. The worker solves them exactly on a grid of
// half the network's size; here they are solved on half of that, and then relaxed on the worker's.

const SHORT_SIDE = 128; // of the grid: half of the network's
const LONG_SIDE = 384;
const PULL = 1e-4;
const [NEAR, FAR] = [0.03, 0.25];
const [NO_EDGE, EDGE] = [4, 12];
const GRAIN = 2;
const BUCKETS = 256;
const [OF_VARIANCE, LEAST, SMALLEST_VARIANCE] = [0.6, 0.01, 2e-6];
const COARSE = 2; // cells of the fine grid across one of the coarse grid
const SWEEPS = 12;

// The grid that a photo of this size is solved on.
export function gridOf({ height, width }) {
  const scale = Math.min((2 * SHORT_SIDE) / Math.min(height, width), (2 * LONG_SIDE) / Math.max(height, width));
  const side = (length) => Math.max(8, 8 * Math.round((length * scale) / 8)) / 2;
  return { height: side(height), width: side(width) };
}

// `light`: L* on the grid. What is the same for all pins, made once.
export function prepare(light, grid) {
  const coarse = halved({ light, ...grid });
  // Colour fades as fast over the same way, though it takes half as many cells.
  return { fine: { light, ...grid, weights: affinities({ light, ...grid }, PULL) }, coarse: { ...coarse, weights: affinities(coarse, PULL * COARSE ** 2) } };
}

// `marks`: Map from cell to [a, b], what a mark adds there. Gives both planes of the whole grid.
export function spread({ fine, coarse }, marks) {
  const { height, width, light } = fine;
  const [a, b] = relaxed(fine, marks, coarse, solved(coarse, coarser(marks, width, coarse)));
  const share = reachOf(light, height, width, [...marks.keys()]);
  const change = new Float32Array(2 * height * width);
  for (let row = 0, at = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, at += 1) {
      const from = (row + 1) * (width + 2) + column + 1;
      change[at] = share[at] * a[from];
      change[height * width + at] = share[at] * b[from];
    }
  }
  return change;
}

// The equations of a small grid, exactly: Gauss's elimination within the band of a short side's width.
function solved({ height, width, weights }, marks) {
  const isWide = width > height;
  const [along, across] = isWide ? [width, height] : [height, width];
  const reach = across + 1;
  const wide = 2 * reach + 1;
  const count = along * across;
  const band = new Float64Array(count * wide);
  const [a, b] = [new Float64Array(count), new Float64Array(count)];
  const numberOf = (row, column) => (isWide ? column * across + row : row * across + column);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const number = numberOf(row, column);
      band[number * wide + reach] = 1;
      const mark = marks.get(row * width + column);
      if (mark) {
        [a[number], b[number]] = mark;
        continue;
      }
      for (let i = 0; i < 8; i += 1) {
        const weight = weights[8 * ((row + 1) * (width + 2) + column + 1) + i];
        if (weight) band[number * wide + reach + numberOf(row + AROUND[i][0], column + AROUND[i][1]) - number] = -weight;
      }
    }
  }
  for (let pivot = 0; pivot < count; pivot += 1) {
    const last = Math.min(pivot + reach, count - 1);
    const from = pivot * wide + reach - pivot;
    for (let row = pivot + 1; row <= last; row += 1) {
      const to = row * wide + reach - row;
      const factor = band[to + pivot] / band[from + pivot];
      if (!factor) continue;
      for (let column = pivot + 1; column <= last; column += 1) band[to + column] -= factor * band[from + column];
      a[row] -= factor * a[pivot];
      b[row] -= factor * b[pivot];
    }
  }
  for (let row = count - 1; row >= 0; row -= 1) {
    const last = Math.min(row + reach, count - 1);
    const from = row * wide + reach - row;
    for (let column = row + 1; column <= last; column += 1) {
      a[row] -= band[from + column] * a[column];
      b[row] -= band[from + column] * b[column];
    }
    a[row] /= band[from + row];
    b[row] /= band[from + row];
  }
  return (row, column) => {
    const number = numberOf(row, column);
    return [a[number], b[number]];
  };
}

// From the coarse answer to the fine grid, where edges are sharp. Planes with a border of a cell, which nothing weighs.
function relaxed({ height, width, weights }, marks, coarse, coarseAt) {
  const stride = width + 2;
  const [a, b] = [new Float32Array((height + 2) * stride), new Float32Array((height + 2) * stride)];
  const isFixed = new Uint8Array(a.length);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const at = (row + 1) * stride + column + 1;
      const mark = marks.get(row * width + column);
      isFixed[at] = mark ? 1 : 0;
      [a[at], b[at]] = mark ?? coarseAt(Math.min(row >> 1, coarse.height - 1), Math.min(column >> 1, coarse.width - 1));
    }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) relax(a, b, isFixed, weights, height, width, sweep % 2);
  return [a, b];
}

function relax(a, b, isFixed, weights, height, width, isBackward) {
  const stride = width + 2;
  const step = isBackward ? -1 : 1;
  for (let r = 0; r < height; r += 1) {
    const row = isBackward ? height - 1 - r : r;
    let at = (row + 1) * stride + (isBackward ? width : 1);
    for (let c = 0; c < width; c += 1, at += step) {
      if (isFixed[at]) continue;
      const w = 8 * at;
      const up = at - stride;
      const down = at + stride;
      const w0 = weights[w];
      const w1 = weights[w + 1];
      const w2 = weights[w + 2];
      const w3 = weights[w + 3];
      const w4 = weights[w + 4];
      const w5 = weights[w + 5];
      const w6 = weights[w + 6];
      const w7 = weights[w + 7];
      a[at] = w0 * a[up - 1] + w1 * a[up] + w2 * a[up + 1] + w3 * a[at - 1] + w4 * a[at + 1] + w5 * a[down - 1] + w6 * a[down] + w7 * a[down + 1];
      b[at] = w0 * b[up - 1] + w1 * b[up] + w2 * b[up + 1] + w3 * b[at - 1] + w4 * b[at + 1] + w5 * b[down - 1] + w6 * b[down] + w7 * b[down + 1];
    }
  }
}

const AROUND = [[-1, -1], [-1, 0], [-1, 1], [0, -1], [0, 1], [1, -1], [1, 0], [1, 1]]; // prettier-ignore

// How much each cell follows each of its eight neighbours (ml/classic/levin.py), for cells with a border.
function affinities({ light, height, width }, pull) {
  const weights = new Float32Array(8 * (height + 2) * (width + 2));
  const square = new Float64Array(8);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const here = light[row * width + column] / 100;
      let [sum, squares, count, nearest] = [here, here * here, 1, Infinity];
      for (let i = 0; i < 8; i += 1) {
        const [y, x] = [row + AROUND[i][0], column + AROUND[i][1]];
        square[i] = Infinity;
        if (y < 0 || x < 0 || y >= height || x >= width) continue;
        const there = light[y * width + x] / 100;
        [sum, squares, count] = [sum + there, squares + there * there, count + 1];
        square[i] = (there - here) ** 2;
        nearest = Math.min(nearest, square[i]);
      }
      const variance = Math.max(OF_VARIANCE * (squares / count - (sum / count) ** 2), nearest / -Math.log(LEAST), SMALLEST_VARIANCE);
      const likeness = square.map((value) => Math.exp(-value / variance));
      const total = likeness.reduce((one, other) => one + other) * (1 + pull);
      weights.set(likeness.map((value) => value / total), 8 * ((row + 1) * (width + 2) + column + 1));
    }
  }
  return weights;
}

function halved({ light, height, width }) {
  const coarse = { height: Math.max(1, height >> 1), width: Math.max(1, width >> 1) };
  coarse.light = Float32Array.from({ length: coarse.height * coarse.width }, (_, cell) => {
    const at = 2 * Math.floor(cell / coarse.width) * width + 2 * (cell % coarse.width);
    return (light[at] + light[at + 1] + light[at + width] + light[at + width + 1]) / 4;
  });
  return coarse;
}

function coarser(marks, width, coarse) {
  const sums = new Map();
  for (const [cell, [a, b]] of marks) {
    const [row, column] = [Math.min(Math.floor(cell / width) >> 1, coarse.height - 1), Math.min((cell % width) >> 1, coarse.width - 1)];
    const at = row * coarse.width + column;
    const [sumA, sumB, count] = sums.get(at) ?? [0, 0, 0];
    sums.set(at, [sumA + a, sumB + b, count + 1]);
  }
  return new Map([...sums].map(([cell, [a, b, count]]) => [cell, [a / count, b / count]]));
}

// How much pins may change each cell: 1 near or on the same surface, 0 far and over an edge.
function reachOf(light, height, width, marked) {
  const far = distances(height, width, marked);
  const ways = waysTo(light, height, width, marked);
  const short = Math.min(height, width);
  return far.map((distance, at) => 1 - rise(distance / short, NEAR, FAR) * rise(ways[at], NO_EDGE, EDGE));
}

function rise(value, low, high) {
  const part = Math.min(Math.max((value - low) / (high - low), 0), 1);
  return part * part * (3 - 2 * part);
}

// To the nearest mark, in cells, as far as it matters: within columns first, then along rows.
function distances(height, width, marked) {
  const down = new Float32Array(height * width).fill(height + width);
  for (const cell of marked) down[cell] = 0;
  for (let at = width; at < down.length; at += 1) down[at] = Math.min(down[at], down[at - width] + 1);
  for (let at = down.length - width - 1; at >= 0; at -= 1) down[at] = Math.min(down[at], down[at + width] + 1);
  const found = new Float32Array(down.length);
  const most = Math.ceil(FAR * Math.min(height, width));
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      let least = most * most;
      const end = Math.min(width - 1, column + most);
      for (let from = Math.max(0, column - most); from <= end; from += 1) {
        const [x, y] = [from - column, down[row * width + from]];
        const distance = x * x + y * y;
        if (distance < least) least = distance;
      }
      found[row * width + column] = Math.sqrt(least);
    }
  }
  return found;
}

// The least sum of steps of lightness on any way from a mark (Dijkstra's way, from bucket to bucket); EDGE where it is more.
function waysTo(light, height, width, marked) {
  const ways = new Float64Array(height * width).fill(EDGE);
  const buckets = Array.from({ length: BUCKETS }, () => []);
  for (const cell of marked) ways[cell] = 0;
  buckets[0].push(...marked);
  for (const [place, bucket] of buckets.entries()) {
    for (let n = 0; n < bucket.length; n += 1) { // a bucket may grow meanwhile
      const from = bucket[n];
      if ((((ways[from] * BUCKETS) / EDGE) | 0) < place) continue; // reached by a shorter way since
      const row = (from / width) | 0;
      const column = from - row * width;
      for (let y = Math.max(row - 1, 0); y <= row + 1 && y < height; y += 1) {
        for (let x = Math.max(column - 1, 0); x <= column + 1 && x < width; x += 1) {
          const to = y * width + x;
          const way = ways[from] + Math.max(Math.abs(light[to] - light[from]) - GRAIN, 1e-3);
          if (way >= ways[to]) continue;
          ways[to] = way;
          buckets[((way * BUCKETS) / EDGE) | 0].push(to);
        }
      }
    }
  }
  return ways;
}
