// How far what pins change may reach, over its own surface and a little way over an edge, as the worker has it (ml/reach.py).

const [NEAR, FAR] = [0.03, 0.25]; // shares of the short side
const [NO_EDGE, EDGE] = [4, 12]; // units of L*
const GRAIN = 2;
const BUCKETS = 256;

// How much what marks change counts in each cell: 1 near or on the same surface, 0 far and over an edge.
export function reachOf(light, { height, width }, marked) {
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
