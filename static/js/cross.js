// A cross over a picture that keys move: arrows by a fiftieth of it, with Shift by a tenth.

const STEP = { plain: 0.02, shift: 0.1 };
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export const clamped = (value) => Math.min(Math.max(value, 0), 1);
export const rounded = (value) => Math.round(value * 1e4) / 1e4;

// `aim`: what has the keyboard, with a .cross in it. `moved(x, y)` and `entered(x, y)` hear of it, each 0 to 1.
export function steer(aim, { moved, entered }, signal) {
  const cross = aim.querySelector(".cross");
  let [x, y] = [0.5, 0.5];
  function put(toX, toY) {
    [x, y] = [rounded(clamped(toX)), rounded(clamped(toY))];
    Object.assign(cross.style, { left: `${100 * x}%`, top: `${100 * y}%` });
  }
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const way = WAYS[event.key];
    if (way) {
      const step = event.shiftKey ? STEP.shift : STEP.plain;
      put(x + step * way[0], y + step * way[1]);
      moved(x, y);
    } else if (event.key === "Enter" || event.key === " ") entered(x, y);
    else return;
    event.preventDefault();
    event.stopPropagation(); // arrows lead to the next photo else
  };
  aim.addEventListener("keydown", press, { signal });
  put(x, y);
  return { put };
}

// Where in an element a pointer is.
export function placeIn(element, event) {
  const box = element.getBoundingClientRect();
  return [rounded(clamped((event.clientX - box.left) / box.width)), rounded(clamped((event.clientY - box.top) / box.height))];
}
