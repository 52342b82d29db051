// What somebody has begun to write in each chat, kept in this browser over reloads. One key per chat and person.
import { signal } from "@preact/signals";

const EMPTY = { body: "", reply_to: null, files: [], note: false };

/** `listen(heard)`: what other tabs of this browser store. */
export function createDrafts({ storage, userId, listen = (heard) => globalThis.addEventListener?.("storage", heard) }) {
  const prefix = `fd-draft:${userId}:`;
  const bodies = signal(load(storage, prefix)); // chat id → draft

  // what was sent in another tab must not stand here as if it were still to be sent
  listen(({ key, newValue }) => {
    if (!key?.startsWith(prefix)) return;
    const all = new Map(bodies.peek());
    const draft = draftOf(read(newValue));
    if (draft) all.set(idOf(key, prefix), draft);
    else all.delete(idOf(key, prefix));
    bodies.value = all;
  });

  function get(chatId) {
    return bodies.value.get(chatId) ?? EMPTY;
  }

  /** `part`: {body?, reply_to?, files?, note?}; an empty draft is forgotten. `note`: in a client's chat, for colleagues only. */
  function set(chatId, part) {
    const draft = { ...(bodies.peek().get(chatId) ?? EMPTY), ...part };
    const all = new Map(bodies.peek());
    const empty = !draft.body.trim() && !draft.reply_to && !draft.files.length && !draft.note;
    if (empty && !draft.body) all.delete(chatId);
    else all.set(chatId, draft);
    bodies.value = all;
    try {
      if (empty) storage.removeItem(prefix + chatId);
      else storage.setItem(prefix + chatId, JSON.stringify(draft));
    } catch {
      // full or private: kept until the page is left
    }
  }

  return { get, peek: (chatId) => bodies.peek().get(chatId) ?? EMPTY, set, clear: (chatId) => set(chatId, EMPTY) };
}

function load(storage, prefix) {
  const found = new Map();
  for (const [name, kept] of parsed(storage, prefix)) {
    const draft = draftOf(kept);
    if (draft) found.set(idOf(name, prefix), draft);
  }
  return found;
}

const idOf = (name, prefix) => Number(name.slice(prefix.length));
const draftOf = (kept) => (typeof kept?.body === "string" ? { ...EMPTY, ...kept } : null);

/** What a storage holds under names that begin so, by name. What cannot be read hides nothing of the rest. */
export function parsed(storage, prefix) {
  const found = new Map();
  try {
    for (let index = 0; index < storage.length; index += 1) {
      const name = storage.key(index);
      if (name.startsWith(prefix)) found.set(name, read(storage.getItem(name)));
    }
  } catch {
    // storage is switched off
  }
  return found;
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
