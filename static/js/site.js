// What makes any page quicker: suggestions, countdowns, copies, and what a device keeps at hand.
// Every page works without.
import { forgetAll, markScripted, sendOnChange, tokenHeader, twoDigits } from "./lib/page.js";

markScripted();

// A form's refused page is kept by no browser, and going back to it would ask to send the form
// again, or fail (ERR_CACHE_MISS). Its place in the history is that of the form's page.
if ("posted" in document.documentElement.dataset) {
  history.replaceState(history.state, "", window.location.href);
}

// Send the CSRF token with htmx requests that change something.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") Object.assign(event.detail.headers, tokenHeader());
});

// The next person in this tab finds nothing that it keeps of this one.
document.addEventListener("submit", (event) => {
  if (event.target.hasAttribute("data-sign-out")) forgetAll();
});

// What is filled in on a booking's last page is kept when its reader leaves it by a link or the
// browser's own buttons; the buttons of its form keep it themselves (booking/web/booking/leaving.py).
const unfinished = document.querySelector("form[data-keep]");
if (unfinished) {
  let isNew = false;
  unfinished.addEventListener("input", () => { isNew = true; });
  document.addEventListener("submit", () => { isNew = false; });
  window.addEventListener("pagehide", () => {
    if (!isNew) return;
    const said = new FormData(unfinished);
    said.set("vers", "garder");
    navigator.sendBeacon(window.location.href, said);
  });
}

// Combobox after the ARIA authoring practices: a text field with a list of suggestions.
function combobox(input) {
  const list = document.getElementById(input.getAttribute("aria-controls"));
  const code = document.getElementById(input.dataset.code || "");
  const options = () => Array.from(list.querySelectorAll("[role=option]"));
  let current = -1;

  const close = () => {
    list.replaceChildren();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    current = -1;
  };
  const point = (index) => {
    const all = options();
    all.forEach((option, i) => option.setAttribute("aria-selected", String(i === index)));
    current = index;
    if (all[index]) {
      input.setAttribute("aria-activedescendant", all[index].id);
      all[index].scrollIntoView({ block: "nearest" });
    }
  };
  const choose = (option) => {
    if (option.dataset.href) {
      window.location.assign(option.dataset.href);
      return;
    }
    input.value = option.dataset.value;
    if (code) code.value = option.dataset.code || "";
    close();
  };

  input.addEventListener("input", () => { if (code) code.value = ""; });
  input.addEventListener("keydown", (event) => {
    const all = options();
    if (event.key === "ArrowDown" && all.length) { event.preventDefault(); point((current + 1) % all.length); }
    else if (event.key === "ArrowUp" && all.length) { event.preventDefault(); point((current - 1 + all.length) % all.length); }
    else if (event.key === "Enter" && current >= 0) { event.preventDefault(); choose(all[current]); }
    else if (event.key === "Escape") { close(); }
  });
  input.addEventListener("blur", () => { window.setTimeout(close, 150); });
  list.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) { event.preventDefault(); choose(option); }
  });
  list.addEventListener("htmx:afterSwap", () => {
    input.setAttribute("aria-expanded", String(options().length > 0));
    current = -1;
  });
}

// "Near me": the position goes to this site alone, rounded to about a kilometre.
function nearMe(button) {
  if (!navigator.geolocation) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const form = button.closest("form");
    navigator.geolocation.getCurrentPosition(
      (position) => {
        form.querySelector("[name=lat]").value = position.coords.latitude.toFixed(2);
        form.querySelector("[name=lon]").value = position.coords.longitude.toFixed(2);
        form.querySelector("[name=ou]").value = "";
        form.querySelector("[name=tri]").value = "proche";
        form.requestSubmit();
      },
      () => { button.textContent = button.dataset.refused; },
      { maximumAge: 600000, timeout: 10000 },
    );
  });
}

// The time left on a hold.
function countdown(element) {
  const until = Date.parse(element.dataset.until);
  const tick = () => {
    const left = Math.max(0, Math.round((until - Date.now()) / 1000));
    element.textContent = `${Math.floor(left / 60)}:${twoDigits(left % 60)}`;
    if (left > 0) { window.setTimeout(tick, 1000); return; }
    const over = document.getElementById(element.dataset.over || "");
    if (!over) return;
    over.hidden = false;
    // What it counted is said to be over: the count itself says no more.
    const counted = element.closest("[data-counts]");
    if (counted) counted.hidden = true;
    document.querySelectorAll("[data-before]").forEach((each) => { if (each.dataset.before === over.id) each.hidden = true; });
  };
  tick();
}

// Filters are folded away where there is no room for them.
function openWhenWide(details) {
  if (window.matchMedia("(min-width: 56rem)").matches) details.open = true;
}

// Times are in a practice's own zone; a note says so to a reader in another one.
function elsewhere(note) {
  const now = new Date();
  const clock = (timeZone) => now.toLocaleString("en", { timeZone, dateStyle: "short", timeStyle: "short" });
  note.hidden = clock(note.dataset.zone) === clock(undefined);
}

// Each element is enhanced once, however often htmx settles around it.
function once(root, selector, work) {
  root.querySelectorAll(`${selector}:not([data-ready])`).forEach((element) => {
    element.dataset.ready = "1";
    work(element);
  });
}

function enhance(root) {
  root.querySelectorAll("[data-zone]").forEach(elsewhere);
  once(root, "[role=combobox]", combobox);
  once(root, "[data-near-me]", nearMe);
  once(root, "[data-until]", countdown);
  once(root, "[data-copies]", copies);
  root.querySelectorAll("details[data-wide-open]").forEach(openWhenWide);
  once(root, "form[data-auto] select", sendOnChange);
  once(root, "form[data-auto] input", sendOnChange);
}

// Without network a device shows the next appointments that it kept, while their session lasts.
const OWN = "doctolib-own";
async function keepAtHand() {
  if (!("serviceWorker" in navigator) || !("caches" in window)) return;
  if (!("signedIn" in document.documentElement.dataset)) { await caches.delete(OWN); return; }
  const list = document.querySelector("[data-offline-list]");
  if (!list) return;
  await navigator.serviceWorker.register("/sw.js");
  const answer = await fetch(list.dataset.offlineList);
  if (!answer.ok || answer.redirected) return;
  // Nothing but this list is kept of an account, whatever else lay here.
  await caches.delete(OWN);
  const cache = await caches.open(OWN);
  await cache.put(list.dataset.offlineList, answer);
}

// A button that copies what a field holds, where the browser lets a page write to the clipboard.
function copies(button) {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copies);
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = button.dataset.done;
    } catch {
      field.select();
    }
  });
}

// A second click while a form is on its way sends nothing; the server bears it too, uploads apart.
// The pages of a practice see to it themselves (desk.js).
const SENT_MS = 5000;
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || document.querySelector("[data-desk]")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  window.setTimeout(() => { delete form.dataset.sent; }, SENT_MS);
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
});

document.addEventListener("DOMContentLoaded", () => enhance(document));
document.addEventListener("DOMContentLoaded", () => { keepAtHand().catch(() => { /* a convenience */ }); });
document.addEventListener("htmx:afterSettle", (event) => enhance(event.target));
