// Who is writing. Said at most every 3 s while keys are pressed, shown for 6 s after somebody else said it.
import { signal } from "@preact/signals";
import { namedWords } from "./named.js";

const SAY_MS = 3_000;
const SHOW_MS = 6_000;

export function createTyping({ say, clock = Date.now, timers = globalThis }) {
  const shown = signal(new Map()); // chat id → [{id, name}]
  const ends = new Map(); // "chat:user" → timer
  let said = { chatId: null, at: 0 };

  /** A key was pressed in this chat's box. */
  function pressed(chatId, note = false) {
    if (said.chatId === chatId && said.note === note && clock() - said.at < SAY_MS) return;
    said = { chatId, note, at: clock() };
    say(chatId, note);
  }

  function heard({ chat_id: chatId, user_id: id, name, free = false, note = false }) {
    const key = `${chatId}:${id}`;
    timers.clearTimeout(ends.get(key));
    ends.set(key, timers.setTimeout(() => stopped(chatId, id), SHOW_MS));
    const others = shown.peek().get(chatId) ?? [];
    if (!others.some((one) => one.id === id && one.note === note)) shown.value = new Map(shown.peek()).set(chatId, [...others.filter((one) => one.id !== id), { id, name, free, note }]);
  }

  /** The message itself has come, or the time is over. */
  function stopped(chatId, id) {
    const key = `${chatId}:${id}`;
    timers.clearTimeout(ends.get(key));
    ends.delete(key);
    const others = shown.peek().get(chatId);
    if (others?.some((one) => one.id === id)) shown.value = new Map(shown.peek()).set(chatId, others.filter((one) => one.id !== id));
  }

  /** My own message went out: the next key is news again. */
  const sent = () => (said = { chatId: null, at: 0 });

  return { shown, pressed, heard, stopped, sent };
}

/** "Wren is typing", "Wren and Milo are typing", "Several people are typing". */
export function typingWords(people) {
  const names = people.map(({ name, free }) => namedWords({ name: (name ?? "Somebody").split(" ")[0], free }));
  if (!names.length) return "";
  if (names.length === 1) return `${names[0]} is typing`;
  return names.length === 2 ? `${names[0]} and ${names[1]} are typing` : "Several people are typing";
}
