// What scripts of several pages need of the page and of its tab: the CSRF token, words, forms, what is kept.

export const TOKEN_FIELD = "csrfmiddlewaretoken";
const TOKEN_FIELDS = `input[name=${TOKEN_FIELD}]`;

// Read anew each time: signing in again in another tab changes it (desk.js).
export function csrfToken(within = document) {
  return within.querySelector(TOKEN_FIELDS)?.value ?? "";
}

export function tokenHeader() {
  const token = csrfToken();
  return token ? { "X-CSRFToken": token } : {};
}

export function renewToken(token) {
  document.querySelectorAll(TOKEN_FIELDS).forEach((field) => { field.value = token; });
}

// The texts that a template gives its script: wordsOf(element)("Problem") is its data-word-problem.
export function wordsOf(element) {
  return (name) => element.dataset[`word${name}`];
}

// Say a text in its place (a role=status or role=alert of the template); without a text, hide the place.
export function say(place, text) {
  place.textContent = text;
  place.hidden = !text;
}

// The choice in a field of a form[data-auto] is sent at once.
export function sendOnChange(field) {
  field.addEventListener("change", () => field.form.requestSubmit());
}

// Styles and tests know by this class that scripts run.
export function markScripted() {
  document.documentElement.classList.add("js");
}

export function twoDigits(number) {
  return String(number).padStart(2, "0");
}

// Tell the page's other scripts something by an event of the document, such as "desk:ask".
export function tellOthers(name) {
  document.dispatchEvent(new CustomEvent(name));
}

// --- What one tab keeps for a while, by name, until its reader signs out --------------------------
export const NEW_VISIT = "new-visit";
export const MOVED = "moved-on-agenda";

// Where the browser keeps nothing, nothing is kept: each page works without.
export function keep(name, value) {
  try { sessionStorage.setItem(name, JSON.stringify(value)); } catch { /* not kept */ }
}

export function kept(name) {
  try { return JSON.parse(sessionStorage.getItem(name)); } catch { return null; }
}

export function forget(name) {
  sessionStorage.removeItem(name);
}

export function forgetAll() {
  sessionStorage.clear();
}
