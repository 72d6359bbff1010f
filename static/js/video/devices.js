// What this side shows and says: its camera and microphone, tried before the call, and its screen.
import { part, say, word } from "./call.js";

// `own`: the stream of camera and microphone; `screen`: that of the screen, while it is shown.
export const media = { own: null, screen: null };

const kindOf = (stream, kind) => stream.getTracks().find((track) => track.kind === kind);
const stop = (stream) => stream?.getTracks().forEach((track) => track.stop());

function emptyPicture() {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  canvas.getContext("2d").fillRect(0, 0, 320, 240);
  return canvas.captureStream(1).getVideoTracks()[0];
}

const wanted = (select) => (select.value ? { deviceId: { exact: select.value } } : true);

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

async function soundAlone() {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    stream.addTrack(emptyPicture());
    say(word("NoCamera"));
    return stream;
  } catch { return null; }
}

// The stream of both devices, or of the microphone alone; null, once the page says why, without either.
async function opened() {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: wanted(part("camera")), audio: wanted(part("microphone")) });
    say(word("Ready"));
    return stream;
  } catch (problem) {
    const mayLackCamera = problem.name === "NotFoundError" || problem.name === "NotReadableError";
    const stream = mayLackCamera ? await soundAlone() : null;
    if (!stream) say(word(await missing(problem)));
    return stream;
  }
}

export async function openDevices() {
  stop(media.own);
  media.own = null;
  part("join").disabled = true;
  part("retry").hidden = true;
  if (!navigator.mediaDevices) { say(word("Cannot")); offer(false); return; }
  media.own = await opened();
  offer(Boolean(media.own));
  part("retry").hidden = Boolean(media.own);
  if (!media.own) return;
  for (const name of ["preview", "mine"]) {
    part(name).srcObject = media.own;
    part(name).classList.add("mirrored");
  }
  await listDevices();
  showLevel(media.own);
  part("join").disabled = false;
}

export const closeDevices = () => stop(media.own);

async function listDevices() {
  const all = await navigator.mediaDevices.enumerateDevices();
  for (const [name, kind] of [["camera", "videoinput"], ["microphone", "audioinput"]]) {
    const id = kindOf(media.own, kind.slice(0, 5))?.getSettings().deviceId;
    part(name).replaceChildren(...all.filter((device) => device.kind === kind).map(
      (device, n) => new Option(device.label || `${n + 1}`, device.deviceId, false, device.deviceId === id),
    ));
  }
}

let sound = null;
function showLevel(stream) {
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

export function beep() {
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

// Cut the sound or the picture (`kind`), or restore it; the button says what it does next.
export function toggle(button, kind, [off, on]) {
  const track = kindOf(media.own, kind);
  if (!track) return;
  track.enabled = !track.enabled;
  button.setAttribute("aria-pressed", String(!track.enabled));
  button.textContent = track.enabled ? off : on;
}

// Show one's screen to these peers in place of the camera; null shows the camera again.
export function share(stream, peers) {
  stop(media.screen);
  media.screen = stream;
  const track = (stream || media.own).getVideoTracks()[0];
  if (stream) track.onended = () => share(null, peers);
  for (const peer of peers.values()) peer.picture(track);
  part("mine").srcObject = stream || media.own;
  part("mine").classList.toggle("mirrored", !stream);
  part("share").setAttribute("aria-pressed", String(Boolean(stream)));
  part("share").textContent = stream ? word("Unshare") : word("Share");
}
