// Tells the page around the frame how high the frame's content is, and nothing else.
import { markScripted, sendOnChange } from "./lib/page.js";

const tell = () => window.parent.postMessage({ doctolibHeight: document.documentElement.scrollHeight }, "*");
new ResizeObserver(tell).observe(document.body);
document.querySelectorAll("form[data-auto] select, form[data-auto] input").forEach(sendOnChange);
markScripted();
