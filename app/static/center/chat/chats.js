// Everything that a page knows of chats, and what happens when something comes from the server. Knows no DOM.
import { computed, signal } from "@preact/signals";
import { createDrafts } from "./drafts.js";
import { chatItemId, createFeedRows } from "./feed-rows.js";
import { createHistory } from "./history.js";
import { createOutbox } from "./outbox.js";
import { createPresence } from "./presence.js";
import { createSaved } from "../clients/saved.js";
import { createTalks } from "../clients/talks.js";
import { createReceipts } from "./receipts.js";
import { createTyping } from "./typing.js";

const KEPT = 8; // chats whose messages stay at hand

/** `here()`: is this window looked at? `onGone(chatId, words)`: I am no longer a member. */
export function createChats({ me, settings, store, calls, storage, say, refreshFeed, here, onGone }) {
  const infos = signal(new Map()); // chat id → the server's chat, my view, with its members
  const problems = signal(new Map()); // chat id → why it cannot be shown
  const histories = new Map();
  const dividers = signal(new Map()); // chat id → seq of the first message that was unread
  const place = signal(null); // where the thread is to stand: {chatId, kind: "bottom"|"message"|"unread", seq}
  const atBottom = signal(true);
  const beside = signal(null); // a chat that the page itself shows: a card's
  const openId = computed(() => chatOf(store.opened.value) ?? beside.value);

  const drafts = createDrafts({ storage, userId: me.id });
  const typing = createTyping({ say: calls.typing });
  const presence = createPresence({ tell: calls.active, watch: calls.watch });
  const receipts = createReceipts({ tell: calls.read });
  const rows = createFeedRows({ store, me, refreshFeed, isRead: (id) => id === openId.peek() && here() && atBottom.peek() });
  const talks = createTalks({ request: calls.request, store, infoOf: (id) => infos.value.get(id), isOpen: (id) => id === openId.peek(), refreshFeed, typing, me, say });
  const saved = createSaved({ request: calls.request });
  const outbox = createOutbox({ storage, userId: me.id, send: calls.send, onSent: (message) => took(message) });

  function historyOf(id) {
    const known = histories.get(id);
    if (known) histories.delete(id); // the newest use goes last
    const history = known ?? createHistory({ fetch: (params) => calls.messages(id, params) });
    histories.set(id, history);
    if (histories.size > KEPT) histories.delete([...histories.keys()].find((one) => !drawn.has(one) && one !== id));
    return history;
  }

  const drawn = new Set(); // chats that stand on the page, seen or further down
  const setIn = (target, id, value) => (target.value = new Map(target.peek()).set(id, value));

  async function loadInfo(id) {
    try {
      const info = await calls.chat(id);
      setIn(infos, id, info);
      if (problems.peek().has(id)) setIn(problems, id, null);
      talks.opened(info);
      return info;
    } catch (error) {
      if (error.status === 404 || !infos.peek().has(id)) setIn(problems, id, error);
      return null;
    }
  }

  /** Shows a chat, at a message if `seq` is given, else where reading stopped. */
  async function open(id, seq = null) {
    drawn.add(id);
    const history = historyOf(id);
    const fresh = !history.state.peek().loaded;
    atBottom.value = false;
    place.value = null;
    receipts.begin(id);
    const info = loadInfo(id);
    if (seq) {
      if (!history.shows(seq)) await history.open(seq);
      place.value = { chatId: id, kind: "message", seq };
    } else if (fresh) {
      const answer = await history.open();
      const unread = answer?.first_unread_seq;
      if (unread && unread < (history.state.peek().messages[0]?.seq ?? 0)) await history.open(unread);
      setIn(dividers, id, unread ?? null);
      place.value = { chatId: id, kind: unread ? "unread" : "bottom", seq: unread };
    } else {
      const row = store.item(chatItemId(id));
      const [chat] = await Promise.all([row && !row.unread ? null : info, history.catchUp()]);
      const unread = chat ? firstUnread(id, chat.last_read_seq) : null;
      setIn(dividers, id, unread);
      place.value = { chatId: id, kind: unread ? "unread" : "bottom", seq: unread };
    }
    const chat = await info;
    if (!chat) return;
    receipts.start(id, chat.last_read_seq, chat.member_list);
    if (seq && chat.last_read_seq < chat.last_seq) setIn(dividers, id, firstUnread(id, chat.last_read_seq));
  }

  function close(id) {
    drawn.delete(id);
    setIn(dividers, id, null);
    place.value = null;
  }

  /** The first message of others after what I have read, among those at hand. */
  function firstUnread(id, upTo) {
    return historyOf(id).find(({ seq, author }) => seq > upTo && author.kind !== "system" && author.id !== me.id)?.seq ?? null;
  }

  async function toBottom(id) {
    const history = historyOf(id);
    if (history.state.peek().hasAfter) await history.open();
    place.value = { chatId: id, kind: "bottom" };
  }

  async function jump(id, seq) {
    const history = historyOf(id);
    if (!history.shows(seq)) await history.open(seq);
    place.value = { chatId: id, kind: "message", seq };
  }

  function took(message) {
    const history = histories.get(message.chat_id);
    const mine = message.author.kind === "user" && message.author.id === me.id;
    outbox.arrived(message);
    if (message.author.id) typing.stopped(message.chat_id, message.author.id);
    const known = history?.take(message);
    if (mine) {
      receipts.heard({ chat_id: message.chat_id, user_id: me.id, seq: message.seq });
      if (known === "added") setIn(dividers, message.chat_id, null);
    } else if (known === "added" && message.author.kind !== "system") {
      const looking = message.chat_id === openId.peek() && here() && atBottom.peek();
      // what stood below the line was read meanwhile: the line moves to what is new now
      if (!looking && firstUnread(message.chat_id, receipts.mine(message.chat_id)) === message.seq) setIn(dividers, message.chat_id, message.seq);
    }
    if (history && atBottom.peek() && message.chat_id === openId.peek()) history.trim();
    rows.message(message);
  }

  function changed(data) {
    const id = data.id;
    if (data.removed) {
      histories.delete(id);
      rows.gone(id);
      if (openId.peek() === id) onGone(id, infos.peek().get(id)?.title ?? store.item(chatItemId(id))?.title, data.taken_by);
      infos.value = new Map([...infos.peek()].filter(([key]) => key !== id));
      return;
    }
    rows.described(data);
    if (infos.peek().has(id) || openId.peek() === id) loadInfo(id);
  }

  function onEvent(event, data) {
    talks.onEvent(event, data);
    if (event === "message") took(data);
    else if (event === "message.changed") {
      histories.get(data.chat_id)?.take(data);
      rows.changed(data);
    } else if (event === "chat.changed") changed(data);
    else if (event === "chat.read") {
      receipts.heard(data);
      if (data.user_id === me.id) rows.read(data.chat_id, data.seq);
    } else if (event === "chat.typing") data.user_id !== me.id && typing.heard(data);
    else if (event === "presence") presence.heard(data);
  }

  /** Everything up to `seq` was on the screen of somebody who looks at it. */
  function saw(id, seq) {
    const row = store.item(chatItemId(id));
    if (receipts.saw(id, seq)) rows.read(id, seq);
    else if (row?.unread && seq >= (row.chat?.last_seq ?? Infinity)) {
      receipts.again(id, seq); // it was marked unread: being looked at reads it, though no message is new
      rows.read(id, seq);
    }
  }

  /** After every connect, and where too much was missed to be told one by one. */
  function connected() {
    outbox.flush();
    receipts.flush();
    presence.connected();
    for (const key of [...histories.keys()]) if (!drawn.has(key)) histories.delete(key); // they are opened anew
    for (const id of drawn) {
      histories.get(id)?.catchUp({ live: true });
      loadInfo(id);
    }
  }

  /** Changes and deletions may be among what was missed. */
  async function reset() {
    const id = openId.peek();
    connected();
    const history = histories.get(id);
    const seq = history?.state.peek().messages.at(-1)?.seq;
    if (!seq) return;
    const answer = await calls.messages(id, { before_seq: seq + 1, limit: 100 }).catch(() => null);
    for (const message of answer?.messages ?? []) history.take(message);
  }

  async function act(promise, failed) {
    try {
      const { message } = await promise;
      if (message) onEvent("message.changed", message);
      return true;
    } catch (error) {
      say({ text: `${failed}: ${error.message}`, bad: true });
      return false;
    }
  }

  return {
    me, settings, infos, problems, dividers, place, atBottom, openId, beside, drafts, typing, presence, receipts, outbox, rows, talks, saved, calls,
    historyOf, loadInfo, open, close, toBottom, jump, onEvent, saw, connected, reset,
    keepInfo: (info) => setIn(infos, info.id, { ...infos.peek().get(info.id), ...info }),
    send(message) {
      const entry = outbox.add(message);
      typing.sent();
      toBottom(message.chat_id);
      return entry;
    },
    edit: (id, body) => act(calls.edit(id, body), "Not changed"),
    remove: (id) => act(calls.remove(id), "Not deleted"),
    react: (id, emoji, on) => act(calls.react(id, emoji, on), "Not saved"),
    sendAgain: (id) => act(calls.sendAgain(id), "Not sent"),
  };
}

/** 7 of "c:7", else null. */
export const chatOf = (itemId) => (itemId?.startsWith("c:") ? Number(itemId.slice(2)) : null);
export { chatItemId };
