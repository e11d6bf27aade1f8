// Marks over a picture that are seen on light and on dark: hatching by level, and the outline of a part. Both are given
// a canvas of any size and one value for each cell of a grid that lies over it.

const STEP = 10; // pixels from one line to the next
const LIGHT = [255, 250, 242, 235];
const DARK = [28, 23, 18, 200];

// `levels`: 0 nothing, 1 lines one way, 2 lines both ways.
export function hatch(canvas, levels, grid) {
  paint(canvas, (x, y) => {
    const level = at(levels, x, y, canvas, grid);
    const [down, up] = [(x + y) % STEP, (x - y + STEP * canvas.height) % STEP];
    if ((level > 0 && down < 2) || (level > 1 && up < 2)) return LIGHT;
    return (level > 0 && down === 2) || (level > 1 && up === 2) ? DARK : null;
  });
}

// `mask`: 1 in the part.
export function outline(canvas, mask, grid) {
  const inside = (x, y) => at(mask, x, y, canvas, grid);
  const ends = (x, y, reach) => [[reach, 0], [-reach, 0], [0, reach], [0, -reach]].some(([right, down]) => inside(x + right, y + down) !== inside(x, y));
  paint(canvas, (x, y) => {
    if (inside(x, y)) return ends(x, y, 2) ? LIGHT : null;
    return ends(x, y, 2) ? DARK : null;
  });
}

function at(values, x, y, canvas, { height, width }) {
  const column = Math.min(Math.max(Math.floor((x * width) / canvas.width), 0), width - 1);
  const row = Math.min(Math.max(Math.floor((y * height) / canvas.height), 0), height - 1);
  return values[row * width + column];
}

function paint(canvas, colourAt) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const picture = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let y = 0; y < canvas.height; y += 1) {
    for (let x = 0; x < canvas.width; x += 1) {
      const colour = colourAt(x, y);
      if (colour) picture.data.set(colour, 4 * (y * canvas.width + x));
    }
  }
  context.putImageData(picture, 0, 0);
}
