// A new visit that is left half filled in comes back as it was; one that was booked says so.
//
// The browser forgets such fields on purpose, since they name people. So this tab alone keeps them,
// until the visit is booked, the session ends, or half an hour has passed. Each form has a name, which
// goes with the page's place in the history.
"use strict";
(() => {
  const form = document.querySelector("[data-new-visit]");
  if (!form) return;
  const KEY = "new-visit";
  const KEPT_MS = 30 * 60 * 1000;
  const SKIPPED = ["csrfmiddlewaretoken", "formulaire", "vu", "heure-voulue", "les-deux", "overbook"];
  const booked = JSON.parse(document.getElementById("booked-forms").textContent);
  const notice = form.parentElement.querySelector("[data-draft]");

  function read() {
    try {
      const draft = JSON.parse(sessionStorage.getItem(KEY));
      const isGood = draft && draft.whose === form.dataset.whose && Date.now() - draft.at < KEPT_MS && !booked[draft.form];
      if (!isGood) sessionStorage.removeItem(KEY);
      return isGood ? draft : null;
    } catch { return null; }
  }
  const write = (draft) => { try { sessionStorage.setItem(KEY, JSON.stringify(draft)); } catch { /* not kept */ } };

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
  if (lead()) return;

  // --- What is typed is kept ----------------------------------------------------------------------
  const fields = () => [...form.elements].filter((field) => field.name && !SKIPPED.includes(field.name) && field.type !== "submit" && field.type !== "hidden");
  const isTold = (values) => values.patient || ["q", "first_name", "last_name", "birth_date", "phone", "email"].some((name) => (values[name] || "").trim());
  function keep() {
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
  const draft = read();
  const isOwn = draft && (draft.form === history.state?.form || draft.resumes);
  // A patient who was chosen is opened by the server again.
  const needsPage = ({ values }) => /^[0-9a-f-]{36}$/.test(values.patient || "") && !form.querySelector(`input[name=patient][value="${values.patient}"]`);
  function resume() {
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
  const isFresh = !form.closest("main").querySelector("[role=alert]");
  if (!history.state?.form) history.replaceState({ ...history.state, form: form.dataset.newVisit }, "");
  if (draft && isFresh) {
    if (isOwn) {
      window.addEventListener("load", resume);
    } else if (draft.form !== form.dataset.newVisit) {
      notice.hidden = false;
      notice.querySelector("[data-resume]").addEventListener("click", () => { notice.hidden = true; resume(); });
      notice.querySelector("[data-forget]").addEventListener("click", () => { notice.hidden = true; sessionStorage.removeItem(KEY); });
    }
  }
  form.addEventListener("input", keep);
  form.addEventListener("change", keep);
  // A page that the browser kept whole knows nothing of what its form has done meanwhile. It is
  // asked for, and not loaded anew, which might send a form again.
  let isSent = false;
  form.addEventListener("submit", () => { keep(); isSent = true; });
  window.addEventListener("pageshow", async (event) => {
    if (!event.persisted || !isSent) return;
    try {
      const answer = await fetch(window.location.pathname, { credentials: "same-origin", cache: "no-store" });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("booked-forms");
      Object.assign(booked, JSON.parse(fresh?.textContent || "{}"));
      lead();
    } catch { /* the page stays as it was */ }
  });
})();
