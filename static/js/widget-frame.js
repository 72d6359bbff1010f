// Tells the page around the frame how high the frame's content is, and nothing else.
"use strict";
const tell = () => window.parent.postMessage({ doctolibHeight: document.documentElement.scrollHeight }, "*");
new ResizeObserver(tell).observe(document.body);
document.querySelectorAll("form[data-auto]").forEach((form) => {
  form.addEventListener("change", () => form.requestSubmit());
});
document.documentElement.classList.add("js");
