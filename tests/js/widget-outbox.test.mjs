import assert from "node:assert/strict";
import { test } from "node:test";
import { createOutbox } from "../../app/static/widget/outbox.js";

const settle = () => new Promise(setImmediate);
const refusal = (code, part = {}) => Object.assign(new Error(code), { code, status: 0, ...part });

function storage(values = new Map()) {
  return { values, getItem: (name) => values.get(name) ?? null, setItem: (name, value) => values.set(name, value), removeItem: (name) => values.delete(name) };
}

function setUp({ kept = storage(), answers = [], page = "c" } = {}) {
  const sent = [];
  const waits = [];
  const done = [];
  let number = 0;
  const outbox = createOutbox({
    storage: kept, key: "k", onChange: () => {}, onSent: (answer) => done.push(answer.message.id), newId: () => `${page}${++number}`,
    send: async (entry) => {
      sent.push(entry.client_id);
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer ?? { message: { id: entry.client_id, client_id: entry.client_id } };
    },
    timers: { setTimeout: (act, wait) => (waits.push({ act, wait }), waits.length), clearTimeout: () => {} },
  });
  return { outbox, sent, waits, done, kept };
}

test("messages leave one after the other, in the order they were written", async () => {
  const { outbox, sent, done, kept } = setUp();
  outbox.add("one");
  outbox.add("two");
  await settle();
  assert.deepEqual([sent, done], [["c1", "c2"], ["c1", "c2"]]);
  assert.deepEqual([outbox.entries(), kept.values.size], [[], 0]);
});

test("without a connection a message waits and is sent again with the same id, and the next one waits behind it", async () => {
  const { outbox, sent, waits } = setUp({ answers: [refusal("network"), refusal("timeout")] });
  outbox.add("one");
  outbox.add("two");
  await settle();
  assert.deepEqual(outbox.entries().map(({ state }) => state), ["waiting", "sending"]);
  waits.at(-1).act();
  await settle();
  waits.at(-1).act();
  await settle();
  assert.deepEqual(sent, ["c1", "c1", "c1", "c2"]);
  assert.deepEqual(waits.map(({ wait }) => wait), [1_000, 3_000]);
});

test("coming back sends at once what waits", async () => {
  const { outbox, sent } = setUp({ answers: [refusal("network")] });
  outbox.add("one");
  await settle();
  outbox.flush();
  await settle();
  assert.deepEqual([sent, outbox.entries()], [["c1", "c1"], []]);
});

test("a refused message stays with its reason until it is tried again or thrown away; the others go on", async () => {
  const { outbox, sent } = setUp({ answers: [refusal("too_long", { status: 422 })] });
  const { client_id: id } = outbox.add("one");
  outbox.add("two");
  await settle();
  assert.deepEqual(outbox.entries().map(({ state, error }) => [state, error]), [["failed", "too_long"]]);
  outbox.retry(id);
  await settle();
  assert.deepEqual([sent, outbox.entries()], [["c1", "c2", "c1"], []]);
});

test("a flood waits as long as the server says", async () => {
  const { outbox, waits } = setUp({ answers: [refusal("rate_limited", { status: 429, retryAfter: 7 })] });
  outbox.add("one");
  await settle();
  assert.equal(waits[0].wait, 7_000);
});

test("what one page could not send any more the next page sends, with the same id", async () => {
  const kept = storage();
  const first = setUp({ kept, answers: [refusal("network")] });
  first.outbox.add("one");
  await settle();
  const second = setUp({ kept });
  assert.deepEqual(second.outbox.entries().map(({ body, state }) => [body, state]), [["one", "waiting"]]);
  second.outbox.flush();
  await settle();
  assert.deepEqual([second.sent, kept.values.size], [["c1"], 0]);
});

test("a message that comes in by another way is not shown as unsent", async () => {
  const { outbox } = setUp({ answers: [refusal("timeout")] });
  outbox.add("one");
  await settle();
  outbox.arrived({ client_id: "c1" });
  assert.deepEqual(outbox.entries(), []);
});

test("storage that is full or broken loses nothing of this page", async () => {
  const broken = { getItem: () => "not json", setItem: () => { throw new Error("full"); }, removeItem: () => { throw new Error("no"); } };
  const { outbox, done } = setUp({ kept: broken });
  outbox.add("one");
  await settle();
  assert.deepEqual(done, ["c1"]);
});

test("two pages of a visitor do not lose each other's unsent messages", async () => {
  const kept = storage();
  const one = setUp({ kept, answers: [refusal("network")] });
  const two = setUp({ kept, page: "d" });
  one.outbox.add("one");
  await settle();
  two.outbox.add("two");
  await settle();
  assert.deepEqual(setUp({ kept }).outbox.entries().map(({ body }) => body), ["one"]);
  one.outbox.flush();
  await settle();
  assert.equal(kept.values.size, 0);
});
