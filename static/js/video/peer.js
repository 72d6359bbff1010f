// One connection to one other person (WebRTC), with "perfect negotiation" as the W3C's specification
// describes it (webrtc-pc, section 10.7), so that both sides may begin or begin anew.
// A connection that does not come about within its time is made anew from nothing: its `round` tells
// the other side to do the same, and what belongs to the former one is passed over.
import { part, send } from "./call.js";
import { receive } from "./chat.js";
import { media } from "./devices.js";

const RESTART_MS = 4000;
const PATIENCE_MS = 10000;
const GONE_MS = 30000;
const BROKEN = ["disconnected", "failed"];

export class Peer {
  // `entry`: this side's place and ways to others; `name()`: whom it leads to; `changed()`: called
  // when its state changes; `again(round)`: makes another one in its place.
  constructor({ place, round, entry, name, changed, again }) {
    Object.assign(this, { place, round, name, changed, again });
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
    this.pc.onconnectionstatechange = () => this.stateChanged();
    this.pc.ontrack = ({ streams }) => { this.figure().querySelector("video").srcObject = streams[0]; };
    this.chat = this.pc.createDataChannel("chat", { negotiated: true, id: 0 });
    this.chat.onmessage = ({ data }) => receive(this.name(), data);
    for (const track of media.own.getTracks()) this.pc.addTrack(track, media.own);
    if (media.screen) this.picture(media.screen.getVideoTracks()[0]);
    this.figure().classList.add("lost");
    const patientUntil = Date.now() + PATIENCE_MS * (round + 1);
    this.timer = window.setInterval(() => this.look(patientUntil), RESTART_MS);
  }

  get state() { return this.pc.connectionState; }

  get isBroken() { return BROKEN.includes(this.state); }

  // A lid that was closed says no goodbye: the still picture does not stay for ever.
  get isGone() { return this.brokenAt !== null && Date.now() - this.brokenAt > GONE_MS; }

  // One side alone begins anew; where the way broke, or never came about, both sides see it.
  look(patientUntil) {
    this.figure().hidden = this.isGone;
    this.changed();
    if (this.polite) return;
    if (this.isBroken) this.pc.restartIce();
    else if (this.state !== "connected" && Date.now() > patientUntil) this.again(this.round + 1);
  }

  tell(what) { send({ to: this.place, round: this.round, ...what }); }

  shown() { return part("others").querySelector(`[data-place="${this.place}"]`); }

  figure() {
    const shown = this.shown();
    if (shown) return shown;
    const figure = document.createElement("figure");
    figure.dataset.place = this.place;
    const video = Object.assign(document.createElement("video"), { autoplay: true, playsInline: true });
    video.setAttribute("aria-label", this.name());
    const caption = document.createElement("figcaption");
    caption.textContent = this.name();
    figure.append(video, caption);
    part("others").append(figure);
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

  stateChanged() {
    this.figure().classList.toggle("lost", this.state !== "connected");
    if (!this.isBroken) this.brokenAt = null;
    else this.brokenAt ??= Date.now();
    this.changed();
  }

  close() {
    window.clearInterval(this.timer);
    this.pc.close();
    this.shown()?.remove();
  }
}
