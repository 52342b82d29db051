import assert from "node:assert/strict";
import { test } from "node:test";
import { signal } from "@preact/signals";
import { createTalks } from "../../app/static/center/clients/talks.js";
import { othersWords, placeholder, rowWords } from "../../app/static/center/clients/words.js";
import { filled, found } from "../../app/static/center/clients/saved.js";
import { createTyping } from "../../app/static/center/chat/typing.js";
import { createStore } from "../../app/static/center/store.js";

const AT = "2026-03-10T10:00:00Z";
const talk = (more = {}) => ({ number: 21, chat_id: 7, state: "open", responsible_id: null, responsible: null, waiting_since: AT, score: null, ...more });
const row = (more = {}) => ({
  id: "c:7", kind: "chat", tab: "clients", title: "Fern Puddle", body: "", unread: false, count: 0, archived: false, at: AT, changed_at: AT, actions: ["take"],
  chat: { id: 7, kind: "client", role: "member", last_seq: 3, last: null, mention: false, talk: talk() }, ...more,
});

function setUp({ answer = async () => ({ result: talk({ responsible_id: 1, responsible: "Milo Spoke", can: { close: true } }) }), sub = "", items = [row()] } = {}) {
  const store = createStore({ counters: { total: 0, waiting: 0, tabs: {} }, tab: "clients", me: 1, clock: () => Date.parse(AT) });
  store.view.value = { ...store.view.peek(), sub };
  store.addPage({ items, next_cursor: null }, { first: true });
  const said = [];
  const asked = [];
  const timers = { setTimeout: () => 1, clearTimeout: () => {} };
  const request = (...args) => (asked.push(args), answer(...args));
  const typing = createTyping({ say: () => {}, timers });
  const talks = createTalks({
    request, store, infoOf: () => null, isOpen: () => false, refreshFeed: () => {}, typing, me: { id: 1 }, say: (words) => said.push(words), timers,
  });
  return { store, talks, typing, said, asked };
}
const shown = (store) => store.order.value;

test("a talk that somebody takes leaves what is unassigned, and is no longer to be taken", () => {
  const { store, talks } = setUp({ sub: "unassigned" });
  assert.deepEqual(shown(store), ["c:7"]);
  talks.onEvent("talk.changed", talk({ responsible_id: 2, responsible: "Wren Saddle" }));
  assert.deepEqual(shown(store), []);
  assert.deepEqual(store.item("c:7").actions, []);
});

test("mine are the open ones that I have", () => {
  const { store, talks } = setUp({ sub: "mine" });
  assert.deepEqual(shown(store), []);
  talks.onEvent("talk.changed", talk({ responsible_id: 1, responsible: "Milo Spoke" }));
  assert.deepEqual(shown(store), ["c:7"]);
  talks.onEvent("talk.changed", talk({ responsible_id: 1, state: "closing" }));
  assert.deepEqual(shown(store), []);
});

test("news of an older talk change nothing in the row", () => {
  const { store, talks } = setUp();
  talks.onEvent("talk.changed", talk({ number: 20, state: "closed" }));
  assert.equal(store.item("c:7").chat.talk.state, "open");
});

test("a client whom I only look at is listed among clients and nowhere else", () => {
  const viewed = row({ chat: { ...row().chat, role: "viewer" } });
  const { store } = setUp({ items: [viewed] });
  assert.deepEqual(shown(store), ["c:7"]);
  store.view.value = { ...store.view.peek(), tab: "all" };
  assert.deepEqual(shown(store), []);
});

test("who was too late is told who was faster, and sees the talk as it is", async () => {
  const refusal = Object.assign(new Error("Wren Saddle has taken this talk already"), { status: 409 });
  const answers = [Promise.reject(refusal), Promise.resolve({ result: talk({ responsible_id: 2, responsible: "Wren Saddle" }) })];
  const { talks, said, asked } = setUp({ answer: () => answers.shift() });
  assert.equal(await talks.take(7), false);
  assert.deepEqual(said, [{ text: "Not taken: Wren Saddle has taken this talk already", bad: true }]);
  await Promise.resolve();
  assert.deepEqual(asked.map(([method, path]) => `${method} ${path}`), ["POST /talks/21/take", "GET /talks/21"]);
});

test("a row says who is answering, until the talk has changed", () => {
  const { talks, typing } = setUp();
  talks.onEvent("client.answering", { chat_id: 7, user_id: 2, name: "Wren Saddle" });
  talks.onEvent("client.answering", { chat_id: 7, user_id: 1, name: "Milo Spoke" });
  assert.equal(rowWords(typing.shown.value.get(7)), "Wren is answering");
  talks.onEvent("client.typing", { chat_id: 7, name: "Fern Puddle" });
  talks.onEvent("talk.changed", talk({ responsible_id: 2, responsible: "Wren Saddle" }));
  assert.equal(rowWords(typing.shown.value.get(7)), "Typing", "the client still is");
});

test("what the client has read never goes back", () => {
  const { talks } = setUp();
  talks.onEvent("client.seen", { chat_id: 7, delivered_seq: 5, read_seq: 5 });
  talks.onEvent("client.seen", { chat_id: 7, delivered_seq: 6, read_seq: 3 });
  assert.deepEqual(talks.seen.value.get(7), { delivered_seq: 6, read_seq: 5 });
});

test("one sees who else looks and who is answering, oneself, the client and notes left out", () => {
  const store = createStore({ counters: { total: 0, tabs: {} } });
  const shownTyping = signal(new Map([[7, [{ id: "client", name: "Fern" }, { id: 2, name: "Wren Saddle", note: false }, { id: 3, name: "Otto Pedal", note: true }]]]));
  const talks = createTalks({ request: async () => ({}), store, infoOf: () => null, isOpen: () => true, refreshFeed: () => {}, typing: { shown: shownTyping }, me: { id: 1 }, say: () => {} });
  talks.onEvent("client.looking", { chat_id: 7, people: [{ id: 1, name: "Milo Spoke" }, { id: 2, name: "Wren Saddle" }, { id: 3, name: "Otto Pedal" }] });
  const others = talks.others(7);
  assert.deepEqual([others.looking.map(({ id }) => id), others.writing.map(({ id }) => id)], [[3], [2]]);
  assert.equal(othersWords(others), "Wren is answering right now");
  assert.equal(othersWords({ looking: others.looking, writing: [] }), "Otto has this chat open, too");
});

test("the box says for whom one writes", () => {
  const chat = { title: "Fern Puddle", talk: { channel: "widget" } };
  assert.equal(placeholder(chat, false), "Answer Fern on the website");
  assert.equal(placeholder({ ...chat, title: "Visitor 3" }, false), "Answer Visitor 3 on the website");
  assert.equal(placeholder(chat, true), "Note for your team");
  assert.equal(placeholder({ ...chat, talk: { channel: "messenger", channel_name: "Telegram" } }, false), "Answer Fern on Telegram");
});

test("saved answers are found by their name first, and filled with both names", () => {
  const answers = [{ id: 1, name: "Thanks", body: "See you in the workshop, {client}! {me}" }, { id: 2, name: "Workshop slot", body: "Thursday?" }];
  assert.deepEqual(found(answers, "work").map(({ id }) => id), [2, 1]);
  assert.deepEqual(found(answers, "nothing"), []);
  assert.equal(filled("Hello {client}, it is {me}", { title: "Fern Puddle" }, { name: "Milo Spoke" }), "Hello Fern, it is Milo");
  assert.equal(filled("Hello {client}, it is {me}", { title: "Visitor 7" }, { name: "Milo Spoke" }), "Hello, it is Milo");
});
