// What pins change in a photo's colours, as the worker does it (ml/guided.py): what they tell by the network's keys
// (attention.js), and what that leaves over at the marks, spread along the lightness by Levin's equations on a grid of half the
// network's size with a pull towards no correction; both ended far away and across an edge. The worker solves the equations
// exactly; here two grids do it in turn, the fine one relaxed, the coarse one solved, until next to nothing is lacking.

import { reachOf } from "./reach.js";

const SHORT_SIDE = 128; // of the grid: half of the network's
const LONG_SIDE = 384;
const PULL = 1e-4;
const [OF_VARIANCE, LEAST, SMALLEST_VARIANCE] = [0.6, 0.01, 2e-6];
const CYCLES = 10;
const SWEEPS = 2; // of each
const BOOST = 1.8; // blocks of one value each correct about half of what is lacking

// The grid that a photo of this size is solved on.
export function gridOf({ height, width }) {
  const scale = Math.min((2 * SHORT_SIDE) / Math.min(height, width), (2 * LONG_SIDE) / Math.max(height, width));
  const side = (length) => Math.max(8, 8 * Math.round((length * scale) / 8)) / 2;
  return { height: side(height), width: side(width) };
}

// `light`: L* on the grid. What is the same for all pins, made once.
export function prepare(light, grid) {
  const fine = { light, ...grid, weights: affinities({ light, ...grid }) };
  return { fine, coarse: { height: Math.max(1, grid.height >> 1), width: Math.max(1, grid.width >> 1) } };
}

// `marks`: Map from cell to [a, b], what a mark adds there; `told`: two planes of the grid, what comes to all cells besides.
// Gives both planes of the whole grid.
export function spread(levels, marks, [toldA, toldB]) {
  const { height, width } = levels.fine;
  const { isFixed, factors, share } = placed(levels, [...marks.keys()]);
  const [a, b] = solved(levels, factors, isFixed, marks);
  const change = [new Float32Array(height * width), new Float32Array(height * width)];
  for (let row = 0, at = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, at += 1) {
      const from = (row + 1) * (width + 2) + column + 1;
      change[0][at] = share[at] * (a[from] + toldA[at]);
      change[1][at] = share[at] * (b[from] + toldB[at]);
    }
  }
  return change;
}

// What hangs on the places of the marks alone, kept while only their colours change.
function placed(levels, cells) {
  const { fine, coarse } = levels;
  const key = cells.join();
  if (levels.placed?.key !== key) {
    const isFixed = new Uint8Array((fine.height + 2) * (fine.width + 2));
    for (const cell of cells) isFixed[(Math.floor(cell / fine.width) + 1) * (fine.width + 2) + (cell % fine.width) + 1] = 1;
    levels.placed = { key, isFixed, factors: factorised(fine, coarse, isFixed), share: reachOf(fine.light, fine, cells) };
  }
  return levels.placed;
}

const blockOf = (row, column, coarse) => Math.min(row >> 1, coarse.height - 1) * coarse.width + Math.min(column >> 1, coarse.width - 1);

// Relaxed on the fine grid, what is left over solved on the coarse one, and so on. Planes with a border of a cell.
function solved({ fine, coarse }, factors, isFixed, marks) {
  const { height, width, weights } = fine;
  const stride = width + 2;
  const planes = [new Float32Array((height + 2) * stride), new Float32Array((height + 2) * stride)];
  for (const [cell, colour] of marks) {
    const at = (Math.floor(cell / width) + 1) * stride + (cell % width) + 1;
    planes.forEach((plane, axis) => (plane[at] = colour[axis]));
  }
  for (let cycle = 0; cycle < CYCLES; cycle += 1) {
    for (let sweep = 0; sweep < SWEEPS; sweep += 1) relax(...planes, isFixed, weights, height, width, sweep % 2);
    correct(...planes, isFixed, fine, coarse, factors);
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) relax(...planes, isFixed, weights, height, width, sweep % 2);
  return planes;
}

// What the equations lack on the fine grid, solved on the coarse one and added.
function correct(a, b, isFixed, { height, width, weights }, coarse, factors) {
  const stride = width + 2;
  const [moreA, moreB] = [new Float64Array(coarse.height * coarse.width), new Float64Array(coarse.height * coarse.width)];
  const steps = AROUND.map(([down, right]) => down * stride + right);
  const lack = (plane, at) => {
    let sum = -plane[at];
    for (let i = 0; i < 8; i += 1) sum += weights[8 * at + i] * plane[at + steps[i]];
    return sum;
  };
  for (let row = 0; row < height; row += 1) {
    for (let column = 0, at = (row + 1) * stride + 1; column < width; column += 1, at += 1) {
      if (isFixed[at]) continue;
      const block = blockOf(row, column, coarse);
      moreA[block] += lack(a, at);
      moreB[block] += lack(b, at);
    }
  }
  substituted(factors, moreA, moreB);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0, at = (row + 1) * stride + 1; column < width; column += 1, at += 1) {
      if (isFixed[at]) continue;
      const block = blockOf(row, column, coarse);
      a[at] += BOOST * moreA[block];
      b[at] += BOOST * moreB[block];
    }
  }
}

// The fine grid's equations summed over blocks of 2 x 2 cells (an aggregation, Galerkin's way), by Gauss's elimination
// within the band of a short side's width.
function factorised({ height, width, weights }, coarse, isFixed) {
  const isWide = coarse.width > coarse.height;
  const across = isWide ? coarse.height : coarse.width;
  const reach = across + 1;
  const wide = 2 * reach + 1;
  const count = coarse.height * coarse.width;
  const band = new Float32Array(count * wide);
  const order = Int32Array.from({ length: count }, (_, cell) => (isWide ? (cell % coarse.width) * across + Math.floor(cell / coarse.width) : cell));
  const stride = width + 2;
  for (let row = 0; row < height; row += 1) {
    for (let column = 0, at = (row + 1) * stride + 1; column < width; column += 1, at += 1) {
      if (isFixed[at]) continue;
      const number = order[blockOf(row, column, coarse)];
      const from = number * wide + reach;
      band[from] += 1;
      for (let i = 0; i < 8; i += 1) {
        const weight = weights[8 * at + i];
        const [y, x] = [row + AROUND[i][0], column + AROUND[i][1]];
        if (weight && !isFixed[at + AROUND[i][0] * stride + AROUND[i][1]]) band[from + order[blockOf(y, x, coarse)] - number] -= weight;
      }
    }
  }
  for (let number = 0; number < count; number += 1) band[number * wide + reach] ||= 1; // all of it is under a mark
  for (let pivot = 0; pivot < count; pivot += 1) {
    const last = Math.min(pivot + reach, count - 1);
    const from = pivot * wide + reach - pivot;
    for (let row = pivot + 1; row <= last; row += 1) {
      const to = row * wide + reach - row;
      if (!band[to + pivot]) continue;
      const factor = band[to + pivot] / band[from + pivot];
      band[to + pivot] = factor;
      for (let at = to + pivot + 1, of = from + pivot + 1; at <= to + last; at += 1, of += 1) band[at] -= factor * band[of];
    }
  }
  return { band, order, reach, wide };
}

// Both planes at once, in place.
function substituted({ band, order, reach, wide }, lackA, lackB) {
  const count = order.length;
  const [a, b] = [new Float64Array(count), new Float64Array(count)];
  for (let cell = 0; cell < count; cell += 1) {
    a[order[cell]] = lackA[cell];
    b[order[cell]] = lackB[cell];
  }
  for (let step = 0; step < 2 * count; step += 1) {
    const isDown = step < count;
    const row = isDown ? step : 2 * count - 1 - step;
    const from = row * wide + reach - row;
    const first = isDown ? Math.max(0, row - reach) : row + 1;
    const end = isDown ? row : Math.min(row + reach, count - 1) + 1;
    let sumA = a[row];
    let sumB = b[row];
    for (let column = first; column < end; column += 1) {
      const factor = band[from + column];
      sumA -= factor * a[column];
      sumB -= factor * b[column];
    }
    const pivot = isDown ? 1 : band[from + row];
    a[row] = sumA / pivot;
    b[row] = sumB / pivot;
  }
  for (let cell = 0; cell < count; cell += 1) {
    lackA[cell] = a[order[cell]];
    lackB[cell] = b[order[cell]];
  }
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
function affinities({ light, height, width }) {
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
      const total = likeness.reduce((one, other) => one + other) * (1 + PULL);
      weights.set(likeness.map((value) => value / total), 8 * ((row + 1) * (width + 2) + column + 1));
    }
  }
  return weights;
}
