// The agenda on the page: its frame, where a visit stands in it (a column, and rows of five minutes),
// and the toast at its foot that says what happened.
import { twoDigits, wordsOf } from "../lib/page.js";

export const STEP_MINUTES = 5;
export let frame = document.querySelector("[data-agenda]");

// The former frame keeps where it was scrolled to.
export function replaceFrame(fresh) {
  const { scrollTop, scrollLeft } = frame;
  frame.replaceWith(fresh);
  frame = fresh;
  frame.scrollTop = scrollTop;
  frame.scrollLeft = scrollLeft;
}

export const word = (name) => wordsOf(frame)(name);
export const labelled = (label, text) => `${label}${frame.dataset.colon}${text}`;
export const mayChange = () => Boolean(frame.dataset.mayChange);
export const visits = (within = frame) => [...within.querySelectorAll("[data-visit]")];
export const visitOf = (id) => frame.querySelector(`[data-visit="${id}"]`);
export const nameIn = (item) => item.querySelector("[data-name]");
export const columns = () => [...frame.querySelectorAll("[data-column]")];

export function withName(item, text) {
  const name = nameIn(item).textContent;
  return name ? labelled(name, text) : text;
}

const numberOf = (item, prefix) => Number([...item.classList].find((c) => c.startsWith(prefix)).slice(prefix.length));
export const rowOf = (item) => numberOf(item, "at-");
export const spanOf = (item) => numberOf(item, "for-");
export const placeOf = (item) => ({ column: item.parentElement, row: rowOf(item), span: spanOf(item) });
export const isSame = (a, b) => a.column === b.column && a.row === b.row && a.span === b.span;
export const minuteOf = (row) => Number(frame.dataset.firstHour) * 60 + (row - 1) * STEP_MINUTES;
export const clockOf = (row) => `${twoDigits(Math.floor(minuteOf(row) / 60))}:${twoDigits(minuteOf(row) % 60)}`;

export function put(item, { column, row, span }) {
  const last = Number(frame.dataset.rows);
  const length = Math.min(Math.max(1, span), last);
  const begins = Math.min(Math.max(1, row), last - length + 1);
  item.classList.remove(`at-${rowOf(item)}`, `for-${spanOf(item)}`);
  item.classList.add(`at-${begins}`, `for-${length}`);
  if (item.parentElement !== column) column.append(item);
}

// --- The toast, with a button that takes back or confirms what it says --------------------------
export const UNDO_MS = 25000; // less than the news of a move waits
const SAID_MS = 6000;
const box = document.querySelector("[data-toast]");
const button = box.querySelector("button");
const renounce = box.querySelector("[data-renounce]");
let timer = 0;

export const isSilent = () => box.hidden;

export function hush() { box.hidden = true; }

// `act` is what the button does, `name` what it says: a named one answers a question, and there is a
// second button for no.
export function toast(text, act, name, lasts = UNDO_MS) {
  window.clearTimeout(timer);
  box.hidden = false;
  box.firstElementChild.textContent = text;
  button.hidden = !act;
  button.onclick = act || null;
  button.textContent = name || word("Undo");
  renounce.hidden = !(act && name);
  renounce.textContent = word("Renounce");
  timer = window.setTimeout(hush, act ? lasts : SAID_MS);
}

renounce.onclick = () => toast(word("LeftThere"));
