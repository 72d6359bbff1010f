// A visit is taken, put somewhere else and sent there; and taken back, or confirmed first.
import { post } from "../lib/http.js";
import { forget, keep, kept, MOVED, tellOthers } from "../lib/page.js";
import {
  clockOf, frame, hush, isSame, labelled, minuteOf, placeOf, put, rowOf, spanOf, STEP_MINUTES, toast, UNDO_MS, visitOf,
  withName, word,
} from "./frame.js";
import { hand, refresh } from "./live.js";

// Where a visit came from stays in view, as an outline, until it is decided where it goes.
export function hold(item) {
  hand.isBusy = true;
  const outline = document.createElement("li");
  outline.className = `block former at-${rowOf(item)} for-${spanOf(item)}`;
  outline.setAttribute("aria-hidden", "true");
  item.parentElement.append(outline);
  item.classList.add("held");
}

export function finish() {
  hand.isBusy = false;
  frame.querySelectorAll(".held").forEach((item) => item.classList.remove("held"));
  frame.querySelectorAll(".former").forEach((item) => item.remove());
  if (hand.isStale) refresh();
}

export function putBack(item, from) {
  put(item, from);
  finish();
}

export function announce(item, from) {
  const place = placeOf(item);
  if (place.span !== from.span) { toast(labelled(word("Length"), place.span * STEP_MINUTES)); return; }
  const column = place.column === from.column ? "" : place.column.getAttribute("aria-label");
  toast(labelled(word("Moving"), `${clockOf(from.row)} → ${clockOf(place.row)} ${column}`));
}

// What the server says of a move; raises what is in its way, with the field that confirms it (`asks`).
async function send(item, place) {
  const { isOk, given } = await post(item.dataset.move, new URLSearchParams(place));
  if (!given) { tellOthers("desk:ask"); throw new Error(word("Problem")); }
  if (!isOk) throw Object.assign(new Error(given.problem || word("Problem")), { asks: given.asks });
  return given;
}

async function takeBack(item, former) {
  forget(MOVED);
  try {
    const { text } = await send(item, { ...former, retour: "1" });
    toast(withName(item, text));
    await refresh();
  } catch (problem) { toast(problem.message); }
}

// The way back is offered again where the page is left and opened anew meanwhile, as long as the
// visit stands where it was put. It is kept without the name.
export function offerAgain() {
  const moved = kept(MOVED);
  const left = moved ? moved.until - Date.now() : 0;
  const item = left > 0 && visitOf(moved.visit);
  if (!item) return;
  const { column, row } = placeOf(item);
  const isThere = column.dataset.column === moved.agenda && column.dataset.day === moved.jour && minuteOf(row) === moved.minute;
  if (isThere) toast(withName(item, moved.text), () => takeBack(item, moved.former), "", left);
}

// What has to be confirmed (a time outside the openings, two visits at once) comes back with the
// field that confirms it: the button of the toast sends it, and another question may follow.
async function attempt(item, from, place) {
  try {
    const { text, former } = await send(item, place);
    const { agenda, jour, minute } = place;
    keep(MOVED, { visit: item.dataset.visit, agenda, jour, minute: Number(minute), text, former, until: Date.now() + UNDO_MS });
    toast(withName(item, text), () => takeBack(item, former));
    // What the page said of this visit when it was opened is no longer so.
    document.querySelectorAll(`[data-done="${item.dataset.visit}"]`).forEach((said) => said.remove());
    hand.isStale = true;
  } catch (problem) {
    put(item, from);
    const anyway = async () => {
      await attempt(item, from, { ...place, [problem.asks]: "1" });
      if (hand.isStale) await refresh();
    };
    toast(withName(item, problem.message), problem.asks ? anyway : null, word("Anyway"));
  }
}

export async function drop(item, from) {
  const to = placeOf(item);
  if (isSame(from, to)) { hush(); finish(); return; }
  const place = { agenda: to.column.dataset.column, jour: to.column.dataset.day, minute: minuteOf(to.row) };
  if (to.span !== from.span) place.duree = to.span * STEP_MINUTES;
  await attempt(item, from, place);
  finish();
}
