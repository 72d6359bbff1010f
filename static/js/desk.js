// A session that ends while somebody works: said at once, what the page showed of patients is hidden,
// and nothing that was typed is lost. It stays in the page's fields, and is there again once the
// account that opened the page may work again.
import { getJson, post } from "./lib/http.js";
import { csrfToken, forget, NEW_VISIT, renewToken, tellOthers } from "./lib/page.js";

const desk = document.querySelector("[data-desk]");
const said = desk.querySelector("[data-said]");
const main = desk.closest("main");
// What was typed of a visit (new_visit_draft.js) is of no use once it is booked.
if (document.querySelector("[data-booked]")) forget(NEW_VISIT);
// On a phone the menu is a strip: the page's own entry is in view.
const strip = document.querySelector(".desk-nav");
const here = strip?.querySelector("[aria-current]");
if (here) strip.scrollLeft = here.offsetLeft - strip.offsetLeft - (strip.clientWidth - here.offsetWidth) / 2;
const AGAIN_MS = 5000;
const TWICE_MS = 3000;
// A page that nobody touches asks as well, so that it is hidden on a desk that was left.
const EVERY_MS = 60000;
const CLOSED = ["signed-out", "code", "stopped", "stranger", "another"];
const { title } = document;
let shown = ""; // the state that the page speaks of
let isLost = false; // the agenda's stream is interrupted
let seenAt = new Date();
let timer = 0;
let why = ""; // what ended the session, where the server knows

function hide(isHidden, name) {
  main.classList.toggle("shut", isHidden);
  document.title = isHidden ? name : title;
}

function show(state) {
  if (state === shown) return;
  shown = state;
  const template = desk.querySelector(`template[data-state="${state}"]`);
  const isCalm = state === "open";
  said.replaceChildren();
  desk.classList.toggle("shown", Boolean(template));
  desk.classList.toggle("calm", isCalm);
  if (!template) return;
  const text = document.createElement("div");
  text.setAttribute("role", isCalm ? "status" : "alert");
  text.append(template.content.cloneNode(true));
  const since = text.querySelector("[data-since]");
  if (since) since.textContent = seenAt.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
  const reason = text.querySelector("[data-why]");
  if (reason && why) reason.textContent = why;
  said.append(text);
  if (CLOSED.includes(state)) hide(true, text.querySelector("h1").textContent);
  if (isCalm) window.setTimeout(() => { if (shown === "open") show(""); }, 8000);
}

// How the session stands, asked of the server with a form's own token. Where that is refused,
// signing in in another tab has changed it, and all forms get the new one. A good one stays.
async function ask() {
  let answer = await (csrfToken(main) ? post(desk.dataset.desk) : getJson(desk.dataset.desk));
  const isOld = answer.status === 403;
  if (isOld) answer = await getJson(desk.dataset.desk);
  const { status, isOk, given } = answer;
  if (!status || (isOk && !given)) return "offline";
  if (!isOk) return "unknown";
  if (isOld) renewToken(given.token);
  why = given.why || why;
  // Another account that has signed in sees nothing that was opened for this one, and sends nothing of it.
  return given.whose && given.whose !== desk.dataset.whose ? "another" : given.state;
}

async function look() {
  window.clearTimeout(timer);
  const state = await ask();
  const isShut = main.classList.contains("shut");
  if (state === "open" || (state === "unknown" && !isShut)) {
    if (isShut) { hide(false); why = ""; }
    if (state === "open") tellOthers("desk:open");
    if (isLost) show("lost");
    else if (shown && shown !== "open") show("open");
  } else if (state !== "unknown") {
    show(state);
  }
  if (shown && shown !== "open") timer = window.setTimeout(look, AGAIN_MS);
  return state;
}

// --- A form is sent once its session is known to live -----------------------------------------
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || !form.closest("main")) return;
  if (form.dataset.passed) { delete form.dataset.passed; return; }
  event.preventDefault();
  // A double click sends once.
  if (form.dataset.asking || Date.now() - Number(form.dataset.sentAt || 0) < TWICE_MS) return;
  form.dataset.asking = "1";
  const { submitter } = event;
  const state = await ask();
  delete form.dataset.asking;
  if (state === "open" || state === "unknown") {
    form.dataset.passed = "1";
    form.dataset.sentAt = String(Date.now());
    form.requestSubmit(submitter);
    // Where the browser finds a field wrong, nothing was sent.
    delete form.dataset.passed;
    return;
  }
  show(state);
  window.clearTimeout(timer);
  timer = window.setTimeout(look, AGAIN_MS);
  desk.scrollIntoView({ block: "nearest" });
  said.querySelector("a")?.focus();
});
window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => {
  delete form.dataset.passed;
  delete form.dataset.asking;
  delete form.dataset.sentAt;
}));

// --- What a script asks for is answered by "sign in first": the page stays -----------------------
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.getResponseHeader("HX-Redirect")) { event.preventDefault(); look(); }
});
document.addEventListener("htmx:sendError", look);

document.addEventListener("desk:ask", look);
document.addEventListener("desk:lost", () => { isLost = true; show("lost"); look(); });
document.addEventListener("desk:live", () => {
  isLost = false;
  seenAt = new Date();
  if (shown === "lost" || shown === "offline") show("open");
});
document.addEventListener("desk:fresh", () => { seenAt = new Date(); });
window.addEventListener("offline", look);
window.addEventListener("online", look);
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
window.addEventListener("focus", () => { if (shown) look(); });
window.addEventListener("pageshow", (event) => { if (event.persisted) look(); });
window.setInterval(() => { if (!shown || shown === "open") look(); }, EVERY_MS);
