// A colour of the photo, kept for a person or a thing: offered at the next photo, and among the choices here at once.

import { post } from "./key.js";

const form = document.getElementById("keep");
const viewer = document.getElementById("viewer");
const dials = document.getElementById("dials");
const said = dials.querySelector(".dials-said");

// The chosen colour as it is seen at its place, "#rrggbb".
function chosen() {
  const swatch = document.querySelector("#pins .pin-choose[aria-pressed=true] .pin-swatch");
  const codes = getComputedStyle(swatch).backgroundColor.match(/\d+/g).slice(0, 3);
  return `#${codes.map((code) => Number(code).toString(16).padStart(2, "0")).join("")}`;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const data = new FormData(form);
  data.set("colour", chosen());
  const answer = await post(viewer.dataset.keepColour, data).catch(() => null);
  if (answer?.status === 401) return void (said.textContent = dials.dataset.signedOut);
  if (!answer?.ok) {
    const page = new DOMParser().parseFromString((await answer?.text()) ?? "", "text/html");
    said.textContent = page.querySelector(".errorlist")?.textContent.trim() || form.dataset.failed;
    return;
  }
  const kept = [...JSON.parse(viewer.dataset.keptColours), { name: data.get("name"), colour: data.get("colour") }];
  viewer.dataset.keptColours = JSON.stringify(kept);
  said.textContent = form.dataset.kept.replace("{name}", data.get("name"));
  form.reset();
  form.closest("details").open = false;
});
