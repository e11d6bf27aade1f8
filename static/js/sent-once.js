// A form is sent once, however often it is pressed while the answer is on its way: one album, not two.

const AGAIN_AFTER = 10_000; // milliseconds: the answer may have been a file, or whoever was asked has stayed

let sent = new WeakSet();

// Here all others have had their say: what htmx or a script sends is theirs.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (sent.has(form)) return event.preventDefault();
  sent.add(form);
  setTimeout(() => sent.delete(form), AGAIN_AFTER);
});
addEventListener("pageshow", () => (sent = new WeakSet()));
