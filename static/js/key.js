// The page's key against forged requests: all that its scripts and htmx send bears it.

const headersOf = (page) => page.body.getAttribute("hx-headers");

export const pageKey = () => JSON.parse(headersOf(document))["X-CSRFToken"];

// Who signed in anew in another tab has another key since: what they have made here must not be lost for that.
export async function renewKey() {
  const answer = await fetch(location.href);
  const headers = headersOf(new DOMParser().parseFromString(await answer.text(), "text/html"));
  if (headers) document.body.setAttribute("hx-headers", headers);
}

export async function post(address, body, headers = {}) {
  const send = () => fetch(address, { method: "POST", headers: { ...headers, "X-CSRFToken": pageKey() }, body });
  const answer = await send();
  if (answer.status !== 403) return answer;
  await renewKey();
  return send();
}
