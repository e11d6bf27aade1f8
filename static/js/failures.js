// What htmx asked for and did not get is said in words: else a press would seem to have done nothing.

const failure = document.getElementById("failure");
const words = failure.dataset;
const sentences = { 0: words.offline, 403: words.refused, 404: words.gone, 429: words.quick };
let asker = null; // until it succeeds, or is no more

function say(xhr, elt) {
  const sentence = sentences[xhr.status] ?? words.failed;
  asker = elt;
  if (failure.textContent !== sentence) failure.textContent = sentence; // what asks again and again is not heard each time
}

function heed(xhr, elt) {
  if (xhr.status >= 400) say(xhr, elt);
  else if (asker === elt || !asker?.isConnected) failure.textContent = "";
}

// The request itself is listened to: htmx tells the button of it, and a tile may have been renewed with its button by then.
document.addEventListener("htmx:beforeSend", ({ detail: { xhr, requestConfig: { elt } } }) => {
  xhr.addEventListener("load", () => heed(xhr, elt));
  for (const failed of ["error", "timeout"]) xhr.addEventListener(failed, () => say(xhr, elt));
});
