// A visit by video: browser to browser (WebRTC). This file gives the page's buttons their work.
// call: the page, and what is told the server · devices: camera, microphone, screen · room: the people
// and the server's events · peer: one connection · chat: the messages
import { part, root, say, tellServer, word } from "./video/call.js";
import { openOrClose, sendLine } from "./video/chat.js";
import { beep, media, openDevices, share, toggle } from "./video/devices.js";
import { join, leave, over, peers } from "./video/room.js";

const onClick = (name, work) => part(name)?.addEventListener("click", ({ currentTarget }) => work(currentTarget));

async function shareOrNot() {
  if (media.screen) { share(null, peers); return; }
  try { share(await navigator.mediaDevices.getDisplayMedia({ video: true }), peers); }
  catch (problem) { if (problem.name !== "NotAllowedError") say(word("CannotShare")); }
}

async function ask(url) {
  try { await tellServer(url, {}); } catch (problem) { say(problem.message); }
}

part("camera").addEventListener("change", openDevices);
part("microphone").addEventListener("change", openDevices);
onClick("retry", openDevices);
onClick("sound", beep);
onClick("join", join);
onClick("mute", (button) => toggle(button, "audio", [word("Mute"), word("Unmute")]));
onClick("hide", (button) => toggle(button, "video", [word("Hide"), word("Show")]));
onClick("share", shareOrNot);
onClick("talk", openOrClose);
part("say").addEventListener("submit", (event) => { event.preventDefault(); sendLine(peers); });
onClick("leave", () => { leave(); over("", false); });
onClick("again", async () => { await openDevices(); if (media.own) await join(); });
onClick("let-in", () => ask(root.dataset.start));
onClick("finish", () => ask(root.dataset.end));
window.addEventListener("pagehide", leave);
if (!navigator.mediaDevices || !navigator.mediaDevices.getDisplayMedia) part("share").hidden = true;

part("check").hidden = false;
openDevices();
