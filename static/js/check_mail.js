// The page that waits for the code goes on by itself once the link was opened on another device.
"use strict";
(() => {
  const box = document.querySelector("[data-check-state]");
  const form = document.getElementById("go-on");
  if (!box || !form) return;
  const EVERY_MS = 4000, FOR_MS = 30 * 60 * 1000;
  const began = Date.now();

  async function look() {
    if (Date.now() - began > FOR_MS) return;
    const typing = document.activeElement && document.activeElement.matches("input") && document.activeElement.value;
    if (!document.hidden && !typing) {
      try {
        const answer = await fetch(box.dataset.checkState, { headers: { Accept: "application/json" }, cache: "no-store" });
        const { state } = answer.ok ? await answer.json() : { state: "open" };
        if (state === "proved") { form.requestSubmit(); return; }
        if (state === "over") { window.location.reload(); return; }
      } catch { /* no network for the moment: asked again */ }
    }
    window.setTimeout(look, EVERY_MS);
  }

  window.setTimeout(look, EVERY_MS);
})();
