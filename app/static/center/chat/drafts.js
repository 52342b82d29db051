// What somebody has begun to write in each chat, kept in this browser over reloads. One key per chat and person.
import { signal } from "@preact/signals";

const EMPTY = { body: "", reply_to: null, files: [], note: false };

export function createDrafts({ storage, userId }) {
  const prefix = `fd-draft:${userId}:`;
  const bodies = signal(load(storage, prefix)); // chat id → draft

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
  for (const [name, draft] of parsed(storage, prefix)) {
    if (draft && typeof draft.body === "string") found.set(Number(name.slice(prefix.length)), { ...EMPTY, ...draft });
  }
  return found;
}

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
