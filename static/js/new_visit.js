// A visit booked on the phone: the chosen patient stays chosen, whatever comes back late from a search.

const form = document.querySelector("[data-new-visit]");
const chosen = form.querySelector("#choisi");
const found = form.querySelector("#resultats");
const isNew = form.querySelector("#new");
const file = form.querySelector("[data-new-file]");
const summary = form.querySelector("[data-summary]");
const search = form.querySelector("#q");
const main = form.querySelector("[data-main]");
const holds = (input) => (input.type === "checkbox" ? input.checked : input.value.trim());
const typed = () => [...file.querySelectorAll("input")].some(holds);
const choice = () => form.querySelector("input[name=patient]:checked");

function tell() {
  const now = choice();
  file.classList.toggle("open", typed());
  let text = form.dataset.wordNobody;
  if (now === isNew) {
    const name = ["first_name", "last_name"].map((each) => form.elements[each].value.trim()).join(" ").trim();
    text = `${form.dataset.wordNew}${name ? `${form.dataset.colon}${name}` : ""}`;
  } else if (now) {
    text = `${form.dataset.wordFor} ${now.closest("[data-choice]").querySelector("[data-who]").textContent}`;
  }
  if (summary.textContent !== text) summary.textContent = text;
}

// The chosen patient leaves the list of those who were found: the next search replaces that list alone.
function keepChosen() {
  const row = choice()?.closest("[data-choice]");
  if (row && row.parentElement !== chosen) {
    const hadFocus = row.contains(document.activeElement);
    chosen.replaceChildren(row);
    if (hadFocus) row.querySelector("input").focus();
  }
  tell();
}
function withoutTwins() {
  const there = chosen.querySelector("input")?.value;
  found.querySelectorAll("input[name=patient]").forEach((input) => {
    if (input.value === there) input.closest("[data-choice]").remove();
  });
}

form.addEventListener("change", (event) => { if (event.target.name === "patient") keepChosen(); });
// What is typed of a new patient is about a new patient.
file.addEventListener("input", () => { if (typed()) isNew.checked = true; tell(); });
document.addEventListener("htmx:afterSwap", (event) => { if (event.target === found) { withoutTwins(); tell(); } });

// A slot fills the two fields in at once; the list that follows only shows it.
form.addEventListener("click", (event) => {
  const slot = event.target.closest("button[name=creneau]");
  if (!slot) return;
  form.elements.jour.value = slot.dataset.day;
  form.elements.heure.value = slot.dataset.clock;
}, true);

form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("input:not([type=radio], [type=checkbox])")) return;
  event.preventDefault();
  if (event.target === search) search.dispatchEvent(new Event("cherche", { bubbles: true }));
  else form.requestSubmit(main);
});
form.querySelector("button[name=search]").hidden = true;
tell();

// What was typed before the page was ready is looked for now.
document.addEventListener("htmx:load", (event) => {
  const early = search.value.trim() && search.value !== search.defaultValue && !found.childElementCount;
  if (event.target === document.body && early) search.dispatchEvent(new Event("cherche", { bubbles: true }));
});

// What was typed before comes back (new_visit_draft.js); what follows from it is asked for again.
form.addEventListener("restored", () => {
  file.classList.toggle("open", typed());
  if (search.value.trim() && !found.childElementCount) search.dispatchEvent(new Event("cherche", { bubbles: true }));
  form.elements.motif.dispatchEvent(new Event("change", { bubbles: true }));
  keepChosen();
});
