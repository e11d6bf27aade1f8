// The marks of pins and strokes as pixels, as the worker lays them (ml/pins.py).

const CONNECTED = 0.75; // in pixels: a line of this radius touches every pixel that it runs through

export const pointsOf = (pin) => pin.points ?? [[pin.x, pin.y]];

// The numbers of the pixels under a mark on a copy of that size, its radius `grown` by some pixels.
export function covered(pin, { height, width }, grown = 0) {
  const points = pointsOf(pin);
  const radius = pin.radius * Math.min(height, width) + grown;
  const reach = points.length > 1 ? Math.max(radius, CONNECTED) : radius; // however thin, a stroke has no gaps
  const found = new Set();
  for (const [x, y] of points) found.add(Math.min(height - 1, Math.floor(y * height)) * width + Math.min(width - 1, Math.floor(x * width)));
  for (let i = 0; i < Math.max(1, points.length - 1); i += 1) {
    const ends = [points[i], points[i + 1] ?? points[i]].map(([x, y]) => [y * height - 0.5, x * width - 0.5]);
    cover(found, ends, reach, height, width);
  }
  return found;
}

function cover(found, [from, to], reach, height, width) {
  const [down, right] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.max(down * down + right * right, 1e-12);
  const [top, bottom] = [Math.max(0, Math.ceil(Math.min(from[0], to[0]) - reach)), Math.min(height - 1, Math.floor(Math.max(from[0], to[0]) + reach))];
  const [left, end] = [Math.max(0, Math.ceil(Math.min(from[1], to[1]) - reach)), Math.min(width - 1, Math.floor(Math.max(from[1], to[1]) + reach))];
  for (let row = top; row <= bottom; row += 1) {
    for (let column = left; column <= end; column += 1) {
      const [y, x] = [row - from[0], column - from[1]];
      const along = Math.min(Math.max((y * down + x * right) / length, 0), 1);
      if ((y - along * down) ** 2 + (x - along * right) ** 2 <= reach * reach) found.add(row * width + column);
    }
  }
}
