import assert from "node:assert/strict";
import { test } from "node:test";
import { createDrafts } from "../../app/static/center/chat/drafts.js";
import { newId } from "../../app/static/center/chat/sending.js";
import { createOutbox } from "../../app/static/center/chat/outbox.js";

function fakeStorage(saved = new Map()) {
  return {
    saved,
    get length() { return saved.size; },
    key: (index) => [...saved.keys()][index],
    getItem: (name) => saved.get(name) ?? null,
    setItem: (name, value) => saved.set(name, String(value)),
    removeItem: (name) => saved.delete(name),
  };
}

const refusal = (code, more = {}) => Object.assign(new Error(code), { code, ...more });

/** `answers`: what the server says to each try, in turn: an error, or nothing for "taken". */
function setUp({ answers = [], storage = fakeStorage() } = {}) {
  const tries = [];
  const sent = [];
  const later = [];
  let ids = 0;
  const outbox = createOutbox({
    storage, userId: 1, newId: () => `id-${++ids}`, clock: () => ids,
    timers: { setTimeout: (act, wait) => later.push({ act, wait }) },
    send: async (entry) => {
      tries.push(entry.body);
      const answer = answers.shift();
      if (answer) throw answer;
      return { message: { id: tries.length, client_id: entry.client_id, body: entry.body } };
    },
    onSent: (message) => sent.push(message.body),
  });
  return { outbox, tries, sent, later, storage, states: () => outbox.entries.value.map(({ body, state }) => `${body} ${state}`) };
}
const settled = () => new Promise(setImmediate);
const say = (outbox, body, chat_id = 7) => outbox.add({ chat_id, body });

test("messages of a chat go out one after the other, in their order", async () => {
  const { outbox, sent, states } = setUp();
  for (const body of ["a", "b", "c"]) say(outbox, body);
  assert.deepEqual(states(), ["a sending", "b sending", "c sending"]);
  await settled();
  assert.deepEqual(sent, ["a", "b", "c"]);
  assert.deepEqual(states(), []);
});

test("without a connection everything waits, and goes in its order when it is back", async () => {
  const { outbox, sent, tries, later, states } = setUp({ answers: [refusal("network"), refusal("timeout")] });
  say(outbox, "a");
  say(outbox, "b");
  await settled();
  assert.deepEqual(tries, ["a"]);
  assert.deepEqual(states(), ["a waiting", "b waiting"]);
  assert.deepEqual(later.map(({ wait }) => wait), [1000]);
  outbox.flush();
  await settled();
  assert.deepEqual(sent, []);
  outbox.flush();
  await settled();
  assert.deepEqual(sent, ["a", "b"]);
});

test("what the server refuses stays as failed, does not hold up the next, and can be tried again", async () => {
  const { outbox, sent, states } = setUp({ answers: [refusal("too_long")] });
  say(outbox, "a");
  say(outbox, "b");
  await settled();
  assert.deepEqual(sent, ["b"]);
  assert.deepEqual(states(), ["a failed"]);
  outbox.retry("id-1");
  await settled();
  assert.deepEqual(sent, ["b", "a"]);
});

test("a flood waits as long as the server says", async () => {
  const { outbox, later } = setUp({ answers: [refusal("rate_limited", { retryAfter: 7 })] });
  say(outbox, "a");
  await settled();
  assert.deepEqual(later.map(({ wait }) => wait), [7000]);
});

test("a message seen arriving is not sent again, though its answer was lost", async () => {
  const { outbox, tries, states } = setUp({ answers: [refusal("timeout")] });
  say(outbox, "a");
  await settled();
  outbox.arrived({ id: 1, client_id: "id-1" });
  outbox.flush();
  await settled();
  assert.deepEqual(states(), []);
  assert.deepEqual(tries, ["a"]);
});

test("what could not be sent is still there after a reload, with its client_id", async () => {
  const first = setUp({ answers: [refusal("network")] });
  say(first.outbox, "a");
  await settled();
  first.storage.saved.set("fd-outbox:1:broken", "{");
  first.storage.saved = new Map([...first.storage.saved].reverse()); // the broken one first
  const second = setUp({ storage: fakeStorage(first.storage.saved) });
  assert.deepEqual(second.states(), ["a waiting"]);
  assert.equal(second.outbox.entries.value[0].client_id, "id-1");
  second.outbox.flush();
  await settled();
  assert.deepEqual(second.sent, ["a"]);
  assert.deepEqual([...first.storage.saved.keys()], ["fd-outbox:1:broken"]);
});

test("drafts are kept per chat and person, and an emptied one is forgotten", () => {
  const storage = fakeStorage();
  const drafts = createDrafts({ storage, userId: 1 });
  drafts.set(7, { body: "half a" });
  drafts.set(8, { body: "other" });
  assert.equal(createDrafts({ storage, userId: 1 }).get(7).body, "half a");
  assert.equal(createDrafts({ storage, userId: 2 }).get(7).body, "");
  drafts.clear(7);
  assert.deepEqual([...storage.saved.keys()], ["fd-draft:1:8"]);
});

test("what was sent from one tab is no draft in another any more", () => {
  const storage = fakeStorage();
  let hear = null;
  const here = createDrafts({ storage, userId: 1, listen: (heard) => (hear = heard) });
  hear({ key: "fd-draft:1:7", newValue: JSON.stringify({ body: "half a" }) });
  hear({ key: "fd-draft:2:7", newValue: JSON.stringify({ body: "somebody else's" }) });
  assert.equal(here.get(7).body, "half a");
  hear({ key: "fd-draft:1:7", newValue: null });
  hear({ key: null, newValue: null });
  assert.equal(here.get(7).body, "");
});

test("a message has an id of its own also where the page came without HTTPS", () => {
  const { crypto } = globalThis;
  const plain = { getRandomValues: (bytes) => crypto.getRandomValues(bytes) }; // no randomUUID
  for (const source of [crypto, plain]) assert.match(newId(source), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u);
  assert.notEqual(newId(plain), newId(plain));
});
