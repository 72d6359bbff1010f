// Passkeys: the browser makes and shows them (WebAuthn), the server asks and checks.
"use strict";
(() => {
  const canParse = window.PublicKeyCredential && PublicKeyCredential.parseCreationOptionsFromJSON;

  // A browser's own words for a lost connection are nobody's: they are English everywhere.
  async function post(url, body, box) {
    try { return await ask(url, body); } catch (refused) {
      throw refused.constructor === Error ? refused : new Error(box.dataset.wordProblem);
    }
  }

  async function ask(url, body) {
    const token = document.querySelector("input[name=csrfmiddlewaretoken]").value;
    const answer = await fetch(url, {
      method: "POST", credentials: "same-origin",
      headers: { "X-CSRFToken": token, "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
    });
    const type = answer.headers.get("Content-Type") || "";
    const given = type.startsWith("application/json") ? await answer.json() : {};
    if (!answer.ok) throw new Error(given.detail || "");
    return given;
  }

  function attach(box, work) {
    const button = box.querySelector("button");
    const problem = box.querySelector("[data-problem]");
    button.addEventListener("click", async () => {
      button.disabled = true;
      problem.hidden = true;
      try {
        await work();
      } catch (refused) {
        const isOurs = refused instanceof Error && refused.constructor === Error && refused.message;
        const word = refused.name === "InvalidStateError" ? box.dataset.wordKnown : box.dataset.wordRefused;
        problem.textContent = isOurs ? refused.message : word;
        problem.hidden = false;
      } finally { button.disabled = false; }
    });
  }

  for (const box of document.querySelectorAll("[data-passkey]")) {
    if (!canParse) continue;
    box.hidden = false;
    attach(box, async () => {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await post(box.dataset.begin, {}, box));
      const shown = await navigator.credentials.get({ publicKey });
      const next = document.querySelector("input[name=next]");
      const query = next ? `?next=${encodeURIComponent(next.value)}` : "";
      const given = await post(box.dataset.complete + query, shown.toJSON(), box);
      window.location.assign(given.redirect_url);
    });
  }
  for (const box of document.querySelectorAll("[data-new-passkey]")) {
    if (!canParse) {
      box.querySelector("button").hidden = true;
      box.querySelector("[data-unavailable]").hidden = false;
      continue;
    }
    attach(box, async () => {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(await post(box.dataset.begin, {}, box));
      const made = await navigator.credentials.create({ publicKey });
      await post(box.dataset.complete, made.toJSON(), box);
      window.location.reload();
    });
  }
})();
