// What else a photo might look like, and where its model is guessing, from its stored field: as ml/likely.py reckons it.

import { suggestions } from "./likely.js";

const [APART, AROUND, DIFFERENT] = [25, 15, 10]; // Lab units
const PLAUSIBLE = [0.3, 0.15]; // of what is likely around the colour shown
const [SMOOTH, PRIOR, SMALLEST_PART] = [1, 0.02, 0.01];
const [MOST_GUESSES, MOST_QUESTIONS] = [4, 5];
const DOUBTFUL = 0.5;

// At most four other colourings: each its `colour` ([a, b] at vividness 1, by which it is known), the `means` to take
// instead of the field's own, where it `differs` (a mask of cells), and of how much of the photo that is (`area`).
export function guesses(field) {
  const bins = field.palette.length / 2;
  const cells = field.height * field.width;
  const centres = Array.from({ length: bins }, (_, bin) => [field.palette[2 * bin], field.palette[2 * bin + 1]]);
  const near = (bin, reach) => centres.flatMap(([a, b], other) => (Math.hypot(a - centres[bin][0], b - centres[bin][1]) < reach ? other : []));
  const likely = spreadOut(field, bins, cells);
  const away = (bin, cell) => Math.hypot(centres[bin][0] - field.means[cell], centres[bin][1] - field.means[cells + cell]);
  const own = new Float32Array(cells);
  const chances = centres.map((_, bin) => sumOf(near(bin, AROUND).map((other) => likely[other]), cells));
  for (const [bin, chance] of likely.entries()) {
    if (chance) for (let cell = 0; cell < cells; cell += 1) if (away(bin, cell) < AROUND) own[cell] += chance[cell];
  }
  const found = [];
  const taken = new Set();
  for (const least of PLAUSIBLE) {
    const isPlausible = chances.map((chance, bin) =>
      chance ? Uint8Array.from(chance, (value, cell) => (value > PRIOR && value >= least * own[cell] && away(bin, cell) >= APART ? 1 : 0)) : null,
    );
    const votes = chances.map((chance, bin) => (chance ? chance.reduce((sum, value, cell) => sum + (isPlausible[bin][cell] ? value : 0), 0) : 0));
    const best = () => votes.reduce((most, value, bin) => (!taken.has(bin) && value > (votes[most] ?? 0) ? bin : most), -1);
    for (let bin = best(); found.length < MOST_GUESSES && bin >= 0; bin = best()) {
      const where = new Uint8Array(cells);
      for (const other of near(bin, AROUND)) isPlausible[other]?.forEach((is, cell) => (where[cell] |= is));
      const alike = near(bin, AROUND).map((other) => [centres[other], likely[other]]);
      const guess = guessOf(field, centres[bin], large(where, field), alike);
      if (guess) {
        found.push(guess);
        for (const other of near(bin, APART)) taken.add(other);
      } else for (const other of near(bin, AROUND)) votes[other] = 0;
    }
  }
  return found;
}

// The one of `found` that a colour stands for, as the worker takes it.
export function guessNear(found, [a, b]) {
  const away = (guess) => Math.hypot(guess.colour[0] - a, guess.colour[1] - b);
  return found.filter((guess) => away(guess) < APART).sort((one, other) => away(one) - away(other))[0] ?? null;
}

// How unsure the model is of each cell, 0 to 1, averaged with its surroundings.
export const doubtOf = (field) => smoothed(field.confidence, field, SMOOTH).map((sure) => 1 - sure);

// The parts where the model is guessing and a relative may know, the most doubtful area first: each its most doubtful
// place (`x`, `y`, 0 to 1), its cells (`part`, a mask) and the `colours` that it may have, each [a, b].
export function questions(field) {
  if (!field.confidence || !field.palette.length) return [];
  const { height, width } = field;
  const doubt = doubtOf(field);
  const sorted = Float32Array.from(doubt).sort();
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
  const { parts, sizes } = labelled(doubt.map((value) => Number(value > Math.max(median, DOUBTFUL))), field);
  const found = [];
  for (let part = 1; part < sizes.length; part += 1) {
    if (sizes[part] < SMALLEST_PART * doubt.length) continue;
    const cells = [...parts.keys()].filter((cell) => parts[cell] === part);
    const most = cells.reduce((one, cell) => (doubt[cell] > doubt[one] ? cell : one));
    const [x, y] = [((most % width) + 0.5) / width, (Math.floor(most / width) + 0.5) / height];
    const colours = suggestions(field, x, y);
    const weight = cells.reduce((sum, cell) => sum + doubt[cell], 0);
    if (colours.length > 1) found.push({ x, y, weight, colours, part: parts.map((value) => Number(value === part)) });
  }
  return found.sort((one, other) => other.weight - one.weight).slice(0, MOST_QUESTIONS);
}

// The kept probabilities by bin, each averaged with its surroundings so that things stay whole; null where there is none.
function spreadOut(field, bins, cells) {
  const likely = Array(bins).fill(null);
  for (let cell = 0; cell < cells; cell += 1) {
    let total = 0;
    for (let plane = 0; plane < field.kept; plane += 1) total += field.levels[plane * cells + cell];
    for (let plane = 0; plane < field.kept; plane += 1) {
      const bin = field.bins[plane * cells + cell];
      likely[bin] ??= new Float32Array(cells);
      likely[bin][cell] = field.levels[plane * cells + cell] / Math.max(total, 1);
    }
  }
  return likely.map((plane) => plane && smoothed(plane, field, SMOOTH));
}

function sumOf(planes, cells) {
  const there = planes.filter(Boolean);
  if (!there.length) return null;
  const sum = new Float32Array(cells);
  for (const plane of there) for (let cell = 0; cell < cells; cell += 1) sum[cell] += plane[cell];
  return sum;
}

// The field with one colour in some places; null where that changes next to nothing.
function guessOf(field, [bestA, bestB], where, alike) {
  const cells = where.length;
  const weight = smoothed(Float32Array.from(where), field, SMOOTH / 2);
  const means = Float32Array.from(field.means);
  const differs = new Uint8Array(cells);
  let count = 0;
  for (let cell = 0; cell < cells; cell += 1) {
    let [chance, a, b] = [PRIOR, PRIOR * bestA, PRIOR * bestB];
    for (const [centre, likely] of alike) {
      if (!likely) continue;
      chance += likely[cell];
      a += centre[0] * likely[cell];
      b += centre[1] * likely[cell];
    }
    const [toA, toB] = [weight[cell] * (a / chance - field.means[cell]), weight[cell] * (b / chance - field.means[cells + cell])];
    for (let knot = 0; knot < field.knots; knot += 1) {
      means[2 * knot * cells + cell] += toA;
      means[(2 * knot + 1) * cells + cell] += toB;
    }
    differs[cell] = Math.hypot(toA, toB) * field.gains[1] > DIFFERENT ? 1 : 0;
    count += differs[cell];
  }
  return count < SMALLEST_PART * cells ? null : { colour: [field.gains[1] * bestA, field.gains[1] * bestB], means, differs, area: count / cells };
}

// Without the parts that are too small to speak of, holes within the others filled.
function large(where, field) {
  const closed = grown(grown(grown(grown(where, field, 1), field, 1), field, 0), field, 0);
  const { parts, sizes } = labelled(closed.map((is, cell) => is | where[cell]), field);
  return parts.map((part) => Number(part > 0 && sizes[part] >= SMALLEST_PART * parts.length));
}

// Each cell that has one such neighbour above, below or beside becomes so, too. Beyond the edge all is 0.
function grown(mask, { height, width }, what) {
  const at = (row, column) => (row < 0 || column < 0 || row >= height || column >= width ? 0 : mask[row * width + column]);
  return mask.map((is, cell) => {
    const [row, column] = [Math.floor(cell / width), cell % width];
    const around = [at(row - 1, column), at(row + 1, column), at(row, column - 1), at(row, column + 1)];
    return is === what || around.includes(what) ? what : 1 - what;
  });
}

// Parts that hang together, numbered from 1, and how many cells each has.
function labelled(mask, { height, width }) {
  const parts = new Int32Array(mask.length);
  const sizes = [0];
  for (let start = 0; start < mask.length; start += 1) {
    if (!mask[start] || parts[start]) continue;
    const number = sizes.push(0) - 1;
    const open = [start];
    parts[start] = number;
    while (open.length) {
      const cell = open.pop();
      sizes[number] += 1;
      const [row, column] = [Math.floor(cell / width), cell % width];
      const around = [row > 0 && cell - width, row + 1 < height && cell + width, column > 0 && cell - 1, column + 1 < width && cell + 1];
      for (const next of around) {
        if (next === false || !mask[next] || parts[next]) continue;
        parts[next] = number;
        open.push(next);
      }
    }
  }
  return { parts, sizes };
}

// A Gaussian over the cells, cut off at four sigma, mirrored at the edges: as SciPy's gaussian_filter.
function smoothed(plane, { height, width }, sigma) {
  const radius = Math.floor(4 * sigma + 0.5);
  const weights = Array.from({ length: 2 * radius + 1 }, (_, at) => Math.exp(-0.5 * ((at - radius) / sigma) ** 2));
  const total = weights.reduce((a, b) => a + b);
  const mirrored = (at, size) => {
    const turn = ((at % (2 * size)) + 2 * size) % (2 * size);
    return turn < size ? turn : 2 * size - 1 - turn;
  };
  const along = (from, count, size, step, line) => {
    const to = new Float32Array(from.length);
    const places = Array.from({ length: size }, (_, at) => weights.map((_weight, k) => mirrored(at + k - radius, size)));
    for (let number = 0; number < count; number += 1) {
      for (let at = 0; at < size; at += 1) {
        let sum = 0;
        for (let k = 0; k < weights.length; k += 1) sum += weights[k] * from[number * line + places[at][k] * step];
        to[number * line + at * step] = sum / total;
      }
    }
    return to;
  };
  return along(along(plane, width, height, width, 1), height, width, 1, width);
}
