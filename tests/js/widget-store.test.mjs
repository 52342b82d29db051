import assert from "node:assert/strict";
import { test } from "node:test";
import { createStore } from "../../app/static/widget/store.js";

const NOW = Date.parse("2031-05-05T10:00:00Z");
const at = (seconds) => new Date(NOW + seconds * 1000).toISOString();

function message(id, part = {}) {
  return { id, chat_id: 7, seq: id, author: { kind: "user", name: "Milo" }, body: `text ${id}`, client_id: null, created_at: at(0), changed_at: at(0), deleted: false, files: [], ...part };
}

const mine = (id, part = {}) => message(id, { author: { kind: "visitor", name: "" }, ...part });

function setUp(boot = {}) {
  let now = NOW;
  let timer = null;
  const store = createStore({
    boot: { online: true, offline_text: "", ...boot }, clock: () => now,
    timers: { setTimeout: (act, wait) => (timer = { act, wait }), clearTimeout: (one) => { if (one === timer) timer = null; } },
  });
  const pass = (ms) => {
    now += ms;
    if (timer && timer.wait <= ms) timer.act();
  };
  return { store, state: store.state, pass };
}

const hello = (part = {}) => ({ visitor: { token: "t" }, chat: { id: 7, last_seq: 0, team_read_seq: 0 }, messages: [], more: false, talk: null, online: true, ...part });
const bodies = (state) => state.messages.map(({ body }) => body);

test("messages come twice and in any order, and stand once and in theirs", () => {
  const { store, state } = setUp();
  store.take("message", message(3));
  store.hello(hello({ messages: [message(1), message(3)] }));
  store.merge([message(2), message(1)]);
  assert.deepEqual(bodies(state), ["text 1", "text 2", "text 3"]);
});

test("a late copy does not undo an edit", () => {
  const { store, state } = setUp();
  store.take("message.changed", message(1, { body: "better", changed_at: at(5) }));
  store.merge([message(1)]);
  assert.deepEqual(bodies(state), ["better"]);
});

test("what comes after the last look is new; one's own messages, system lines and deleted ones are not", () => {
  const { store, state } = setUp();
  store.hello(hello({ messages: [message(1)] }));
  assert.equal(store.unread(), 0);
  store.merge([mine(2), message(3, { author: { kind: "system", name: "" } }), message(4), message(5, { deleted: true, body: "" })]);
  assert.equal(store.unread(), 1);
  store.set({ readSeq: 5 });
  assert.equal(store.unread(), 0);
  assert.equal(state.readSeq, 5);
});

test("the survey is shown while it is asked, once scored never again", () => {
  const { store, state } = setUp();
  const closing = { number: 101, state: "closing", agent: { name: "Milo" }, survey: { number: 101, text: "How?", scale: [1, 10] }, score: null };
  store.take("talk", closing);
  store.take("survey", closing.survey);
  assert.equal(state.survey.number, 101);
  store.scored(101, 9, "Thanks");
  store.take("talk", closing); // an event that was on its way
  assert.equal(state.survey, null);
  store.take("talk", { ...closing, state: "closed", survey: null, score: 9 });
  assert.deepEqual(state.thanks, { number: 101, score: 9, text: "Thanks" });
});

test("a score given on another screen ends the question here", () => {
  const { store, state } = setUp();
  store.take("survey", { number: 101, text: "How?", scale: [1, 10] });
  store.take("talk", { number: 101, state: "closed", agent: null, survey: null, score: 4 });
  assert.deepEqual([state.survey, state.thanks.score], [null, 4]);
});

test("a question that nobody has worded is left to the widget, which speaks the visitor's language", () => {
  const { store, state } = setUp();
  store.take("survey", { number: 101, text: "How likely …?", default: true, scale: [1, 10] });
  assert.equal(state.survey.text, "");
});

test("writing again opens the next talk: the survey of the old one is gone, an event of the old one changes nothing", () => {
  const { store, state } = setUp();
  store.take("survey", { number: 101, text: "How?", scale: [1, 10] });
  store.sent({ message: mine(9), talk: { number: 102, state: "open", agent: null, survey: null, score: null } });
  store.take("talk", { number: 101, state: "closed", agent: null, survey: null, score: null });
  assert.deepEqual([state.survey, state.talk.number, state.talk.state], [null, 102, "open"]);
});

test("typing ends by itself, or with the message", () => {
  const { store, state, pass } = setUp();
  store.take("typing", { name: "Milo" });
  assert.equal(state.typing.name, "Milo");
  pass(6_000);
  assert.equal(state.typing, null);
  store.take("typing", { name: "Milo" });
  store.take("message", message(1));
  assert.equal(state.typing, null);
});

test("an address is asked for when nobody is there, or nobody answers for two minutes; not when it is known or unwanted", () => {
  const open = { number: 1, state: "open", agent: null, survey: null, score: null };
  const away = setUp({ online: false });
  assert.equal(away.store.wantsAddress(), false);
  away.store.sent({ message: mine(1), talk: open });
  assert.equal(away.store.wantsAddress(), true);
  away.store.set({ declined: true });
  assert.equal(away.store.wantsAddress(), false);

  const slow = setUp();
  slow.store.sent({ message: mine(1), talk: open });
  assert.equal(slow.store.wantsAddress(), false);
  slow.pass(120_000);
  assert.equal(slow.store.wantsAddress(), true);
  slow.store.take("message", message(2));
  assert.equal(slow.store.wantsAddress(), false);

  const known = setUp({ online: false });
  known.store.hello(hello({ visitor: { token: "t", email: "a@example.com" }, messages: [mine(1)], talk: open, online: false }));
  assert.equal(known.store.wantsAddress(), false);
});

test("an unknown event changes nothing", () => {
  const { store, state } = setUp();
  assert.equal(store.take("constructor", {}), false);
  assert.deepEqual(state.messages, []);
});
