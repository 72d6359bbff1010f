// What all parts of a call share: the page's parts and words, and what this browser tells the server.
import { post } from "../lib/http.js";
import { say as sayIn, wordsOf } from "../lib/page.js";

export const root = document.querySelector("[data-video]");
export const isPatient = root.dataset.part === "patient";
export const word = wordsOf(root);
export const part = (name) => root.querySelector(`[data-${name}]`);
export const say = (text) => sayIn(part("status"), text);

// --- To the server, and by it to the others: in its order, several at once ------------------------
const AT_ONCE = 50;
const AGAIN_MS = 1000;
const FINAL = [400, 403, 409];
const outbox = [];
let own = null; // the place in the room from which items are sent
let sending = false;

// The JSON of the answer; raises a text for the reader, `isFinal` where asking again changes nothing.
export async function tellServer(url, body) {
  const { status, isOk, given } = await post(url, body);
  if (!isOk) throw Object.assign(new Error(given?.problem || word("Problem")), { isFinal: FINAL.includes(status) });
  return given || {};
}

// Send from this place from now on; from null, nothing. What waited for the former place is dropped.
export function sendFrom(place) {
  own = place;
  outbox.length = 0;
}

export async function send(item) {
  outbox.push(item);
  if (sending) return;
  sending = true;
  while (outbox.length && own) {
    const place = own;
    const items = outbox.slice(0, AT_ONCE);
    let isDone = true;
    try {
      await tellServer(root.dataset.signal, { place, items });
    } catch (problem) {
      // What was refused is refused again; what got lost on its way is not.
      isDone = problem.isFinal;
      if (!isDone) await new Promise((done) => { window.setTimeout(done, AGAIN_MS); });
    }
    if (isDone && own === place) outbox.splice(0, items.length);
  }
  sending = false;
}
