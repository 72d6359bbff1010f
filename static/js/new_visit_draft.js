// A new visit that is left half filled in comes back as it was; one that was booked says so.
//
// The browser forgets such fields on purpose, since they name people. So this tab alone keeps them,
// until the visit is booked, the session ends, or half an hour has passed. Each form has a name, which
// goes with the page's place in the history.
import { getPage } from "./lib/http.js";
import { forget, keep, kept, NEW_VISIT } from "./lib/page.js";

const form = document.querySelector("[data-new-visit]");
const KEPT_MS = 30 * 60 * 1000;
const SKIPPED = ["formulaire", "vu", "heure-voulue", "les-deux", "overbook"];
const booked = JSON.parse(document.getElementById("booked-forms").textContent);
const notice = form.parentElement.querySelector("[data-draft]");

function read() {
  const draft = kept(NEW_VISIT);
  const isGood = draft && draft.whose === form.dataset.whose && Date.now() - draft.at < KEPT_MS && !booked[draft.form];
  if (!isGood) forget(NEW_VISIT);
  return isGood ? draft : null;
}
const write = (draft) => keep(NEW_VISIT, draft);

// --- Back to a form that has booked ------------------------------------------------------------
const address = new URL(window.location.href);
function lead() {
  const visit = booked[history.state?.form];
  if (!visit || address.searchParams.get("pris") === visit) return false;
  ["debut", "patient"].forEach((name) => address.searchParams.delete(name));
  address.searchParams.set("pris", visit);
  window.location.replace(address);
  return true;
}
// --- What is typed is kept ----------------------------------------------------------------------
const fields = () => [...form.elements].filter((field) => field.name && !SKIPPED.includes(field.name) && field.type !== "submit" && field.type !== "hidden");
const isTold = (values) => values.patient || ["q", "first_name", "last_name", "birth_date", "phone", "email"].some((name) => (values[name] || "").trim());
function keepTyped() {
  const values = {};
  fields().forEach((field) => { if (!["radio", "checkbox"].includes(field.type) || field.checked) values[field.name] = field.value; });
  if (isTold(values)) write({ form: form.dataset.newVisit, whose: form.dataset.whose, at: Date.now(), values });
}
function fill(draft) {
  form.dataset.newVisit = form.elements.formulaire.value = draft.form;
  fields().forEach((field) => {
    const value = draft.values[field.name];
    if (field.type === "radio") field.checked = field.value === value;
    else if (field.type === "checkbox") field.checked = value !== undefined;
    else if (value !== undefined) field.value = value;
  });
}

// --- And comes back -----------------------------------------------------------------------------
// The server opens the chosen patient again.
const needsPage = ({ values }) => /^[0-9a-f-]{36}$/.test(values.patient || "") && !form.querySelector(`input[name=patient][value="${values.patient}"]`);
function resume(draft) {
  if (needsPage(draft) && !draft.resumes) {
    write({ ...draft, resumes: true });
    address.searchParams.set("patient", draft.values.patient);
    window.location.replace(address);
    return;
  }
  fill(draft);
  history.replaceState({ ...history.state, form: draft.form }, "");
  write({ ...draft, resumes: false });
  form.dispatchEvent(new Event("restored"));
}
// `name`: the form's name at this place of the history before the page was opened, if it had one.
function offer(draft, name) {
  const isOwn = draft.form === name || draft.resumes;
  if (isOwn) {
    window.addEventListener("load", () => resume(draft));
  } else if (draft.form !== form.dataset.newVisit) {
    notice.hidden = false;
    notice.querySelector("[data-resume]").addEventListener("click", () => { notice.hidden = true; resume(draft); });
    notice.querySelector("[data-forget]").addEventListener("click", () => { notice.hidden = true; forget(NEW_VISIT); });
  }
}

function begin() {
  const draft = read();
  const isFresh = !form.closest("main").querySelector("[role=alert]");
  const name = history.state?.form;
  if (!name) history.replaceState({ ...history.state, form: form.dataset.newVisit }, "");
  if (draft && isFresh) offer(draft, name);
  form.addEventListener("input", keepTyped);
  form.addEventListener("change", keepTyped);
  // A page that the browser kept whole knows nothing of what its form has done meanwhile. It is
  // asked for, and not loaded anew, which might send a form again.
  let isSent = false;
  form.addEventListener("submit", () => { keepTyped(); isSent = true; });
  window.addEventListener("pageshow", async (event) => {
    if (!event.persisted || !isSent) return;
    const fresh = await getPage(window.location.pathname);
    Object.assign(booked, JSON.parse(fresh?.getElementById("booked-forms")?.textContent || "{}"));
    lead();
  });
}

if (!lead()) begin();
