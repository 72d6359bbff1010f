// Puts the booking of a practice into the page that has the script tag:
// <script src="https://…/widget.js" data-practice="…" async></script>
// It sets no cookie, loads nothing else, and works under a content security policy that allows
// our address in script-src and frame-src.
"use strict";
(() => {
  const script = document.currentScript;
  const origin = new URL(script.src).origin;
  const language = script.dataset.lang || document.documentElement.lang.slice(0, 2);
  const frame = document.createElement("iframe");
  frame.src = `${origin}/widget/${encodeURIComponent(script.dataset.practice)}/?lang=${encodeURIComponent(language)}`;
  frame.title = script.dataset.title || (language === "en" ? "Book an appointment" : "Prendre rendez-vous");
  frame.width = "100%";
  frame.height = "560";
  frame.loading = "lazy";
  frame.referrerPolicy = "origin";
  frame.style.border = "0";
  script.after(frame);
  window.addEventListener("message", (event) => {
    const height = event.data && event.data.doctolibHeight;
    if (event.origin === origin && event.source === frame.contentWindow && Number.isFinite(height)) {
      frame.height = String(Math.min(Math.max(height, 200), 4000));
    }
  });
})();
