// Who is here. Told about ourselves on real user action, at most every 30 s; heard about the people that are shown.
import { signal } from "@preact/signals";

const ACTIVE_MS = 30_000;
const ACTIVE_FOR_MS = 120_000; // as the server counts
const WATCH_PAUSE_MS = 300;
const MOST = 500;
const ACTIONS = ["pointerdown", "keydown", "wheel", "touchstart", "pointermove"];

/** `focused`: the page was opened by somebody who looks at it, which is an action as well. */
export function createPresence({ tell, watch, clock = Date.now, timers = globalThis, focused = Boolean(globalThis.document?.hasFocus()) }) {
  const states = signal(new Map()); // user id → "active" | "away" | "offline"
  const lists = new Map(); // who asks → [user ids]
  let actedAt = focused ? clock() : -Infinity;
  let toldAt = -Infinity;
  let sent = "";
  let timer = null;

  function acted() {
    actedAt = clock();
    if (actedAt - toldAt < ACTIVE_MS) return;
    toldAt = actedAt;
    tell();
  }

  function heard(data) {
    const all = new Map(states.peek());
    for (const [id, state] of Object.entries(data.states ?? {})) all.set(Number(id), state);
    states.value = all;
  }

  /** A list of people is on the screen (or, with none, no longer). */
  function show(list, ids) {
    if (ids.length) lists.set(list, ids);
    else lists.delete(list);
    timer ??= timers.setTimeout(() => ((timer = null), ask()), WATCH_PAUSE_MS);
  }

  async function ask() {
    const ids = [...new Set([...lists.values()].flat())].slice(0, MOST).sort((a, b) => a - b);
    if (ids.join() === sent) return;
    sent = ids.join();
    const answer = await watch(ids).catch(() => null);
    if (answer) heard(answer);
    else sent = "";
  }

  /** A new connection knows nothing of what the last one was told. That it came about is nobody's action. */
  function connected() {
    sent = "";
    toldAt = -Infinity;
    if (lists.size) ask();
    if (clock() - actedAt >= ACTIVE_FOR_MS) return;
    toldAt = clock();
    tell();
  }

  function listen(target) {
    for (const name of ACTIONS) target.addEventListener(name, acted, { passive: true, capture: true });
  }

  return { states, show, heard, acted, connected, listen, of: (id) => states.value.get(id) ?? "offline" };
}

export const PRESENCE_WORDS = { active: "active", away: "away", offline: "offline" };
