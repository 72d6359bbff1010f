// The room of a call: the people in it, the connection to each, and the server's events about them.
import { csrfToken, TOKEN_FIELD } from "../lib/page.js";
import { isPatient, part, root, say, sendFrom, tellServer, word } from "./call.js";
import { closeDevices, share } from "./devices.js";
import { Peer } from "./peer.js";

const [REFUSALS, RETRY_MS] = [4, 2000];
let entry = null; // one's place, the ways to others, the address of events
let source = null;
let started = false;
const people = new Map(); // place: {part, name}
export const peers = new Map(); // place: Peer

function nameOf(place) {
  const person = people.get(place);
  return (person && (person.name || (person.part === "patient" && word("Patient")))) || "";
}

const mayTalk = (person) => started || (person.part !== "patient" && !isPatient);

function dial(place, round = 0) {
  peers.get(place)?.close();
  peers.set(place, new Peer({
    place, round, entry, name: () => nameOf(place), changed: report, again: (next) => dial(place, next),
  }));
  report();
}

function connect() {
  for (const [place, person] of people) {
    if (mayTalk(person) && !peers.has(place)) dial(place);
  }
  for (const [place, peer] of peers) {
    if (!people.has(place)) { peer.close(); peers.delete(place); }
  }
  report();
}

function report() {
  const present = [...peers.values()].filter((peer) => !peer.isGone);
  const knocks = !started && [...people.values()].some((person) => person.part === "patient");
  const door = part("let-in");
  if (door) door.hidden = !knocks;
  if (present.some((peer) => peer.isBroken)) say(word("Lost"));
  else if (knocks) say(word("Knocks"));
  else if (present.some((peer) => peer.state === "connected")) say(word("Together"));
  else if (present.length) say(word("Connecting"));
  else if (isPatient && !started) say(word("Waiting"));
  else say(word("Alone"));
}

function signalled(event) {
  const { from, round = 0 } = event;
  if (people.has(from) && !(peers.get(from)?.round >= round)) dial(from, round);
  const peer = peers.get(from);
  if (peer?.round === round) peer.take(event).catch(() => peer.pc.restartIce());
}

function hear(event) {
  switch (event.kind) {
    case "welcome":
      started = event.started;
      people.clear();
      event.people.forEach((person) => people.set(person.place, person));
      connect();
      break;
    case "came": people.set(event.place, event); connect(); break;
    case "lost": report(); break;
    case "left": people.delete(event.place); connect(); break;
    case "started": started = true; connect(); break;
    case "signal": signalled(event); break;
    case "replaced": over(word("Replaced"), false); break;
    case "ended": over(word("Ended"), true); break;
    case "closed": over(word("Closed"), true); break;
    default:
  }
}

export async function join() {
  part("join").disabled = true;
  try {
    entry = await tellServer(root.dataset.enter, {});
  } catch (problem) {
    say(problem.message);
    part("join").disabled = false;
    return;
  }
  sendFrom(entry.place);
  part("check").hidden = true;
  part("over").hidden = true;
  part("room").hidden = false;
  part("mute").focus();
  say(word("Connecting"));
  follow(entry, 0);
}

// A browser asks again by itself where the line broke, but not where a server said no: it may
// have been one that is being replaced.
function follow(mine, refusals) {
  if (entry !== mine) return;
  source = new EventSource(mine.events, { withCredentials: true });
  source.onopen = () => { refusals = 0; };
  source.onmessage = ({ data }) => hear(JSON.parse(data));
  source.onerror = ({ target }) => {
    if (target.readyState !== EventSource.CLOSED || entry !== mine) return;
    if (refusals >= REFUSALS) over(word("Closed"), false);
    else window.setTimeout(() => follow(mine, refusals + 1), RETRY_MS);
  };
}

function tidy() {
  if (source) source.close();
  source = null;
  entry = null;
  sendFrom(null);
  for (const peer of peers.values()) peer.close();
  peers.clear();
  people.clear();
}

export function over(text, isFinal) {
  tidy();
  share(null, peers);
  closeDevices();
  part("room").hidden = true;
  part("over").hidden = false;
  part("again").hidden = isFinal;
  say(text);
}

export function leave() {
  if (!entry) return;
  const goodbye = new FormData();
  goodbye.append(TOKEN_FIELD, csrfToken());
  goodbye.append("leaves", entry.place);
  // A page that is being closed may not wait for an answer.
  navigator.sendBeacon(root.dataset.signal, goodbye);
}
