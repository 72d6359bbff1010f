// The page that waits for the code goes on by itself once the link was opened on another device.
import { getJson } from "./lib/http.js";

const EVERY_MS = 4000, FOR_MS = 30 * 60 * 1000;
const box = document.querySelector("[data-check-state]");
const form = document.getElementById("go-on");
const began = Date.now();

async function look() {
  if (Date.now() - began > FOR_MS) return;
  const typing = document.activeElement && document.activeElement.matches("input") && document.activeElement.value;
  if (!document.hidden && !typing) {
    // Without network, or with a refusal, the state is not known: it is asked for again.
    const { isOk, given } = await getJson(box.dataset.checkState);
    if (isOk && given?.state === "proved") { form.requestSubmit(); return; }
    if (isOk && given?.state === "over") { window.location.reload(); return; }
  }
  window.setTimeout(look, EVERY_MS);
}

if (box && form) window.setTimeout(look, EVERY_MS);
