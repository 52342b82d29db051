// Messages on their way: shown at once, sent in their order, kept in the browser until the server has said that it has
// them. The client_id makes sending again harmless, so that whatever breaks is answered by sending again.
import { signal } from "@preact/signals";
import { parsed } from "./drafts.js";
import { newId as uuid, waitMs, worthAgain } from "./sending.js";

const PREFIX = "fd-outbox";

/**
 * `send(entry)` answers `{message}` or throws an error with `code`. `onSent(message, entry)` before the entry leaves.
 * Entries: {client_id, chat_id, body, reply_to (the message), files, confirm_all, at, state: "sending"|"waiting"|"failed", error}.
 */
export function createOutbox({ storage, userId, send, onSent, clock = Date.now, newId = uuid, timers = globalThis }) {
  const entries = signal(stored(storage, `${PREFIX}:${userId}:`));
  const running = new Set(); // chats with a message on its way: the next one waits for its order
  const tries = new Map();
  const nameOf = (entry) => `${PREFIX}:${userId}:${entry.client_id}`;

  function update(id, part) {
    entries.value = entries.peek().map((entry) => (entry.client_id === id ? { ...entry, ...part } : entry));
    keep(entries.peek().find((entry) => entry.client_id === id));
  }

  function keep(entry) {
    if (!entry) return;
    try {
      storage.setItem(nameOf(entry), JSON.stringify(entry));
    } catch {
      // full or private: this tab still has it
    }
  }

  function remove(id) {
    entries.value = entries.peek().filter((entry) => entry.client_id !== id);
    tries.delete(id);
    try {
      storage.removeItem(`${PREFIX}:${userId}:${id}`);
    } catch {
      // it was never stored
    }
  }

  /** `message`: {chat_id, body, reply_to?, files?, confirm_all?}. Answers the entry. */
  function add(message) {
    const entry = { reply_to: null, files: [], confirm_all: false, note: false, ...message, client_id: newId(), at: new Date(clock()).toISOString(), state: "sending", error: null };
    entries.value = [...entries.peek(), entry];
    keep(entry);
    drain(entry.chat_id);
    return entry;
  }

  async function drain(chatId) {
    if (running.has(chatId)) return;
    running.add(chatId);
    try {
      for (;;) {
        const entry = entries.peek().find((one) => one.chat_id === chatId && one.state !== "failed");
        if (!entry || !(await attempt(entry))) break;
      }
    } finally {
      running.delete(chatId);
    }
  }

  /** True when the next one may go. */
  async function attempt(entry) {
    if (entry.state !== "sending") update(entry.client_id, { state: "sending", error: null });
    try {
      const { message } = await send(entry);
      onSent(message, entry);
      remove(entry.client_id);
      return true;
    } catch (error) {
      if (!entries.peek().some((one) => one.client_id === entry.client_id)) return true; // taken back, or seen arriving
      if (!worthAgain(error)) {
        update(entry.client_id, { state: "failed", error: { code: error.code, message: error.message } });
        return true;
      }
      const count = tries.get(entry.client_id) ?? 0;
      tries.set(entry.client_id, count + 1);
      // those behind it wait as well, for its order
      for (const one of entries.peek()) {
        if (one.chat_id === entry.chat_id && one.state !== "failed") update(one.client_id, { state: "waiting", error: { code: error.code, message: error.message } });
      }
      const wait = waitMs(error, count);
      timers.setTimeout(() => drain(entry.chat_id), wait);
      return false;
    }
  }

  /** A live message may be the answer that got lost. */
  function arrived(message) {
    if (message.client_id && entries.peek().some((entry) => entry.client_id === message.client_id)) remove(message.client_id);
  }

  function retry(id, part = {}) {
    tries.delete(id);
    update(id, { state: "sending", error: null, ...part });
    drain(entries.peek().find((entry) => entry.client_id === id)?.chat_id);
  }

  /** Connected again: everything that waits goes now. */
  function flush() {
    tries.clear();
    for (const chatId of new Set(entries.peek().filter(({ state }) => state !== "failed").map((entry) => entry.chat_id))) drain(chatId);
  }

  return { entries, add, retry, remove, arrived, flush };
}

/** What an earlier page of this person could not send any more, oldest first. */
function stored(storage, prefix) {
  const found = [];
  for (const entry of parsed(storage, prefix).values()) {
    if (entry?.client_id && entry.chat_id) found.push({ ...entry, state: entry.state === "failed" ? "failed" : "waiting" });
  }
  return found.sort((a, b) => (a.at < b.at ? -1 : 1));
}
