import assert from "node:assert/strict";
import { test } from "node:test";
import { createStore } from "../../app/static/settings/store.js";

const settings = () => ({ preferences: { matrix: { task: { email: "now" } } } });

/** A server that answers when it is told to, with what it was asked to keep. */
function slowServer() {
  const asked = [];
  const request = (method, path, part) => new Promise((resolve, reject) => {
    asked.push({
      email: part.matrix.task.email,
      answer: () => resolve({ matrix: { task: { email: part.matrix.task.email } } }),
      refuse: () => reject(new Error("no")),
    });
  });
  return { asked, request };
}

const soon = () => new Promise((done) => setImmediate(done));

test("two changes of a cell are sent one after the other, and the second is what stays", async () => {
  const { asked, request } = slowServer();
  const store = createStore({ settings: settings(), request, say: () => {} });
  const first = store.save({ matrix: { task: { email: "unread" } } });
  const second = store.save({ matrix: { task: { email: "off" } } });
  await soon();
  assert.deepEqual(asked.map(({ email }) => email), ["unread"]);
  asked[0].answer();
  await first;
  assert.equal(store.state.value.preferences.matrix.task.email, "off", "the first answer takes nothing back");
  await soon();
  asked[1].answer();
  await second;
  assert.deepEqual([asked.map(({ email }) => email), store.state.value.preferences.matrix.task.email], [["unread", "off"], "off"]);
});

test("what is refused is shown as the server last confirmed it", async () => {
  const { asked, request } = slowServer();
  const said = [];
  const store = createStore({ settings: settings(), request, say: ({ text }) => said.push(text) });
  const both = [store.save({ matrix: { task: { email: "unread" } } }), store.save({ matrix: { task: { email: "off" } } })];
  for (const number of [0, 1]) {
    await soon();
    asked[number].refuse();
    await soon();
  }
  assert.deepEqual(await Promise.all(both), [false, false]);
  assert.deepEqual([said.length, store.state.value.preferences.matrix.task.email], [2, "now"]);
});
