// The agenda that stays open all day: a visit is moved by hand, with a mouse or a pen, or by key.
// frame: where a visit stands, what is said · moving: what is sent · live: following changes elsewhere
import { columns, mayChange, placeOf, put, toast, visits, word } from "./agenda/frame.js";
import { follow, hand, whenRefreshed } from "./agenda/live.js";
import { announce, drop, finish, hold, offerAgain, putBack } from "./agenda/moving.js";

const STILL_PX = 5; // a shorter way is a click

function stop(event) { event.preventDefault(); event.stopPropagation(); }

function drag(event, item, isEdge) {
  if (event.button !== 0 || event.pointerType === "touch" || hand.isBusy) return;
  const from = placeOf(item);
  const height = item.getBoundingClientRect().height / from.span;
  const { clientX: startX, clientY: startY } = event;
  let moved = false;
  const move = (now) => {
    if (!moved && Math.hypot(now.clientX - startX, now.clientY - startY) < STILL_PX) return;
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
    if (last.type === "pointerup") drop(item, from); else putBack(item, from);
  };
  const escape = (key) => { if (key.key === "Escape") { key.preventDefault(); end(key); } };
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", end);
  window.addEventListener("pointercancel", end);
  window.addEventListener("keydown", escape, true);
}

function byKey(item) {
  const link = item.querySelector("a");
  let from = null;
  link.addEventListener("keydown", (event) => {
    if (!from) {
      if (event.key.toLowerCase() !== "m" || event.ctrlKey || event.altKey || event.metaKey || hand.isBusy) return;
      event.preventDefault();
      from = placeOf(item);
      hold(item);
      announce(item, from);
      return;
    }
    const place = placeOf(item);
    const all = columns();
    const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const steps = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (steps && event.shiftKey) put(item, { ...place, span: place.span + steps });
    else if (steps) put(item, { ...place, row: place.row + steps });
    else if (sideways) put(item, { ...place, column: all[all.indexOf(place.column) + sideways] || place.column });
    else if (event.key === "Enter") { event.preventDefault(); const was = from; from = null; drop(item, was); return; }
    else if (event.key === "Escape") { put(item, from); from = null; toast(word("LeftThere")); finish(); link.focus(); return; }
    else return;
    event.preventDefault();
    link.focus();
    announce(item, from);
  });
  // A column change moves the item in the document, which takes the focus with it.
  link.addEventListener("blur", () => window.setTimeout(() => {
    if (from && document.activeElement !== link) { const was = from; from = null; putBack(item, was); }
  }, 0));
}

function makeMovable(item) {
  const edge = document.createElement("span");
  edge.className = "edge";
  item.append(edge);
  item.querySelector("a").draggable = false;
  item.addEventListener("pointerdown", (event) => drag(event, item, event.target === edge));
  byKey(item);
}

function enliven() {
  if (mayChange()) visits().forEach(makeMovable);
}

enliven();
whenRefreshed(enliven);
if (mayChange()) offerAgain();
follow();
