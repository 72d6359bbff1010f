// Passkeys: the browser makes and shows them (WebAuthn), the server asks and checks.
import { post } from "./lib/http.js";
import { say, wordsOf } from "./lib/page.js";

const canParse = window.PublicKeyCredential && PublicKeyCredential.parseCreationOptionsFromJSON;

// What the server, or the lack of one, says to the reader; the browser's own errors are not for them.
class Refused extends Error {}

async function send(url, body, word) {
  const { status, isOk, given } = await post(url, body);
  if (!status) throw new Refused(word("Problem"));
  if (!isOk) throw new Refused(given?.detail || "");
  return given || {};
}

function attach(box, work) {
  const button = box.querySelector("button");
  const problem = box.querySelector("[data-problem]");
  const word = wordsOf(box);
  button.addEventListener("click", async () => {
    button.disabled = true;
    say(problem, "");
    try {
      await work(word);
    } catch (refused) {
      const isOurs = refused instanceof Refused && refused.message;
      say(problem, isOurs ? refused.message : word(refused.name === "InvalidStateError" ? "Known" : "Refused"));
    } finally { button.disabled = false; }
  });
}

function offerSignIn(box) {
  if (!canParse) return;
  box.hidden = false;
  attach(box, async (word) => {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await send(box.dataset.begin, {}, word));
    const shown = await navigator.credentials.get({ publicKey });
    const next = document.querySelector("input[name=next]");
    const query = next ? `?next=${encodeURIComponent(next.value)}` : "";
    const given = await send(box.dataset.complete + query, shown.toJSON(), word);
    window.location.assign(given.redirect_url);
  });
}

function offerNewOne(box) {
  if (!canParse) {
    box.querySelector("button").hidden = true;
    box.querySelector("[data-unavailable]").hidden = false;
    return;
  }
  attach(box, async (word) => {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(await send(box.dataset.begin, {}, word));
    const made = await navigator.credentials.create({ publicKey });
    await send(box.dataset.complete, made.toJSON(), word);
    window.location.reload();
  });
}

document.querySelectorAll("[data-passkey]").forEach(offerSignIn);
document.querySelectorAll("[data-new-passkey]").forEach(offerNewOne);
