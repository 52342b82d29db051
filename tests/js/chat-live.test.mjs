import assert from "node:assert/strict";
import { test } from "node:test";
import { createFeedRows } from "../../app/static/center/chat/feed-rows.js";
import { createPresence } from "../../app/static/center/chat/presence.js";
import { createReceipts } from "../../app/static/center/chat/receipts.js";
import { createTyping, typingWords } from "../../app/static/center/chat/typing.js";
import { createStore } from "../../app/static/center/store.js";

function fakeTimers() {
  const due = new Map();
  let number = 0;
  return { setTimeout: (act) => (due.set(++number, act), number), clearTimeout: (id) => due.delete(id), run: () => { for (const [id, act] of [...due]) { due.delete(id); act(); } }, due };
}
const AT = "2026-03-10T10:00:00Z";
const chatItem = (more = {}) => ({
  id: "c:7", kind: "chat", tab: "chats", title: "Sales Office", body: "", unread: false, count: 0, archived: false, at: AT, changed_at: AT, actions: [],
  chat: { id: 7, kind: "group", name: "Sales Office", last_seq: 3, last: null, mention: false }, ...more,
});
function rowsWith({ items = [chatItem()], isRead = () => false } = {}) {
  const store = createStore({ counters: { total: 0, waiting: 0, tabs: { chats: 0 } }, clock: () => Date.parse(AT) });
  store.addPage({ items, next_cursor: null }, { first: true });
  const timers = fakeTimers();
  let refreshed = 0;
  const rows = createFeedRows({ store, me: { id: 1 }, refreshFeed: () => (refreshed += 1), isRead, timers });
  return { store, rows, timers, refreshed: () => refreshed };
}
const message = (seq, more = {}) => ({ id: seq, chat_id: 7, seq, author: { kind: "user", id: 2, name: "Wren Saddle" }, body: `text ${seq}`, created_at: `2026-03-10T10:0${seq}:00Z`, mentions: [], files: [], ...more });

test("a message changes the chat's row at once: last line, count, badge", () => {
  const { store, rows } = rowsWith();
  rows.message(message(4));
  rows.message(message(5, { mentions: [{ kind: "user", id: 1 }] }));
  const item = store.item("c:7");
  assert.deepEqual([item.body, item.unread, item.count, item.chat.mention], ["Wren: text 5", true, 2, true]);
  assert.equal(store.counters.value.total, 1);
});

test("the same message twice counts once; mine and the system's count never", () => {
  const { store, rows } = rowsWith();
  rows.message(message(4));
  rows.message(message(4));
  assert.equal(store.item("c:7").count, 1);
  const own = rowsWith();
  own.rows.message(message(4, { author: { kind: "user", id: 1, name: "Me" } }));
  own.rows.message(message(5, { author: { kind: "system", id: null, name: "" } }));
  assert.deepEqual([own.store.item("c:7").unread, own.store.counters.value.total], [false, 0]);
});

test("what comes while it is being read is not unread; reading takes the badge away", () => {
  const { store, rows } = rowsWith({ isRead: () => true });
  rows.message(message(4));
  assert.equal(store.item("c:7").unread, false);
  const other = rowsWith();
  other.rows.message(message(4));
  other.rows.read(7, 3);
  assert.equal(other.store.item("c:7").unread, true);
  other.rows.read(7, 4);
  assert.deepEqual([other.store.item("c:7").unread, other.store.counters.value.total], [false, 0]);
});

test("a chat that is not at hand makes the feed be asked once for many messages", () => {
  const { rows, timers, refreshed } = rowsWith({ items: [] });
  rows.message(message(4));
  rows.message(message(5));
  timers.run();
  assert.equal(refreshed(), 1);
});

test("read marks go out at once, then at most once per pause, and only forwards", async () => {
  const told = [];
  const timers = fakeTimers();
  const receipts = createReceipts({ tell: async (chatId, seq) => told.push(seq), timers });
  receipts.start(7, 3, [{ id: 2, last_read_seq: 2 }]);
  assert.equal(receipts.saw(7, 3), false);
  for (const seq of [4, 5, 6]) receipts.saw(7, seq);
  await null;
  assert.deepEqual(told, [4]);
  timers.run();
  assert.deepEqual(told, [4, 6]);
  receipts.heard({ chat_id: 7, user_id: 2, seq: 6 });
  receipts.heard({ chat_id: 7, user_id: 2, seq: 5 });
  assert.deepEqual(receipts.readers(7, 6, 1), [2]);
});

test("a read mark that did not get through is said again", async () => {
  const told = [];
  let fails = true;
  const receipts = createReceipts({ tell: async (chatId, seq) => { told.push(seq); if (fails) throw new Error("network"); }, timers: fakeTimers() });
  receipts.start(7, 0);
  receipts.saw(7, 1);
  await new Promise(setImmediate);
  fails = false;
  receipts.flush();
  assert.deepEqual(told, [1, 1]);
});

test("typing is said every 3 s at most, and forgotten when the message comes", () => {
  let now = 0;
  const said = [];
  const timers = fakeTimers();
  const typing = createTyping({ say: (id) => said.push(id), clock: () => now, timers });
  for (now of [0, 1000, 2999, 3000]) typing.pressed(7);
  assert.equal(said.length, 2);
  typing.heard({ chat_id: 7, user_id: 2, name: "Wren Saddle" });
  assert.equal(typingWords(typing.shown.value.get(7)), "Wren is typing");
  typing.stopped(7, 2);
  assert.equal(typingWords(typing.shown.value.get(7)), "");
  typing.heard({ chat_id: 7, user_id: 2, name: "Wren Saddle" });
  timers.run();
  assert.deepEqual(typing.shown.value.get(7), []);
});

test("being here is told on real action, every 30 s at most; who is watched is asked once", async () => {
  let now = 0;
  let told = 0;
  const asked = [];
  const timers = fakeTimers();
  const presence = createPresence({ tell: () => (told += 1), watch: async (ids) => (asked.push(ids), { states: { 2: "active", 3: "away" } }), clock: () => now, timers });
  for (now of [0, 29_000, 30_000]) presence.acted();
  assert.equal(told, 2);
  presence.show("chat", [3, 2]);
  presence.show("found", [2]);
  timers.run();
  await new Promise(setImmediate);
  assert.deepEqual(asked, [[2, 3]]);
  assert.deepEqual([presence.of(2), presence.of(3), presence.of(9)], ["active", "away", "offline"]);
});

test("a new connection makes nobody active who has done nothing; who has is told of again", () => {
  let now = 0;
  let told = 0;
  const presence = createPresence({ tell: () => (told += 1), watch: async () => ({}), clock: () => now, timers: fakeTimers(), focused: true });
  presence.connected();
  assert.equal(told, 1, "opening the page was an action");
  now = 100_000;
  presence.connected();
  assert.equal(told, 2);
  now = 130_000;
  presence.connected();
  assert.equal(told, 2, "a window that is only left open is away");
  presence.acted();
  assert.equal(told, 3);
});
