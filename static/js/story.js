// A photo's caption, date and people while they are typed: nothing leads away from them unasked.

const form = document.getElementById("story-form"); // none where one may only look
let isSent = false;

form?.addEventListener("submit", () => (isSent = true));
addEventListener("pageshow", () => (isSent = false)); // back here by the browser's own button

export function isTyped() {
  if (!form || isSent) return false;
  return [...form.querySelectorAll("input, textarea")].some((field) => field.value !== field.defaultValue);
}

// While it can be seen no key leads away; once it is closed, the page asks.
export const isTyping = () => isTyped() && form.closest("details").open;
