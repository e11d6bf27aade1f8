// The page's key against forged requests: all that its scripts and htmx send bears it.

const headersOf = (page) => page.body.getAttribute("hx-headers");

export const pageKey = () => JSON.parse(headersOf(document))["X-CSRFToken"];

async function renewKey() {
  const answer = await fetch(location.href);
  const headers = headersOf(new DOMParser().parseFromString(await answer.text(), "text/html"));
  if (headers) document.body.setAttribute("hx-headers", headers);
}

// What `send` sends with the page's key. Who signed in anew in another tab has another key since: what they have made here
// must not be lost for that.
export async function withKey(send) {
  const answer = await send();
  if (answer.status !== 403) return answer;
  await renewKey().catch(() => null); // then the answer says what is wrong
  return send();
}

export const post = (address, body, headers = {}) =>
  withKey(() => fetch(address, { method: "POST", headers: { ...headers, "X-CSRFToken": pageKey() }, body }));
