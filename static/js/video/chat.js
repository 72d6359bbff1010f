// The messages of a call, which are kept nowhere: the lines that are shown, and how many are unread.
import { part, word } from "./call.js";

const LONGEST = 1000;
let unread = 0;

function count() {
  part("count").hidden = !unread;
  part("count").textContent = unread;
}

function addLine(name, text) {
  const row = document.createElement("p");
  const author = document.createElement("strong");
  author.textContent = `${name} `;
  row.append(author, text);
  part("lines").append(row);
  row.scrollIntoView({ block: "nearest" });
}

export function receive(name, data) {
  addLine(name, String(data).slice(0, LONGEST));
  if (part("chat").hidden) unread += 1;
  count();
}

export function sendLine(peers) {
  const text = part("words").value.trim();
  if (!text) return;
  for (const peer of peers.values()) if (peer.chat.readyState === "open") peer.chat.send(text);
  addLine(word("Me"), text);
  part("words").value = "";
}

export function openOrClose(button) {
  const chat = part("chat");
  chat.hidden = !chat.hidden;
  part("room").classList.toggle("talking", !chat.hidden);
  button.setAttribute("aria-expanded", String(!chat.hidden));
  unread = 0;
  count();
  if (!chat.hidden) part("words").focus();
}
