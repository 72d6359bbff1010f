// Requests to this site. None throws: without network, or with half an answer, `status` is 0.
// The browser's own message for a lost connection is English everywhere, so callers have their own.
import { tokenHeader } from "./page.js";

const OPTIONS = { credentials: "same-origin", cache: "no-store" };

async function ask(url, { headers, ...options } = {}) {
  try {
    const answer = await fetch(url, { ...OPTIONS, ...options, headers: { Accept: "application/json", ...headers } });
    const isJson = (answer.headers.get("Content-Type") || "").startsWith("application/json");
    const given = isJson ? await answer.json() : null;
    return { status: answer.status, isOk: answer.ok && !answer.redirected, given };
  } catch {
    return { status: 0, isOk: false, given: null };
  }
}

// The answer to a GET: {status, isOk, given}. `given` is its JSON, or null.
export function getJson(url) {
  return ask(url);
}

// The answer to a POST with the page's CSRF token. An object is sent as JSON, URLSearchParams as a form.
export function post(url, body) {
  if (body === undefined || body instanceof URLSearchParams) {
    return ask(url, { method: "POST", headers: tokenHeader(), body });
  }
  const headers = { ...tokenHeader(), "Content-Type": "application/json" };
  return ask(url, { method: "POST", headers, body: JSON.stringify(body) });
}

// Another page of this site as a document; null where there is none, or it leads elsewhere.
export async function getPage(url) {
  try {
    const answer = await fetch(url, OPTIONS);
    if (!answer.ok || answer.redirected) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return null;
  }
}
