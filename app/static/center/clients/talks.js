// What a page knows of clients' talks: whose they are, what may be done with them, how far the client has read, and who
// else is looking. The row in the feed follows at once. Knows no DOM.
import { signal } from "@preact/signals";
import { chatItemId } from "../chat/feed-rows.js";

const REFRESH_MS = 500;
const JITTER_MS = 1_500; // a talk that changes is told to the whole team: they must not all ask in the same moment
const ASKED = ["guest", "helper"]; // whoever was only asked takes no talk

/** `request(method, path, body)` is our REST. `infoOf(chatId)` is the chat as the server told it, if it is at hand. `isOpen(chatId)`: it is on the screen. */
export function createTalks({ request, store, infoOf, isOpen, refreshFeed, typing, me, say, timers = globalThis, random = Math.random }) {
  const full = signal(new Map()); // chat id → the newest talk with its history and rights
  const seen = signal(new Map()); // chat id → {delivered_seq, read_seq}
  const lookers = signal(new Map()); // chat id → [{id, name}]
  let timer = null;

  const setIn = (target, id, value) => (target.value = new Map(target.peek()).set(id, value));
  const refreshSoon = () => (timer ??= timers.setTimeout(() => ((timer = null), refreshFeed()), REFRESH_MS + random() * JITTER_MS));

  /** The newest talk of a chat, as much of it as is known; null where there is none. */
  function of(chatId) {
    return full.value.get(chatId) ?? infoOf(chatId)?.talk ?? store.item(chatItemId(chatId))?.chat?.talk ?? null;
  }

  async function load(chatId) {
    const { number } = of(chatId) ?? {};
    if (!number) return;
    try {
      setIn(full, chatId, (await request("GET", `/talks/${number}`)).result);
    } catch (error) {
      if (error.status === 404) full.value = new Map([...full.peek()].filter(([id]) => id !== chatId)); // no longer mine to see
    }
  }

  /** What the server said about the chat when it was opened. */
  function opened(info) {
    if (info.kind !== "client") return;
    heardSeen({ chat_id: info.id, ...info.client });
    if (full.peek().get(info.id)?.number !== info.talk?.number) full.value = new Map([...full.peek()].filter(([id]) => id !== info.id));
    load(info.id);
  }

  function changed(talk) {
    const { chat_id: chatId } = talk;
    // whoever was answering may have: another letter says it again
    for (const { id, note } of typing.shown.peek().get(chatId) ?? []) if (id !== "client" && !note) typing.stopped(chatId, id);
    const known = full.peek().get(chatId);
    if (known && talk.number >= known.number) {
      setIn(full, chatId, { ...known, ...talk });
      load(chatId);
    }
    const item = store.item(chatItemId(chatId));
    // whoever does not see the row needs no other feed: one that becomes theirs is told by an item of its own
    const listed = store.view.peek().tab === "clients" || store.listed.peek().ids.has(chatItemId(chatId));
    if (!item?.chat) return listed ? refreshSoon() : undefined;
    if (talk.number < (item.chat.talk?.number ?? 0)) return undefined;
    const { number, state, responsible_id, responsible, waiting_since, score } = talk;
    const free = state === "open" && responsible_id === null && !me.free && !ASKED.includes(item.chat.role);
    store.patch(item.id, {
      actions: free ? ["take"] : [],
      chat: { ...item.chat, talk: { ...item.chat.talk, number, state, responsible_id, responsible, waiting_since, score } },
    });
    return listed ? refreshSoon() : undefined;
  }

  function heardSeen({ chat_id: chatId, delivered_seq = 0, read_seq = 0 }) {
    const now = seen.peek().get(chatId) ?? { delivered_seq: 0, read_seq: 0 };
    if (delivered_seq <= now.delivered_seq && read_seq <= now.read_seq) return;
    setIn(seen, chatId, { delivered_seq: Math.max(delivered_seq, now.delivered_seq), read_seq: Math.max(read_seq, now.read_seq) });
  }

  function onEvent(event, data) {
    if (event === "talk.changed") changed(data);
    else if (event === "client.seen") heardSeen(data);
    else if (event === "client.typing") typing.heard({ chat_id: data.chat_id, user_id: "client", name: data.name });
    else if (event === "client.answering") data.user_id !== me.id && typing.heard(data);
    else if (event === "client.looking") setIn(lookers, data.chat_id, data.people);
    else if (event === "message" && data.author.kind === "visitor") typing.stopped(data.chat_id, "client");
  }

  /** The others who have this chat open, and the ones among them who are writing to the client. */
  function others(chatId) {
    const people = (lookers.value.get(chatId) ?? []).filter(({ id }) => id !== me.id);
    const writing = (typing.shown.value.get(chatId) ?? []).filter(({ id, note }) => id !== "client" && id !== me.id && !note);
    return { looking: people.filter(({ id }) => !writing.some((one) => one.id === id)), writing };
  }

  /** What is asked in a dialog, which shows the refusal itself. */
  async function asked(chatId, method, path, body) {
    const { result } = await request(method, `/talks/${of(chatId).number}/${path}`, body);
    setIn(full, chatId, result);
    changed(result);
    return result;
  }

  /** Does something with a talk. True when it worked; a refusal is said, and the talk is shown as it is now. */
  async function act(chatId, path, body, done, failed) {
    const talk = of(chatId);
    if (!talk) return false;
    try {
      const { result } = await request("POST", `/talks/${talk.number}/${path}`, body);
      setIn(full, chatId, result);
      changed(result);
      if (!isOpen(chatId)) say({ text: done(result) }); // an open chat says it itself
      return true;
    } catch (error) {
      say({ text: `${failed}: ${error.message}`, bad: true });
      load(chatId);
      return false;
    }
  }

  return {
    of, load, opened, onEvent, seen, others,
    take: (chatId) => act(chatId, "take", {}, (talk) => `Talk ${talk.number} is yours`, "Not taken"),
    close: (chatId, withoutSurvey = false) =>
      act(chatId, "close", withoutSurvey ? { without_survey: true } : {}, (talk) => (talk.state === "closing" ? `Talk ${talk.number} is closed, the client is asked for a score` : `Talk ${talk.number} is closed`), "Not closed"),
    noAnswer: (chatId) => act(chatId, "no-answer-needed", {}, (talk) => `Talk ${talk.number} waits no longer`, "Not changed"),
    transfer: (chatId, userId) => asked(chatId, "POST", "transfer", { user_id: userId }),
    ask: (chatId, userId, question, answer = false) => asked(chatId, "POST", "ask", answer ? { user_id: userId, question, answer } : { user_id: userId, question }),
    takeBack: (chatId, userId) => asked(chatId, "DELETE", `asked/${userId}`),
    /** A switch: a refusal is said, and it goes back. True when it worked. */
    async letAnswer(chatId, userId, answer) {
      try {
        await asked(chatId, "PUT", `asked/${userId}`, { answer });
        return true;
      } catch (error) {
        say({ text: `Not changed: ${error.message}`, bad: true });
        load(chatId);
        return false;
      }
    },
  };
}
