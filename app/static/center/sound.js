// A short tone for new items, off until somebody wants it. Remembered in this browser, for a desk is loud or quiet.
import { signal } from "@preact/signals";

const KEY = "fd-sound";
const LATE_MS = 1_000;

export function createSound(storage, Context = globalThis.AudioContext) {
  let saved = null;
  try {
    saved = storage.getItem(KEY);
  } catch {
    // no storage: off
  }
  const on = signal(saved === "on");
  let context = null;

  function play() {
    if (on.peek()) preview();
  }

  /** How it sounds, whether it is on or not. A page that nobody has clicked in yet may be silent: nothing is made up for later. */
  function preview() {
    if (!Context) return;
    context ??= new Context();
    if (context.state === "running") return tone();
    const asked = Date.now();
    context.resume().then(() => Date.now() - asked < LATE_MS && tone(), () => {});
  }

  function tone() {
    const start = context.currentTime;
    for (const [index, pitch] of [660, 880].entries()) {
      const note = context.createOscillator();
      const volume = context.createGain();
      const at = start + index * 0.12;
      note.frequency.value = pitch;
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(0.08, at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.25);
      note.connect(volume).connect(context.destination);
      note.start(at);
      note.stop(at + 0.26);
    }
  }

  /** Switching it on plays it once: that is how it will sound, and browsers allow sound only after a click. */
  function toggle() {
    on.value = !on.peek();
    try {
      storage.setItem(KEY, on.peek() ? "on" : "off");
    } catch {
      // remembered until the page is left
    }
    play();
  }

  return { on, play, preview, toggle };
}
