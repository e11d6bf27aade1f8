// What pins tell the rest of a photo by what its network learned of what belongs together, as the worker reckons it
// (ml/attention.py): attention from every cell of the stored field to those under pins, by their keys.

import { covered } from "./marks.js";
import { reachOf } from "./reach.js";

const MOST_OF_A_PIN = 16; // cells: those of a larger mark or a longer stroke say nothing that some of them do not
const OUT_OF_REACH = 1e-8;

// For one photo, `light` the L* of its cells: a function from pins, a Map of the colours that they ask for by cell, and the
// colours of all cells without pins to what they change. What hangs on the places alone is kept while only colours change.
export function openAttention(keys, light, grid) {
  let apart = new Map(); // by a cell's number, the squared distance of every cell's key from its own
  let over = new Map(); // by the cells of a pin, what is added where it has to reach over an edge
  let last = {};

  function placed(pins) {
    const speaking = pins.map((pin) => speakers(pin, grid));
    const key = speaking.join(";");
    if (last.key === key) return last;
    const marks = speaking.flatMap((cells) => cells.map((cell) => ({ cell, pin: cells.join() })));
    apart = new Map(marks.map(({ cell }) => [cell, apart.get(cell) ?? squares(keys, cell)]));
    over = new Map(speaking.map((cells) => [cells.join(), over.get(cells.join()) ?? reachOf(light, grid, cells).map((reach) => -Math.log(reach + OUT_OF_REACH))]));
    last = { key, marks, ...weighed(keys, marks.map(({ cell, pin }) => [apart.get(cell), over.get(pin)])) };
    return last;
  }

  return (pins, colours, aloneA, aloneB) => {
    const { marks, weights, share } = placed(pins);
    const [a, b] = [aloneA, aloneB].map((alone) => alone.map((value, cell) => -share[cell] * value));
    marks.forEach((mark, number) => {
      const weight = weights[number];
      const [markA, markB] = colours.get(mark.cell);
      for (let cell = 0; cell < a.length; cell += 1) {
        a[cell] += weight[cell] * markA;
        b[cell] += weight[cell] * markB;
      }
    });
    return [a, b];
  };
}

function speakers(pin, grid) {
  const cells = [...covered(pin, grid)].sort((one, other) => one - other);
  const step = Math.ceil(cells.length / MOST_OF_A_PIN);
  return cells.filter((_, place) => place % step === 0);
}

function squares({ values, count }, own) {
  const cells = values.length / count;
  const found = new Float32Array(cells);
  for (let from = 0; from < values.length; from += cells) {
    const here = values[from + own];
    for (let cell = 0; cell < cells; cell += 1) {
      const apart = values[from + cell] - here;
      found[cell] += apart * apart;
    }
  }
  return found;
}

// How much each mark counts in each cell, summing to the `share` that all of them have there beside the cell's own colour.
function weighed({ slope, bias }, marks) {
  const cells = marks[0][0].length;
  const [nearest, least] = [new Float32Array(cells).fill(Infinity), new Float32Array(cells).fill(Infinity)];
  for (const [apart, over] of marks) {
    for (let cell = 0; cell < cells; cell += 1) {
      nearest[cell] = Math.min(nearest[cell], apart[cell]);
      least[cell] = Math.min(least[cell], apart[cell] + over[cell]);
    }
  }
  const total = new Float32Array(cells);
  const weights = marks.map(([apart, over]) => {
    const weight = new Float32Array(cells);
    for (let cell = 0; cell < cells; cell += 1) {
      weight[cell] = Math.exp(least[cell] - apart[cell] - over[cell]);
      total[cell] += weight[cell];
    }
    return weight;
  });
  const share = nearest.map((square) => 1 / (1 + Math.exp(slope * square - bias)));
  for (const weight of weights) for (let cell = 0; cell < cells; cell += 1) weight[cell] *= share[cell] / total[cell];
  return { weights, share };
}
