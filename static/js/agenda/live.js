// The agenda follows what changes elsewhere: it is put anew in the place of the former one, by which
// neither a visit in somebody's hand nor the focus is lost, whenever the server's stream hints at a change.
import { getJson, getPage } from "../lib/http.js";
import { tellOthers } from "../lib/page.js";
import { frame, isSilent, nameIn, replaceFrame, toast, visitOf, visits, word } from "./frame.js";

// Whether a visit is being moved, and whether something changed meanwhile.
export const hand = { isBusy: false, isStale: false };

let refreshed = () => {};
export function whenRefreshed(work) { refreshed = work; }

// Names that the page knows are kept, and only new ones are opened: the page is fetched without any.
async function names(shown) {
  const known = new Map(visits().map((item) => [item.dataset.visit, nameIn(item).textContent]));
  const unknown = shown.map((item) => item.dataset.visit).filter((id) => !known.get(id));
  if (unknown.length) {
    const query = new URLSearchParams(unknown.map((id) => ["rdv", id]));
    const { isOk, given } = await getJson(`${frame.dataset.names}?${query}`);
    if (isOk && given) Object.entries(given).forEach(([id, name]) => known.set(id, name));
  }
  return known;
}

// Refreshes may overlap, and answers come in any order: only the one that was begun last counts, and
// none that was begun before a visit was put somewhere. Returns whether the page could be asked for.
let begun = 0;
export async function refresh() {
  if (hand.isBusy) { hand.isStale = true; return true; }
  hand.isStale = false;
  begun += 1;
  const mine = begun;
  const isOver = () => {
    if (mine === begun && hand.isBusy) hand.isStale = true;
    return mine !== begun || hand.isBusy;
  };
  const address = new URL(window.location.href);
  address.searchParams.set("sans-noms", "1");
  const fresh = (await getPage(address))?.querySelector("[data-agenda]");
  if (!fresh) { tellOthers("desk:ask"); return false; }
  if (isOver()) return true;
  const shown = visits(fresh);
  const known = await names(shown);
  if (isOver()) return true;
  shown.forEach((item) => { nameIn(item).textContent = known.get(item.dataset.visit) || ""; });
  const focused = document.activeElement.closest?.("[data-visit]")?.dataset.visit;
  fresh.classList.toggle("not-live", frame.classList.contains("not-live"));
  replaceFrame(fresh);
  refreshed();
  tellOthers("desk:fresh");
  if (focused) visitOf(focused)?.querySelector("a").focus();
  return true;
}

// --- The stream of hints, and what is said when it is interrupted ------------------------------
const WAIT_MS = 2000;
const TOGETHER_MS = 300; // several changes in a row are one look
let source = null;
let isLive = true; // until it is known to be interrupted
let isLeaving = false;
let triedAt = 0;
let timer = 0;

function lose() {
  source.close();
  if (isLeaving) return;
  isLive = false;
  frame.classList.add("not-live");
  tellOthers("desk:lost");
}

async function look() {
  const before = frame.textContent;
  const wasLive = isLive;
  if (!await refresh()) { lose(); return; }
  if (!wasLive) {
    isLive = true;
    frame.classList.remove("not-live");
    tellOthers("desk:live");
  } else if (frame.textContent !== before && isSilent()) toast(word("Fresh"));
}

export function follow() {
  triedAt = Date.now();
  source?.close();
  source = new EventSource(frame.dataset.live, { withCredentials: true });
  source.onerror = lose;
  source.onmessage = ({ data }) => {
    const { kind } = JSON.parse(data);
    if (kind === "closed") { lose(); return; }
    // The session's pass is over: asked anew, the browser gets the next one (booking/pages/session/device.py).
    if (kind === "again") { follow(); return; }
    window.clearTimeout(timer);
    timer = window.setTimeout(look, isLive ? TOGETHER_MS : 0);
  };
}

// Once something is lost, desk.js asks how the session stands until it is open.
document.addEventListener("desk:open", () => {
  if (!isLive && source.readyState === EventSource.CLOSED && Date.now() - triedAt >= WAIT_MS) follow();
});
window.addEventListener("pagehide", () => { isLeaving = true; source.close(); });
window.addEventListener("pageshow", (event) => { if (event.persisted) { isLeaving = false; follow(); } });
