// Colour as the worker reckons it (ml/color.py): sRGB and L*a*b* under D65, and the chroma that sRGB can show.

const RGB_TO_XYZ = [
  [0.412453, 0.35758, 0.180423],
  [0.212671, 0.71516, 0.072169],
  [0.019334, 0.119193, 0.950227],
];
const [, RGB_TO_Y] = RGB_TO_XYZ;
const RGB_FROM_XYZ = [
  [3.2404813432005266, -1.5371515162713185, -0.4985363261688878],
  [-0.9692549499965682, 1.8759900014898907, 0.04155592655829284],
  [0.05564663913517715, -0.20404133836651123, 1.0573110696453443],
];
const WHITE = [0.95047, 1, 1.08883];
const ROWS = 4; // of the table, for each L*
const HUES = 361;
const CODES = 1 << 14;
const TOLERANCE = 1e-7;

const LINEAR = Float64Array.from({ length: 256 }, (_, code) => {
  const value = code / 255;
  return value > 0.04045 ? ((value + 0.055) / 1.055) ** 2.4 : value / 12.92;
});
const CODED = Uint8Array.from({ length: CODES }, (_, step) => {
  const light = step / (CODES - 1);
  return Math.round(255 * (light > 0.0031308 ? 1.055 * light ** (1 / 2.4) - 0.055 : light * 12.92));
});
const lightOf = (f) => (f > 0.2068966 ? f * f * f : (f - 16 / 116) / 7.787);

// L* of every pixel of an ImageData.
export function lightnessOf({ data, width, height }) {
  const lightness = new Float32Array(width * height);
  for (let at = 0, from = 0; at < lightness.length; at += 1, from += 4) {
    const light = RGB_TO_Y[0] * LINEAR[data[from]] + RGB_TO_Y[1] * LINEAR[data[from + 1]] + RGB_TO_Y[2] * LINEAR[data[from + 2]];
    lightness[at] = light > 0.008856 ? 116 * Math.cbrt(light) - 16 : 903.292 * light;
  }
  return lightness;
}

// The largest chroma that is safely inside sRGB, over L* in quarters and hue in degrees: the worker's table once more.
let table = null;

export function chromaTable() {
  if (table) return table;
  const rows = 100 * ROWS + 1;
  const found = new Float64Array(rows * HUES);
  for (let row = 0; row < rows; row += 1) {
    const fy = (row / ROWS + 16) / 116;
    const y = lightOf(fy) * WHITE[1];
    for (let hue = 0; hue < HUES; hue += 1) {
      const angle = (hue * Math.PI) / 180;
      const [toX, toZ] = [Math.cos(angle) / 500, -Math.sin(angle) / 200];
      let [low, high] = [0, 150];
      for (let step = 0; step < 20; step += 1) {
        const middle = (low + high) / 2;
        const x = lightOf(fy + middle * toX) * WHITE[0];
        const z = lightOf(fy + middle * toZ) * WHITE[2];
        let inside = true;
        for (const [fromX, fromY, fromZ] of RGB_FROM_XYZ) {
          const light = fromX * x + fromY * y + fromZ * z;
          if (light < -TOLERANCE || light > 1 + TOLERANCE) inside = false;
        }
        if (inside) low = middle;
        else high = middle;
      }
      found[row * HUES + hue] = low;
    }
  }
  table = smallestAround(found, rows);
  return table;
}

function smallestAround(found, rows) {
  const upright = Float64Array.from(found, (value, at) => {
    const row = Math.floor(at / HUES);
    const above = row ? found[at - HUES] : value;
    const below = row < rows - 1 ? found[at + HUES] : value;
    return Math.min(value, above, below);
  });
  return Float32Array.from(upright, (value, at) => {
    const hue = at % HUES;
    const left = hue ? upright[at - 1] : upright[at + HUES - 2];
    const right = hue < HUES - 1 ? upright[at + 1] : upright[at - HUES + 2];
    return Math.min(value, left, right);
  });
}

// The most chroma that sRGB can show at a lightness and a hue in degrees.
export function mostChroma(lightness, hue) {
  const limits = chromaTable();
  const row = Math.min(Math.max(lightness, 0), 100) * ROWS;
  const [top, left] = [Math.min(Math.floor(row), 100 * ROWS - 1), Math.min(Math.floor(hue), HUES - 2)];
  const [down, on, cell] = [row - top, hue - left, top * HUES + left];
  const near = limits[cell] * (1 - on) + limits[cell + 1] * on;
  const far = limits[cell + HUES] * (1 - on) + limits[cell + HUES + 1] * on;
  return near * (1 - down) + far * down;
}

export const hueOf = (a, b) => ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360;

// A colour as it can be shown at a lightness: less chroma where it has to be, never another hue.
export function within(lightness, [a, b]) {
  const share = Math.min(1, mostChroma(lightness, hueOf(a, b)) / Math.max(Math.hypot(a, b), 1e-6));
  return [a * share, b * share];
}

// [L*, a*, b*] of "#rrggbb", or of itself.
export function labOf(colour) {
  if (typeof colour !== "string") return colour;
  const [red, green, blue] = [1, 3, 5].map((at) => LINEAR[parseInt(colour.slice(at, at + 2), 16)]);
  const f = (light) => (light > 0.008856 ? Math.cbrt(light) : 7.787 * light + 16 / 116);
  const [x, y, z] = RGB_TO_XYZ.map((row, axis) => f((row[0] * red + row[1] * green + row[2] * blue) / WHITE[axis]));
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

// A colour inside sRGB for a style sheet.
export function cssOf(lightness, colour) {
  const [a, b] = within(lightness, colour);
  const data = new Uint8ClampedArray(4);
  paint(data, [lightness], [a], [b]);
  return `rgb(${data[0]} ${data[1]} ${data[2]})`;
}

// How much chroma any hue may have between one row of the table and the next.
let leasts = null;

function leastOfRows() {
  leasts ??= Float32Array.from({ length: 100 * ROWS }, (_, row) => chromaTable().subarray(row * HUES, (row + 2) * HUES).reduce((a, b) => Math.min(a, b)));
  return leasts;
}

// Bring a field of colours a and b, as large as `lightness`, inside sRGB at constant L* and hue, and write it into the
// bytes of an ImageData. The one loop that runs while a dial is turned: nothing is allocated in it.
export function paint(data, lightness, a, b) {
  const limits = chromaTable();
  const least = leastOfRows();
  const [[rx, ry, rz], [gx, gy, gz], [bx, by, bz]] = RGB_FROM_XYZ;
  const [whiteX, , whiteZ] = WHITE;
  const last = CODES - 1;
  for (let at = 0, to = 0; at < lightness.length; at += 1, to += 4) {
    const row = lightness[at] * ROWS;
    const top = Math.min(row | 0, 100 * ROWS - 1);
    const chroma = Math.sqrt(a[at] * a[at] + b[at] * b[at]);
    let share = 1;
    if (chroma > least[top]) {
      const angle = (Math.atan2(b[at], a[at]) * 180) / Math.PI;
      const hue = angle < 0 ? angle + 360 : angle;
      const left = Math.min(hue | 0, HUES - 2);
      const [down, on, cell] = [row - top, hue - left, top * HUES + left];
      const near = limits[cell] * (1 - on) + limits[cell + 1] * on;
      const far = limits[cell + HUES] * (1 - on) + limits[cell + HUES + 1] * on;
      const limit = near * (1 - down) + far * down;
      if (chroma > limit) share = limit / chroma;
    }
    const fy = (lightness[at] + 16) / 116;
    const x = lightOf(fy + (a[at] * share) / 500) * whiteX;
    const y = lightOf(fy);
    const z = lightOf(fy - (b[at] * share) / 200) * whiteZ;
    const red = rx * x + ry * y + rz * z;
    const green = gx * x + gy * y + gz * z;
    const blue = bx * x + by * y + bz * z;
    data[to] = CODED[red <= 0 ? 0 : red >= 1 ? last : (red * last + 0.5) | 0];
    data[to + 1] = CODED[green <= 0 ? 0 : green >= 1 ? last : (green * last + 0.5) | 0];
    data[to + 2] = CODED[blue <= 0 ? 0 : blue >= 1 ? last : (blue * last + 0.5) | 0];
    data[to + 3] = 255;
  }
}
