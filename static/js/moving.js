// A part of the page that fetches itself anew every few seconds waits while a hand is in it: with the keyboard on one of its
// buttons, or in what it has opened.

const IN_HAND = ":focus-visible, :popover-open";

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const movesByItself = detail.requestConfig.elt.matches('[hx-trigger*="every "]');
  if (movesByItself && detail.target.querySelector(IN_HAND)) detail.shouldSwap = false;
});
