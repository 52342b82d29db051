// Read marks: what I have read is told when I really saw it; how far the others have read is kept for "seen by".
import { signal } from "@preact/signals";

const PAUSE_MS = 400;

/** `tell(chatId, seq)` sends one mark and answers a promise. */
export function createReceipts({ tell, timers = globalThis }) {
  const read = signal(new Map()); // chat id → Map(user id → seq)
  const mine = new Map(); // chat id → the seq that I have read
  const told = new Map(); // chat id → the seq that was sent
  const due = new Map(); // chat id → timer

  /** A chat is opened. What was read may have gone back meanwhile, when it was marked unread. */
  function begin(chatId) {
    mine.set(chatId, 0);
    told.set(chatId, 0);
  }

  /** What the server says after opening; something may have been seen already by then. */
  function start(chatId, lastReadSeq, members = []) {
    mine.set(chatId, Math.max(lastReadSeq, mine.get(chatId) ?? 0));
    told.set(chatId, Math.max(lastReadSeq, told.get(chatId) ?? 0));
    const all = new Map(read.peek().get(chatId) ?? []);
    for (const { id, last_read_seq: seq } of members) all.set(id, Math.max(seq ?? 0, all.get(id) ?? 0));
    read.value = new Map(read.peek()).set(chatId, all);
  }

  function heard({ chat_id: chatId, user_id: userId, seq }) {
    const all = new Map(read.peek().get(chatId) ?? []);
    if ((all.get(userId) ?? 0) >= seq) return;
    read.value = new Map(read.peek()).set(chatId, all.set(userId, seq));
  }

  /** I have seen everything up to `seq`. True when that is news. */
  function saw(chatId, seq) {
    if (seq <= (mine.get(chatId) ?? 0)) return false;
    mine.set(chatId, seq);
    if (!due.has(chatId)) {
      due.set(chatId, timers.setTimeout(() => later(chatId), PAUSE_MS));
      send(chatId);
    }
    return true;
  }

  /** Says once more what was said before. */
  function again(chatId, seq) {
    told.set(chatId, seq - 1);
    send(chatId);
  }

  function later(chatId) {
    due.delete(chatId);
    send(chatId);
  }

  async function send(chatId) {
    const seq = mine.get(chatId) ?? 0;
    if (seq <= (told.get(chatId) ?? 0)) return;
    const before = told.get(chatId);
    told.set(chatId, seq);
    try {
      await tell(chatId, seq);
    } catch {
      if (told.get(chatId) === seq) told.set(chatId, before); // said again with the next one, or after reconnecting
    }
  }

  const flush = () => [...mine.keys()].forEach(send);

  /** Who but `exceptId` has read `seq` (ids). */
  function readers(chatId, seq, ...exceptIds) {
    const all = read.value.get(chatId) ?? new Map();
    return [...all].filter(([id, upTo]) => upTo >= seq && !exceptIds.includes(id)).map(([id]) => id);
  }

  return { all: read, begin, start, heard, saw, again, readers, flush, mine: (chatId) => mine.get(chatId) ?? 0 };
}
