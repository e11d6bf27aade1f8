// What colours a place of a photo may have, the one shown first, from its stored field (ml/likely.py).

const [APART, AROUND, LEAST_SHARE, MOST] = [25, 15, 0.05, 4];

// `x`, `y`: 0 to 1; `radius`: a share of the short side. Gives at most four [a, b], as shown at vividness 1.
export function suggestions(field, x, y, radius = 0.02) {
  const cells = cellsAt(field, x, y, radius);
  const shown = [0, 1].map((axis) => cells.reduce((sum, cell) => sum + field.means[axis * field.height * field.width + cell], 0) / cells.length);
  const { centres, chances } = chancesIn(field, cells);
  const found = [{ colour: shown, share: Infinity }];
  const near = (centre) => centres.map((other) => Math.hypot(other[0] - centre[0], other[1] - centre[1]));
  let rest = chances.map((chance, bin) => (near(shown)[bin] < APART ? 0 : chance));
  const least = LEAST_SHARE * Math.max(...chances, 0);
  while (Math.max(...rest, 0) > least) {
    const most = Math.max(...rest);
    const distance = near(centres[rest.indexOf(most)]);
    // The slope of a colour that is named already is none of its own.
    if (chances.every((chance, bin) => distance[bin] >= AROUND || chance <= most)) {
      const weights = rest.map((chance, bin) => (distance[bin] < AROUND ? chance : 0));
      const total = weights.reduce((a, b) => a + b);
      const colour = [0, 1].map((axis) => weights.reduce((sum, weight, bin) => sum + weight * centres[bin][axis], 0) / total);
      found.push({ colour, share: rest.reduce((sum, chance, bin) => sum + (distance[bin] < APART ? chance : 0), 0) });
    }
    rest = rest.map((chance, bin) => (distance[bin] < APART ? 0 : chance));
  }
  const sorted = found.sort((one, other) => other.share - one.share).slice(0, MOST);
  return sorted.map(({ colour }) => colour.map((value) => value * field.gains[1]));
}

function cellsAt({ height, width }, x, y, radius) {
  const distance = (cell) => Math.hypot(Math.floor(cell / width) + 0.5 - y * height, (cell % width) + 0.5 - x * width);
  const all = Array.from({ length: height * width }, (_, cell) => cell);
  const nearest = all.reduce((least, cell) => Math.min(least, distance(cell)), Infinity);
  const reach = Math.max(radius * Math.min(height, width), nearest);
  return all.filter((cell) => distance(cell) <= reach);
}

function chancesIn({ palette, bins, levels, kept, height, width }, cells) {
  const sums = new Float64Array(palette.length / 2);
  for (const cell of cells) {
    const planes = Array.from({ length: kept }, (_, plane) => plane * height * width + cell);
    const total = Math.max(1, planes.reduce((sum, at) => sum + levels[at], 0));
    for (const at of planes) sums[bins[at]] += levels[at] / total / cells.length;
  }
  const used = [...sums.keys()].filter((bin) => sums[bin] > 0);
  return { centres: used.map((bin) => [palette[2 * bin], palette[2 * bin + 1]]), chances: used.map((bin) => sums[bin]) };
}
