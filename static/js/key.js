// The page's key against forged requests: what scripts of our own send bears it, as htmx's requests do.

const keyOf = (page) => JSON.parse(page.body.getAttribute("hx-headers"))["X-CSRFToken"];
let key = keyOf(document);

export const pageKey = () => key;

// Who signed in anew in another tab has another key since: what they have made here must not be lost for that.
export async function renewKey() {
  const page = await fetch(location.href);
  key = keyOf(new DOMParser().parseFromString(await page.text(), "text/html"));
}

export async function post(address, body, headers = {}) {
  const send = () => fetch(address, { method: "POST", headers: { ...headers, "X-CSRFToken": key }, body });
  const answer = await send();
  if (answer.status !== 403) return answer;
  await renewKey();
  return send();
}
