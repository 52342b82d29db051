// A chat's row in the feed follows its messages at once; the server's own word about the row, when it comes, wins.
import { spoken } from "./text.js";

const REFRESH_MS = 700;
const JITTER_MS = 2_000; // a message to a whole company: its people must not all ask in the same moment

export const chatItemId = (chatId) => `c:${chatId}`;

/** `isRead(chatId)`: what comes in this chat is being read this very moment. */
export function createFeedRows({ store, me, refreshFeed, isRead, timers = globalThis, random = Math.random }) {
  let timer = null;

  /** A row that is not at hand: the feed is asked once for all that come in the same moment. */
  const refreshSoon = () => (timer ??= timers.setTimeout(() => ((timer = null), refreshFeed()), REFRESH_MS + random() * JITTER_MS));

  function message(data) {
    const item = store.item(chatItemId(data.chat_id));
    if (!item?.chat) return refreshSoon();
    if (data.seq <= (item.chat.last_seq ?? 0)) return undefined;
    const mine = isMine(data);
    // somebody else has this client: my copy says so and stays read
    if (item.chat.role === "told" && !mine) return store.patch(item.id, { chat: { ...item.chat, last_seq: data.seq, last_read_seq: data.seq } });
    const counts = !mine && data.author.kind !== "system" && item.chat.role !== "viewer";
    const unread = item.unread || (counts && !isRead(data.chat_id));
    const fields = {
      ...lastLine(item, data),
      at: data.created_at, archived: false, remind_at: null, unread,
      count: unread && counts ? Math.min((item.unread ? item.count : 0) + 1, 100) : item.count,
    };
    fields.chat = { ...fields.chat, mention: unread && (item.chat.mention || mentionsMe(data)) };
    return store.patch(item.id, fields);
  }

  function lastLine(item, data) {
    const text = data.deleted ? "Message deleted" : spoken(data.body, data.mentions) || (data.files?.[0] ? `Sent ${data.files[0].name}` : "");
    const mine = isMine(data);
    // whose a client's talk is, the row says anyhow: what was said last matters more
    if (item.chat.kind === "client" && data.author.kind === "system") return { chat: { ...item.chat, last_seq: Math.max(item.chat.last_seq ?? 0, data.seq) } };
    const body = data.author.kind === "system" ? text : mine ? `You: ${text}` : item.chat.kind === "direct" || data.author.kind === "visitor" ? text : `${data.author.name.split(" ")[0]}: ${text}`;
    const last = { author: data.author.name, author_id: data.author.id, author_free: Boolean(data.author.free), body: text, seq: data.seq, mine, deleted: data.deleted };
    return { body: body.replace(/\s+/g, " ").slice(0, 200), chat: { ...item.chat, last, last_seq: Math.max(item.chat.last_seq ?? 0, data.seq) } };
  }

  function changed(data) {
    const item = store.item(chatItemId(data.chat_id));
    if (item?.chat?.last?.seq === data.seq) store.patch(item.id, lastLine(item, data));
  }

  function read(chatId, seq) {
    const item = store.item(chatItemId(chatId));
    if (!item?.chat || seq < (item.chat.last_seq ?? 0)) return;
    if (item.unread) store.patch(item.id, { unread: false, count: 0, chat: { ...item.chat, mention: false, last_read_seq: seq } });
  }

  function described(chat) {
    const item = store.item(chatItemId(chat.id));
    if (!item?.chat) return refreshSoon();
    const { name, picture_url: picture, members } = chat;
    return store.patch(item.id, { title: chat.kind === "group" && name ? name : item.title, chat: { ...item.chat, name, members, picture_url: chat.kind === "direct" ? item.chat.picture_url : (picture ?? null) } });
  }

  const gone = (chatId) => store.patch(chatItemId(chatId), { archived: true, unread: false, deleted: true });
  const isMine = (data) => data.author.kind === "user" && data.author.id === me.id;
  const mentionsMe = (data) => (data.mentions ?? []).some((one) => one.kind === "all" || (one.kind === "user" && one.id === me.id) || (one.kind === "group" && (me.group_ids ?? []).includes(one.id)));

  return { message, changed, read, described, gone };
}
