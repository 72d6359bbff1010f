// A visit by video: browser to browser (WebRTC), with "perfect negotiation" as the W3C's
// specification describes it (webrtc-pc, section 10.7), so that both sides may begin or begin anew.
"use strict";
(() => {
  const root = document.querySelector("[data-video]");
  if (!root || !root.querySelector("[data-check]")) return;
  const part = (name) => root.querySelector(`[data-${name}]`);
  const word = (name) => root.dataset[`word${name}`];
  const isPatient = root.dataset.part === "patient";
  const token = document.querySelector("input[name=csrfmiddlewaretoken]").value;
  const RESTART_MS = 4000;
  const PATIENCE_MS = 10000;
  const GONE_MS = 30000;
  const [REFUSALS, RETRY_MS] = [4, 2000];

  let own = null; // what the camera and the micro give
  let screen = null; // the picture of one's screen, while it is shown
  let entry = null; // the place, the ways to others, the address of events
  let source = null;
  let started = false;
  const people = new Map(); // place: {part, name}
  const peers = new Map(); // place: Peer
  const outbox = [];

  const say = (text) => { const line = part("status"); line.textContent = text; line.hidden = !text; };

  async function post(url, body) {
    let answer = null;
    let given = {};
    // A browser's own words for a lost connection are nobody's: they are English everywhere.
    try {
      answer = await fetch(url, {
        method: "POST", credentials: "same-origin",
        headers: { "X-CSRFToken": token, "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      const type = answer.headers.get("Content-Type") || "";
      if (type.startsWith("application/json")) given = await answer.json();
    } catch { throw new Error(word("Problem")); }
    if (!answer.ok || answer.redirected) {
      const refused = new Error(given.problem || word("Problem"));
      refused.isFinal = [400, 403, 409].includes(answer.status);
      throw refused;
    }
    return given;
  }

  // --- Trying the devices ---------------------------------------------------------------------
  function emptyPicture() {
    const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
    canvas.getContext("2d").fillRect(0, 0, 320, 240);
    return canvas.captureStream(1).getVideoTracks()[0];
  }

  function wanted(select) { return select.value ? { deviceId: { exact: select.value } } : true; }

  // What there is to try, or else what there is to do instead.
  function offer(isThere) {
    part("picture").hidden = !isThere;
    part("devices").hidden = !isThere;
    part("instead").hidden = isThere;
  }

  async function missing(problem) {
    if (problem.name !== "NotFoundError") return problem.name === "NotAllowedError" ? "Refused" : "Busy";
    const all = await navigator.mediaDevices.enumerateDevices();
    return all.some((device) => device.kind === "videoinput") ? "NoMicrophone" : "None";
  }

  async function openDevices() {
    if (own) own.getTracks().forEach((track) => track.stop());
    own = null;
    part("join").disabled = true;
    part("retry").hidden = true;
    if (!navigator.mediaDevices) { say(word("Cannot")); offer(false); return; }
    try {
      own = await navigator.mediaDevices.getUserMedia({ video: wanted(part("camera")), audio: wanted(part("microphone")) });
      say(word("Ready"));
    } catch (problem) {
      if (problem.name === "NotFoundError" || problem.name === "NotReadableError") {
        try {
          own = await navigator.mediaDevices.getUserMedia({ audio: true });
          own.addTrack(emptyPicture());
          say(word("NoCamera"));
        } catch { own = null; }
      }
      if (!own) {
        say(word(await missing(problem)));
        offer(false);
        part("retry").hidden = false;
        return;
      }
    }
    offer(true);
    part("preview").srcObject = own;
    part("mine").srcObject = own;
    part("preview").classList.add("mirrored");
    part("mine").classList.add("mirrored");
    await listDevices();
    listen(own);
    part("join").disabled = false;
  }

  async function listDevices() {
    const all = await navigator.mediaDevices.enumerateDevices();
    for (const [name, kind] of [["camera", "videoinput"], ["microphone", "audioinput"]]) {
      const used = own.getTracks().find((track) => track.kind === kind.slice(0, 5));
      const id = used && used.getSettings().deviceId;
      part(name).replaceChildren(...all.filter((device) => device.kind === kind).map(
        (device, n) => new Option(device.label || `${n + 1}`, device.deviceId, false, device.deviceId === id),
      ));
    }
  }

  let sound = null;
  function listen(stream) {
    if (sound) sound.close();
    sound = new AudioContext();
    const analyser = sound.createAnalyser();
    sound.createMediaStreamSource(stream).connect(analyser);
    const wave = new Float32Array(analyser.fftSize);
    const mine = sound;
    const measure = () => {
      if (mine.state === "closed" || !part("room").hidden) return;
      analyser.getFloatTimeDomainData(wave);
      part("level").value = Math.min(1, Math.max(...wave.map(Math.abs)) * 1.5);
      window.setTimeout(measure, 80);
    };
    measure();
  }

  function beep() {
    const context = new AudioContext();
    const tone = context.createOscillator();
    const volume = context.createGain();
    volume.gain.value = 0.2;
    tone.frequency.value = 523;
    tone.connect(volume).connect(context.destination);
    tone.start();
    tone.stop(context.currentTime + 0.6);
    tone.onended = () => context.close();
  }

  // --- One connection to one other person -----------------------------------------------------
  // A connection that does not come about within its time is made anew from nothing: its `round`
  // tells the other side to do the same, and what belongs to the former one is passed over.
  class Peer {
    constructor(place, round) {
      this.place = place;
      this.round = round;
      this.polite = entry.place < place;
      this.making = false;
      this.ignoring = false;
      this.waiting = []; // candidates that came before what they belong to
      this.brokenAt = null;
      this.pc = new RTCPeerConnection({
        iceServers: entry.ice_servers, iceTransportPolicy: entry.relay_only ? "relay" : "all",
      });
      this.pc.onnegotiationneeded = () => this.offer();
      this.pc.onicecandidate = ({ candidate }) => { if (candidate) this.tell({ candidate }); };
      this.pc.onconnectionstatechange = () => this.changed();
      this.pc.ontrack = ({ streams }) => { this.figure().querySelector("video").srcObject = streams[0]; };
      this.chat = this.pc.createDataChannel("chat", { negotiated: true, id: 0 });
      this.chat.onmessage = ({ data }) => line(nameOf(place), String(data).slice(0, 1000), true);
      for (const track of own.getTracks()) this.pc.addTrack(track, own);
      if (screen) this.picture(screen.getVideoTracks()[0]);
      this.figure().classList.add("lost");
      // One side alone begins anew; where the way broke, or never came about, both sides see it.
      const patientUntil = Date.now() + PATIENCE_MS * (round + 1);
      this.timer = window.setInterval(() => {
        const state = this.pc.connectionState;
        this.figure().hidden = this.isGone();
        report();
        if (this.polite) return;
        if (["disconnected", "failed"].includes(state)) this.pc.restartIce();
        else if (state !== "connected" && Date.now() > patientUntil) dial(place, round + 1);
      }, RESTART_MS);
    }

    tell(what) { send({ to: this.place, round: this.round, ...what }); }

    figure() {
      let figure = part("others").querySelector(`[data-place="${this.place}"]`);
      if (!figure) {
        figure = document.createElement("figure");
        figure.dataset.place = this.place;
        const video = Object.assign(document.createElement("video"), { autoplay: true, playsInline: true });
        video.setAttribute("aria-label", nameOf(this.place));
        const caption = document.createElement("figcaption");
        caption.textContent = nameOf(this.place);
        figure.append(video, caption);
        part("others").append(figure);
      }
      return figure;
    }

    async offer() {
      try {
        this.making = true;
        await this.pc.setLocalDescription();
        this.tell({ description: this.pc.localDescription });
      } finally { this.making = false; }
    }

    async take({ description, candidate }) {
      if (description) {
        const collides = description.type === "offer" && (this.making || this.pc.signalingState !== "stable");
        this.ignoring = !this.polite && collides;
        if (this.ignoring) return;
        await this.pc.setRemoteDescription(description);
        if (description.type === "offer") {
          await this.pc.setLocalDescription();
          this.tell({ description: this.pc.localDescription });
        }
        for (const each of this.waiting.splice(0)) await this.add(each);
      } else if (this.pc.remoteDescription) await this.add(candidate);
      else this.waiting.push(candidate);
    }

    async add(candidate) {
      try { await this.pc.addIceCandidate(candidate); } catch (problem) { if (!this.ignoring) throw problem; }
    }

    picture(track) {
      const sender = this.pc.getSenders().find((each) => each.track && each.track.kind === "video");
      if (sender) sender.replaceTrack(track);
    }

    changed() {
      const isThere = this.pc.connectionState === "connected";
      const isBroken = ["disconnected", "failed"].includes(this.pc.connectionState);
      this.figure().classList.toggle("lost", !isThere);
      if (!isBroken) this.brokenAt = null;
      else this.brokenAt ??= Date.now();
      report();
    }

    // Whoever closed the lid says no goodbye: their still picture does not stay for ever.
    isGone() { return this.brokenAt !== null && Date.now() - this.brokenAt > GONE_MS; }

    close() {
      window.clearInterval(this.timer);
      this.pc.close();
      part("others").querySelector(`[data-place="${this.place}"]`)?.remove();
    }
  }

  // What browsers tell each other goes in its order, several at once.
  let sending = false;
  async function send(item) {
    outbox.push(item);
    if (sending) return;
    sending = true;
    while (outbox.length && entry) {
      const mine = entry;
      const items = outbox.slice(0, 50);
      let isDone = true;
      try {
        await post(root.dataset.signal, { place: mine.place, items });
      } catch (problem) {
        // What was refused is refused again; what got lost on its way is not.
        isDone = problem.isFinal;
        if (!isDone) await new Promise((done) => { window.setTimeout(done, 1000); });
      }
      if (isDone && entry === mine) outbox.splice(0, items.length);
    }
    sending = false;
  }

  // --- The room -------------------------------------------------------------------------------
  const nameOf = (place) => {
    const person = people.get(place);
    return (person && (person.name || (person.part === "patient" && word("Patient")))) || "";
  };

  function mayTalk(person) { return started || (person.part !== "patient" && !isPatient); }

  function dial(place, round = 0) {
    peers.get(place)?.close();
    peers.set(place, new Peer(place, round));
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
    const present = [...peers.values()].filter((peer) => !peer.isGone());
    const states = present.map((peer) => peer.pc.connectionState);
    const knocks = !started && [...people.values()].some((person) => person.part === "patient");
    const door = part("let-in");
    if (door) door.hidden = !knocks;
    if (states.some((state) => ["disconnected", "failed"].includes(state))) say(word("Lost"));
    else if (knocks) say(word("Knocks"));
    else if (states.includes("connected")) say(word("Together"));
    else if (states.length) say(word("Connecting"));
    else if (isPatient && !started) say(word("Waiting"));
    else say(word("Alone"));
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
      case "signal": {
        const { from, round = 0 } = event;
        if (people.has(from) && !(peers.get(from)?.round >= round)) dial(from, round);
        const peer = peers.get(from);
        if (peer?.round === round) peer.take(event).catch(() => peer.pc.restartIce());
        break;
      }
      case "replaced": over(word("Replaced"), false); break;
      case "ended": over(word("Ended"), true); break;
      case "closed": over(word("Closed"), true); break;
      default:
    }
  }

  async function join() {
    part("join").disabled = true;
    try {
      entry = await post(root.dataset.enter, {});
    } catch (problem) {
      say(problem.message);
      part("join").disabled = false;
      return;
    }
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
    outbox.length = 0;
    for (const peer of peers.values()) peer.close();
    peers.clear();
    people.clear();
  }

  function over(text, isFinal) {
    tidy();
    share(null);
    own.getTracks().forEach((track) => track.stop());
    part("room").hidden = true;
    part("over").hidden = false;
    part("again").hidden = isFinal;
    say(text);
  }

  function leave() {
    if (!entry) return;
    const goodbye = new FormData();
    goodbye.append("csrfmiddlewaretoken", token);
    goodbye.append("leaves", entry.place);
    // A page that is being closed may not wait for an answer.
    navigator.sendBeacon(root.dataset.signal, goodbye);
  }

  // --- The tools ------------------------------------------------------------------------------
  function toggle(button, kind, [off, on]) {
    const track = own.getTracks().find((each) => each.kind === kind);
    if (!track) return;
    track.enabled = !track.enabled;
    button.setAttribute("aria-pressed", String(!track.enabled));
    button.textContent = track.enabled ? off : on;
  }

  function share(stream) {
    if (screen) screen.getTracks().forEach((track) => track.stop());
    screen = stream;
    const track = stream ? stream.getVideoTracks()[0] : own.getVideoTracks()[0];
    if (stream) track.onended = () => share(null);
    for (const peer of peers.values()) peer.picture(track);
    part("mine").srcObject = stream || own;
    part("mine").classList.toggle("mirrored", !stream);
    part("share").setAttribute("aria-pressed", String(Boolean(stream)));
    part("share").textContent = stream ? word("Unshare") : word("Share");
  }

  let unread = 0;
  function line(who, text, isNews) {
    const row = document.createElement("p");
    const name = document.createElement("strong");
    name.textContent = `${who} `;
    row.append(name, text);
    part("lines").append(row);
    row.scrollIntoView({ block: "nearest" });
    if (isNews && part("chat").hidden) unread += 1;
    count();
  }

  function count() {
    part("count").hidden = !unread;
    part("count").textContent = unread;
  }

  part("camera").addEventListener("change", openDevices);
  part("microphone").addEventListener("change", openDevices);
  part("retry").addEventListener("click", openDevices);
  part("sound").addEventListener("click", beep);
  part("join").addEventListener("click", join);
  part("mute").addEventListener("click", (event) => toggle(event.currentTarget, "audio", [word("Mute"), word("Unmute")]));
  part("hide").addEventListener("click", (event) => toggle(event.currentTarget, "video", [word("Hide"), word("Show")]));
  part("share").addEventListener("click", async () => {
    if (screen) { share(null); return; }
    try { share(await navigator.mediaDevices.getDisplayMedia({ video: true })); }
    catch (problem) { if (problem.name !== "NotAllowedError") say(word("CannotShare")); }
  });
  part("talk").addEventListener("click", (event) => {
    const chat = part("chat");
    chat.hidden = !chat.hidden;
    part("room").classList.toggle("talking", !chat.hidden);
    event.currentTarget.setAttribute("aria-expanded", String(!chat.hidden));
    unread = 0;
    count();
    if (!chat.hidden) part("words").focus();
  });
  part("say").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = part("words").value.trim();
    if (!text) return;
    for (const peer of peers.values()) if (peer.chat.readyState === "open") peer.chat.send(text);
    line(word("Me"), text, false);
    part("words").value = "";
  });
  part("leave").addEventListener("click", () => { leave(); over("", false); });
  part("again").addEventListener("click", async () => { await openDevices(); if (own) await join(); });
  part("let-in")?.addEventListener("click", async () => {
    try { await post(root.dataset.start, {}); } catch (problem) { say(problem.message); }
  });
  part("finish")?.addEventListener("click", async () => {
    try { await post(root.dataset.end, {}); } catch (problem) { say(problem.message); }
  });
  window.addEventListener("pagehide", leave);
  if (!navigator.mediaDevices || !navigator.mediaDevices.getDisplayMedia) part("share").hidden = true;

  part("check").hidden = false;
  openDevices();
})();
