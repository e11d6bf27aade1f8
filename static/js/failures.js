// What htmx asked for and did not get is said in words: else a press would seem to have done nothing.

const failure = document.getElementById("failure");
const words = failure.dataset;
const sentences = { 0: words.offline, 403: words.refused, 404: words.gone, 429: words.quick };
let asker = null; // until it succeeds, or is no more

function say({ detail }) {
  const sentence = sentences[detail.xhr.status] ?? words.failed;
  asker = detail.requestConfig.elt;
  if (failure.textContent !== sentence) failure.textContent = sentence; // what asks again and again is not heard each time
}
for (const failed of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) document.addEventListener(failed, say);

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!detail.successful || !asker) return;
  if (asker === detail.requestConfig.elt || !asker.isConnected) failure.textContent = "";
});
