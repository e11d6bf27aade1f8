// A coarse field brought up to size along the edges of the lightness, as the worker does it (ml/upsampling.py).

const SIGMA_SPACE = 0.6; // in cells
const SIGMA_LIGHTNESS = 6;
const RADIUS = 2;
const FLOOR = 1e-5;
const ROWS_AT_ONCE = 32; // then the page has its turn

const pause = () => new Promise((resolve) => setTimeout(resolve, 0));

// `planes`: one after the other, each height x width of cells. Gives them at the lightness's size, one after the other.
// Each is a weighted mean with the same weights, so sums of planes may be taken before or after.
export async function upsample(planes, { height, width }, lightness, size) {
  const count = planes.length / (height * width);
  const guide = lightness.map((value) => value / (Math.SQRT2 * SIGMA_LIGHTNESS));
  const means = cellMeans(guide, size, height, width);
  const [rows, columns] = [neighbours(size.height, height), neighbours(size.width, width)];
  const pixels = size.height * size.width;
  const out = new Float32Array(count * pixels);
  const mixed = new Float64Array(count);
  for (let y = 0; y < size.height; y += 1) {
    if (y % ROWS_AT_ONCE === 0) await pause();
    for (let x = 0; x < size.width; x += 1) {
      const at = y * size.width + x;
      let total = 0;
      mixed.fill(0);
      for (let i = 0; i <= 2 * RADIUS; i += 1) {
        const row = rows.index[5 * y + i] * width;
        const byRow = rows.weight[5 * y + i];
        for (let j = 0; j <= 2 * RADIUS; j += 1) {
          const cell = row + columns.index[5 * x + j];
          const apart = means[cell] - guide[at];
          const weight = (Math.exp(-apart * apart) + FLOOR) * byRow * columns.weight[5 * x + j];
          total += weight;
          for (let plane = 0; plane < count; plane += 1) mixed[plane] += weight * planes[plane * height * width + cell];
        }
      }
      for (let plane = 0; plane < count; plane += 1) out[plane * pixels + at] = mixed[plane] / total;
    }
  }
  return out;
}

// The guide's mean over each cell; of a guide coarser than the grid, its value there.
function cellMeans(guide, size, height, width) {
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
  for (let pixel = 0; pixel < size; pixel += 1) {
    const centre = (pixel + 0.5) * (cells / size) - 0.5;
    for (let step = -RADIUS; step <= RADIUS; step += 1) {
      const cell = Math.round(centre) + step;
      index[5 * pixel + step + RADIUS] = Math.min(Math.max(cell, 0), cells - 1);
      weight[5 * pixel + step + RADIUS] = Math.exp(-0.5 * ((cell - centre) / SIGMA_SPACE) ** 2);
    }
  }
  return { index, weight };
}
