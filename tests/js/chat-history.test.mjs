import assert from "node:assert/strict";
import { test } from "node:test";
import { createHistory, merged } from "../../app/static/center/chat/history.js";

const message = (seq, more = {}) => ({ id: 1000 + seq, seq, body: `m${seq}`, author: { kind: "user", id: 2 }, changed_at: "2026-03-10T10:00:00Z", ...more });

/** A chat of `count` messages behind the fetch that the history asks; `asked` keeps its questions. */
function chatOf(count) {
  const all = Array.from({ length: count }, (_, index) => message(index + 1));
  const asked = [];
  const fetch = async (params) => {
    asked.push(params);
    const { before_seq: before, after_seq: after, around_seq: around, limit } = params;
    let messages = all.slice(-limit);
    if (before) messages = all.filter(({ seq }) => seq < before).slice(-limit);
    else if (after !== undefined) messages = all.filter(({ seq }) => seq > after).slice(0, limit);
    else if (around) messages = [...all.filter(({ seq }) => seq < around).slice(-limit / 2), ...all.filter(({ seq }) => seq >= around).slice(0, limit / 2)];
    return { messages, last_seq: all.length, first_unread_seq: null };
  };
  const history = createHistory({ fetch });
  const seqs = () => history.state.value.messages.map(({ seq }) => seq);
  const add = (number = 1) => {
    for (let left = number; left; left -= 1) all.push(message(all.length + 1));
    return all.at(-1);
  };
  return { history, all, asked, seqs, add };
}
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

test("a chat opens with its newest messages, and earlier ones join without a hole", async () => {
  const { history, seqs } = chatOf(120);
  await history.open();
  assert.deepEqual(seqs(), range(71, 120));
  await history.before();
  await history.before();
  assert.deepEqual(seqs(), range(1, 120));
  assert.equal(history.state.value.hasBefore, false);
});

test("what comes in live is heard, what is loaded is not", async () => {
  const { history, add } = chatOf(120);
  const heard = () => history.heard.value.map(({ seq }) => seq);
  await history.open();
  await history.before();
  assert.deepEqual(heard(), []);
  history.take(add());
  assert.deepEqual(heard(), [121]);
  history.take({ ...message(121), body: "edited", changed_at: "2026-03-10T11:00:00Z" });
  add();
  history.take(add()); // 122 did not arrive by itself
  await history.catchUp();
  assert.deepEqual(heard().toSorted(), [121, 122, 123]);
  add(20);
  await history.catchUp({ live: true });
  assert.deepEqual(heard(), range(139, 143));
  add();
  await history.catchUp(); // on opening it again
  assert.deepEqual(heard(), range(139, 143));
});

test("a chat opened around an old message grows at both ends", async () => {
  const { history, seqs } = chatOf(400);
  await history.open(100);
  assert.deepEqual(seqs(), range(75, 124));
  assert.deepEqual([history.state.value.hasBefore, history.state.value.hasAfter], [true, true]);
  await history.after();
  await history.before();
  assert.deepEqual(seqs(), range(25, 174));
});

test("however far somebody scrolls, only a part of the chat is in the page", async () => {
  const { history, seqs } = chatOf(2000);
  await history.open();
  for (let page = 0; page < 20; page += 1) await history.before();
  assert.equal(seqs().length, 300);
  assert.deepEqual(seqs(), range(seqs()[0], seqs()[0] + 299));
  assert.equal(history.state.value.hasAfter, true);
  for (let page = 0; page < 30; page += 1) await history.after();
  assert.equal(seqs().at(-1), 2000);
  assert.equal(history.state.value.hasAfter, false);
});

test("a live message joins the end at once; one that comes before those between waits for them", async () => {
  const { history, seqs, add } = chatOf(10);
  await history.open();
  assert.equal(history.take(add()), "added");
  add();
  assert.equal(history.take(add()), "later");
  await new Promise(setImmediate);
  assert.deepEqual(seqs(), range(1, 13));
});

test("what comes out of order is shown in the order of seq, each once", async () => {
  const { history, seqs } = chatOf(3);
  await history.open();
  history.take(message(5));
  history.take(message(4));
  history.take(message(4));
  await new Promise(setImmediate);
  assert.deepEqual(seqs(), [1, 2, 3, 4, 5]);
});

test("after a lost connection everything missed is fetched from the last seq on", async () => {
  const { history, seqs, add, asked } = chatOf(10);
  await history.open();
  add(30);
  await history.catchUp();
  assert.deepEqual(asked.at(-1), { after_seq: 10, limit: 100 });
  assert.deepEqual(seqs(), range(1, 40));
});

test("when more was missed than a page, the rest comes by scrolling and nothing live jumps over it", async () => {
  const { history, seqs, add } = chatOf(10);
  await history.open();
  add(250);
  await history.catchUp();
  assert.equal(history.state.value.hasAfter, true);
  assert.equal(history.take(add()), "later");
  assert.equal(seqs().at(-1), 110);
  await history.after();
  await history.after();
  await history.after();
  await history.after();
  assert.deepEqual(seqs(), range(1, 261));
});

test("seqs that do not exist are no hole to wait for", async () => {
  const { history, all, seqs } = chatOf(3);
  await history.open();
  all.push(message(7));
  history.take(message(7));
  await new Promise(setImmediate);
  assert.deepEqual(seqs(), [1, 2, 3, 7]);
});

test("of two states of a message the newer one stays", async () => {
  const { history } = chatOf(3);
  await history.open();
  history.take(message(2, { body: "changed", changed_at: "2026-03-10T11:00:00Z" }));
  assert.equal(history.take(message(2, { body: "late", changed_at: "2026-03-10T10:30:00Z" })), "old");
  assert.equal(history.find(({ seq }) => seq === 2).body, "changed");
  assert.deepEqual(merged([message(1)], [message(1)]).length, 1);
});

test("an answer for a place that was left is thrown away", async () => {
  const { history, seqs } = chatOf(500);
  await Promise.all([history.open(100), history.open(300)]);
  assert.deepEqual(seqs(), range(275, 324));
});

test("who goes to a message near the end while what was missed is fetched finds no hole before it", async () => {
  const { history, seqs, add } = chatOf(10);
  await history.open();
  add(250);
  await Promise.all([history.open(250), history.catchUp()]);
  assert.deepEqual(seqs(), range(225, 260));
});
