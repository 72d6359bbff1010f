// The agenda that one lives in all day: dragged by hand or by key, and told when it changes elsewhere.
"use strict";
(() => {
  const STEP = 5;
  let frame = document.querySelector("[data-agenda]");
  if (!frame) return;
  const word = (name) => frame.dataset[`word${name}`];
  const { colon } = frame.dataset;
  // Asked for each time: signing in anew in another tab changes it (desk.js).
  const token = () => document.querySelector("input[name=csrfmiddlewaretoken]").value;
  const tell = (name) => document.dispatchEvent(new CustomEvent(`desk:${name}`));
  const toast = document.querySelector("[data-toast]");
  const mayChange = Boolean(frame.dataset.mayChange);
  let isBusy = false; // a visit is in somebody's hand
  let isStale = false; // something changed meanwhile

  const UNDO_MS = 25000; // less than the news of a move waits
  let toastTimer = 0;
  const renounce = toast.querySelector("[data-renounce]");
  // A question, whose button is named, can be answered with no as well.
  function say(text, undo, name, lasts = UNDO_MS) {
    window.clearTimeout(toastTimer);
    toast.hidden = false;
    toast.firstElementChild.textContent = text;
    const button = toast.querySelector("button");
    button.hidden = !undo;
    button.onclick = undo || null;
    button.textContent = name || word("Undo");
    renounce.hidden = !(undo && name);
    renounce.textContent = word("Renounce");
    toastTimer = window.setTimeout(() => { toast.hidden = true; }, undo ? lasts : 6000);
  }

  renounce.onclick = () => say(word("LeftThere"));

  // --- Where a visit stands: rows are five minutes ---------------------------------------------
  const numberOf = (item, prefix) => Number([...item.classList].find((c) => c.startsWith(prefix)).slice(prefix.length));
  const placeOf = (item) => ({ column: item.parentElement, row: numberOf(item, "at-"), span: numberOf(item, "for-") });
  function put(item, { column, row, span }) {
    const last = Number(frame.dataset.rows);
    const length = Math.min(Math.max(1, span), last);
    const begins = Math.min(Math.max(1, row), last - length + 1);
    item.classList.remove(`at-${numberOf(item, "at-")}`, `for-${numberOf(item, "for-")}`);
    item.classList.add(`at-${begins}`, `for-${length}`);
    if (item.parentElement !== column) column.append(item);
  }
  // Where a visit came from stays in view, as an outline, until it is decided where it goes.
  function hold(item) {
    isBusy = true;
    const outline = document.createElement("li");
    outline.className = `block former at-${numberOf(item, "at-")} for-${numberOf(item, "for-")}`;
    outline.setAttribute("aria-hidden", "true");
    item.parentElement.append(outline);
    item.classList.add("held");
  }
  const minuteOf = (row) => Number(frame.dataset.firstHour) * 60 + (row - 1) * STEP;
  const clock = (minute) => `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
  const isSame = (a, b) => a.column === b.column && a.row === b.row && a.span === b.span;

  function announce(item, from) {
    const place = placeOf(item);
    const [before, now] = [from, place].map(({ row }) => clock(minuteOf(row)));
    say(place.span === from.span
      ? `${word("Moving")}${colon}${before} → ${now} ${place.column === from.column ? "" : place.column.getAttribute("aria-label")}`
      : `${word("Length")}${colon}${place.span * STEP}`);
  }

  async function post(url, place) {
    let answer = null;
    let given = null;
    // A browser's own words for a lost connection are nobody's: they are English everywhere.
    try {
      answer = await fetch(url, {
        method: "POST", credentials: "same-origin", headers: { "X-CSRFToken": token() }, body: new URLSearchParams(place),
      });
      const type = answer.headers.get("Content-Type") || "";
      if (type.startsWith("application/json")) given = await answer.json();
    } catch { /* no answer, or half of one */ }
    if (!given) { tell("ask"); throw new Error(word("Problem")); }
    if (!answer.ok) throw Object.assign(new Error(given.problem || word("Problem")), { asks: given.asks });
    return given;
  }

  const withName = (item, text) => {
    const name = item.querySelector("[data-name]").textContent;
    return name ? `${name}${colon}${text}` : text;
  };

  async function takeBack(item, former) {
    sessionStorage.removeItem(MOVED);
    try { say(withName(item, (await post(item.dataset.move, { ...former, retour: "1" })).text)); await refresh(); }
    catch (problem) { say(problem.message); }
  }

  // The way back is offered again where the page is left and opened anew meanwhile, as long as the
  // visit stands where it was put. It is kept without the name.
  const MOVED = "moved-on-agenda";
  function keep(item, { agenda, jour, minute }, { text, former }) {
    const kept = { visit: item.dataset.visit, agenda, jour, minute: Number(minute), text, former, until: Date.now() + UNDO_MS };
    sessionStorage.setItem(MOVED, JSON.stringify(kept));
  }
  function offerAgain() {
    const kept = JSON.parse(sessionStorage.getItem(MOVED) || "null");
    const left = kept ? kept.until - Date.now() : 0;
    const item = left > 0 && frame.querySelector(`[data-visit="${kept.visit}"]`);
    if (!item) return;
    const { column, row } = placeOf(item);
    const isThere = column.dataset.column === kept.agenda && column.dataset.day === kept.jour && minuteOf(row) === kept.minute;
    if (isThere) say(withName(item, kept.text), () => takeBack(item, kept.former), "", left);
  }

  // What has to be confirmed (a time outside the openings, two visits at once) comes back with the
  // field that confirms it: the button of the toast sends it, and another question may follow.
  async function drop(item, from) {
    const to = placeOf(item);
    if (isSame(from, to)) { toast.hidden = true; finish(); return; }
    const place = { agenda: to.column.dataset.column, jour: to.column.dataset.day, minute: minuteOf(to.row) };
    if (to.span !== from.span) place.duree = to.span * STEP;
    const spoken = (text) => withName(item, text);
    const send = async (wanted) => {
      try {
        const given = await post(item.dataset.move, wanted);
        keep(item, wanted, given);
        say(spoken(given.text), () => takeBack(item, given.former));
        // What the page said of this visit when it was opened is no longer so.
        document.querySelectorAll(`[data-done="${item.dataset.visit}"]`).forEach((said) => said.remove());
        isStale = true;
      } catch (problem) {
        put(item, from);
        const meant = problem.asks && { ...wanted, [problem.asks]: "1" };
        say(spoken(problem.message), meant ? async () => { await send(meant); if (isStale) await refresh(); } : null, word("Anyway"));
      }
    };
    await send(place);
    finish();
  }

  function finish() {
    isBusy = false;
    frame.querySelectorAll(".held").forEach((item) => item.classList.remove("held"));
    frame.querySelectorAll(".former").forEach((item) => item.remove());
    if (isStale) refresh();
  }

  // --- By hand ---------------------------------------------------------------------------------
  function take(event, item, isEdge) {
    if (event.button !== 0 || event.pointerType === "touch" || isBusy) return;
    const from = placeOf(item);
    const height = item.getBoundingClientRect().height / from.span;
    const startX = event.clientX;
    const startY = event.clientY;
    let moved = false;
    const move = (now) => {
      if (!moved && Math.hypot(now.clientX - startX, now.clientY - startY) < 5) return;
      if (!moved) hold(item);
      moved = true;
      const steps = Math.round((now.clientY - startY) / height);
      const under = document.elementsFromPoint(now.clientX, now.clientY).map((e) => e.closest("[data-column]")).find(Boolean);
      put(item, isEdge ? { ...from, span: from.span + steps } : { column: under || item.parentElement, row: from.row + steps, span: from.span });
      announce(item, from);
    };
    const end = (last) => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
      window.removeEventListener("keydown", escape, true);
      if (!moved) return;
      // The click that ends a drag opens no page.
      window.addEventListener("click", stop, { capture: true, once: true });
      window.setTimeout(() => window.removeEventListener("click", stop, true), 0);
      if (last.type === "pointerup") drop(item, from); else { put(item, from); finish(); }
    };
    const escape = (key) => { if (key.key === "Escape") { key.preventDefault(); end(key); } };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
    window.addEventListener("keydown", escape, true);
  }
  function stop(event) { event.preventDefault(); event.stopPropagation(); }

  // --- By key ----------------------------------------------------------------------------------
  function byKey(item) {
    const link = item.querySelector("a");
    let from = null;
    link.addEventListener("keydown", (event) => {
      if (!from) {
        if (event.key.toLowerCase() !== "m" || event.ctrlKey || event.altKey || event.metaKey || isBusy) return;
        event.preventDefault();
        from = placeOf(item);
        hold(item);
        announce(item, from);
        return;
      }
      const place = placeOf(item);
      const columns = [...frame.querySelectorAll("[data-column]")];
      const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const steps = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (steps && event.shiftKey) put(item, { ...place, span: place.span + steps });
      else if (steps) put(item, { ...place, row: place.row + steps });
      else if (sideways) put(item, { ...place, column: columns[columns.indexOf(place.column) + sideways] || place.column });
      else if (event.key === "Enter") { event.preventDefault(); const was = from; from = null; drop(item, was); return; }
      else if (event.key === "Escape") { put(item, from); from = null; say(word("LeftThere")); finish(); link.focus(); return; }
      else return;
      event.preventDefault();
      link.focus();
      announce(item, from);
    });
    // A column change moves the item in the document, which takes the focus with it.
    link.addEventListener("blur", () => window.setTimeout(() => {
      if (from && document.activeElement !== link) { put(item, from); from = null; finish(); }
    }, 0));
  }

  function enliven() {
    if (!mayChange) return;
    for (const item of frame.querySelectorAll("[data-visit]")) {
      const edge = document.createElement("span");
      edge.className = "edge";
      item.append(edge);
      item.querySelector("a").draggable = false;
      item.addEventListener("pointerdown", (event) => take(event, item, event.target === edge));
      byKey(item);
    }
  }

  // --- Told when something changes elsewhere ----------------------------------------------------
  // The page is fetched without names: those it knows are kept, and only new ones are opened. Looks
  // may overlap, and answers come in any order: only the one that was begun last counts, and none
  // that was begun before a visit was put somewhere.
  let looks = 0;
  const fetchPage = async (address) => {
    try {
      const answer = await fetch(address, { credentials: "same-origin" });
      return answer.ok && !answer.redirected ? answer : null;
    } catch { return null; }
  };
  // Returns whether the page could be asked for at all.
  async function refresh() {
    if (isBusy) { isStale = true; return true; }
    isStale = false;
    looks += 1;
    const mine = looks;
    const isOver = () => {
      if (mine === looks && isBusy) isStale = true;
      return mine !== looks || isBusy;
    };
    const address = new URL(window.location.href);
    address.searchParams.set("sans-noms", "1");
    const answer = await fetchPage(address);
    const fresh = answer && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-agenda]");
    if (!fresh) { tell("ask"); return false; }
    if (isOver()) return true;
    const nameIn = (item) => item.querySelector("[data-name]");
    const known = new Map([...frame.querySelectorAll("[data-visit]")].map((item) => [item.dataset.visit, nameIn(item).textContent]));
    const visits = [...fresh.querySelectorAll("[data-visit]")];
    const unknown = visits.filter((item) => !known.get(item.dataset.visit)).map((item) => item.dataset.visit);
    if (unknown.length) {
      const query = new URLSearchParams(unknown.map((id) => ["rdv", id]));
      const names = await fetchPage(`${frame.dataset.names}?${query}`);
      if (names) Object.entries(await names.json()).forEach(([id, name]) => known.set(id, name));
    }
    if (isOver()) return true;
    visits.forEach((item) => { nameIn(item).textContent = known.get(item.dataset.visit) || ""; });
    const focused = document.activeElement.closest?.("[data-visit]")?.dataset.visit;
    const { scrollTop, scrollLeft } = frame;
    if (!isLive) fresh.classList.add("not-live");
    frame.replaceWith(fresh);
    frame = fresh;
    frame.scrollTop = scrollTop;
    frame.scrollLeft = scrollLeft;
    enliven();
    tell("fresh");
    if (focused) frame.querySelector(`[data-visit="${focused}"] a`)?.focus();
    return true;
  }

  enliven();
  if (mayChange) offerAgain();

  // --- The stream of hints, and what is said when it is interrupted ----------------------------
  const WAIT_MS = 2000;
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
    tell("lost");
  }
  async function look() {
    const before = frame.textContent;
    const wasLive = isLive;
    if (!await refresh()) { lose(); return; }
    if (!wasLive) {
      isLive = true;
      frame.classList.remove("not-live");
      tell("live");
    } else if (frame.textContent !== before && toast.hidden) say(word("Fresh"));
  }
  function follow() {
    triedAt = Date.now();
    source?.close();
    source = new EventSource(frame.dataset.live, { withCredentials: true });
    source.onerror = lose;
    source.onmessage = ({ data }) => {
      const { kind } = JSON.parse(data);
      if (kind === "closed") { lose(); return; }
      // The session's pass is over: asked anew, the browser gets the next one (booking/pages/session/device.py).
      if (kind === "again") { follow(); return; }
      // Several changes in a row are one look.
      window.clearTimeout(timer);
      timer = window.setTimeout(look, isLive ? 300 : 0);
    };
  }
  // Once something is lost, desk.js asks how the session stands until it is open.
  document.addEventListener("desk:open", () => {
    if (!isLive && source.readyState === EventSource.CLOSED && Date.now() - triedAt >= WAIT_MS) follow();
  });
  window.addEventListener("pagehide", () => { isLeaving = true; source.close(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) { isLeaving = false; follow(); } });
  follow();
})();
