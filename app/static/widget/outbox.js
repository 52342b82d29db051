// Messages on their way: shown at once, sent in their order, kept in storage until the server has said that it has them.
// The client_id makes sending again harmless, so that whatever breaks is answered by sending again.
import { newId as uuid, waitMs, worthAgain } from "../center/chat/sending.js";

/**
 * `send(entry)` answers {message, talk} or throws a Refusal; `onSent(answer, entry)` before the entry leaves.
 * Entries: {client_id, body, files, at, state: "sending" | "waiting" | "failed", error}.
 */
export function createOutbox({ storage, key, send, onSent, onChange, clock = Date.now, newId = uuid, timers = globalThis }) {
  const name = `frontdesk-outbox:${key}`;
  let entries = stored(storage, name);
  const known = new Set(entries.map(({ client_id: id }) => id)); // what another page of the visitor keeps there is not ours
  let running = false;
  let tries = 0;
  let timer = null;

  function become(next) {
    entries = next;
    for (const { client_id: id } of entries) known.add(id);
    try {
      const kept = [...stored(storage, name).filter(({ client_id: id }) => !known.has(id)), ...entries];
      if (kept.length) storage.setItem(name, JSON.stringify(kept));
      else storage.removeItem(name);
    } catch {
      // full: this page still has it
    }
    onChange();
  }

  const change = (id, part) => become(entries.map((entry) => (entry.client_id === id ? { ...entry, ...part } : entry)));
  const remove = (id) => become(entries.filter((entry) => entry.client_id !== id));
  const has = (id) => entries.some((entry) => entry.client_id === id);

  function add(body, files = []) {
    const entry = { client_id: newId(), body, files, at: new Date(clock()).toISOString(), state: "sending", error: null };
    become([...entries, entry]);
    drain();
    return entry;
  }

  async function drain() {
    if (running) return;
    running = true;
    timers.clearTimeout(timer);
    for (let going = true; going; ) {
      const entry = entries.find(({ state }) => state !== "failed");
      going = Boolean(entry) && (await attempt(entry));
    }
    running = false;
  }

  /** True when the next one may go. */
  async function attempt(entry) {
    const id = entry.client_id;
    if (entry.state !== "sending") change(id, { state: "sending", error: null });
    try {
      const answer = await send(entry);
      tries = 0;
      onSent(answer, entry);
      if (has(id)) remove(id);
      return true;
    } catch (error) {
      if (!has(id)) return true; // seen arriving meanwhile
      if (!worthAgain(error)) {
        change(id, { state: "failed", error: error.message });
        return true;
      }
      change(id, { state: "waiting", error: error.message });
      const wait = waitMs(error, tries);
      tries += 1;
      timer = timers.setTimeout(drain, wait);
      return false;
    }
  }

  function retry(id) {
    tries = 0;
    change(id, { state: "sending", error: null });
    drain();
  }

  /** Connected again: everything that waits goes now. */
  function flush() {
    tries = 0;
    drain();
  }

  /** A message that came in may be the answer that got lost. */
  function arrived(message) {
    if (message.client_id && has(message.client_id)) remove(message.client_id);
  }

  return { entries: () => entries, add, retry, remove, flush, arrived };
}

/** What an earlier page could not send any more. */
function stored(storage, name) {
  try {
    const found = JSON.parse(storage.getItem(name) ?? "[]").filter((entry) => entry?.client_id);
    return found.map((entry) => ({ ...entry, state: entry.state === "failed" ? "failed" : "waiting" }));
  } catch {
    return [];
  }
}
