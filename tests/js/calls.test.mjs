import assert from "node:assert/strict";
import { test } from "node:test";
import { createCalls, lasted } from "../../app/static/center/calls.js";
import { createPopups, createSeen } from "../../app/static/center/popups.js";
import { createStore } from "../../app/static/center/store.js";

const ring = (number, more = {}) => ({ id: `n:${number}`, event: "call:ringing", unread: true, at: "2026-03-10T10:00:00Z", call: { name: "Basil" }, ...more });

function desk(now = { ringing: [], talking: [] }) {
  const state = { now, asked: 0, rings: 0 };
  const calls = createCalls({
    load: async () => {
      state.asked += 1;
      const answer = state.now;
      await new Promise(setImmediate);
      return answer;
    },
    onRing: () => (state.rings += 1),
  });
  return { calls, state };
}

test("a call rings in its own slot until it is answered elsewhere", () => {
  const { calls, state } = desk();
  assert.equal(calls.onItem(ring(1), true), true);
  assert.equal(calls.ringing.value.length, 1);
  assert.equal(state.rings, 1);
  calls.onItem(ring(1, { unread: false }), false);
  assert.equal(calls.ringing.value.length, 0);
});

test("a missed call leaves its slot and is a popup like others", () => {
  const { calls } = desk();
  calls.onItem(ring(1), true);
  assert.equal(calls.onItem(ring(1, { event: "call:missed" }), true), false);
  assert.equal(calls.ringing.value.length, 0);
});

test("what does not pop up for this person has no slot", () => {
  const { calls } = desk();
  assert.equal(calls.onItem(ring(1), false), false);
  assert.equal(calls.ringing.value.length, 0);
});

test("counters of another page bring what rings and who is talked to", async () => {
  const { calls, state } = desk({ ringing: [ring(4)], talking: [{ id: 2, name: "Nora", since: "2026-03-10T10:00:00Z" }] });
  calls.onCounters({ calls: 2 });
  for (let turns = 0; turns < 2; turns += 1) await new Promise(setImmediate);
  assert.deepEqual([calls.ringing.value.length, calls.busy.value], [1, true]);
  calls.onCounters({ calls: 2 });
  assert.equal(state.asked, 1);
});

test("a call that ends while its answer is on its way does not stay", async () => {
  const { calls, state } = desk({ ringing: [ring(4)], talking: [] });
  calls.onCounters({ calls: 1 });
  state.now = { ringing: [], talking: [] };
  calls.onCounters({ calls: 0 });
  for (let turns = 0; turns < 4; turns += 1) await new Promise(setImmediate);
  assert.deepEqual([calls.ringing.value.length, state.asked], [0, 2]);
});

test("what comes during a call is counted, then shown as one line", () => {
  const store = createStore({ counters: { total: 0, waiting: 0, tabs: {} } });
  let busy = true;
  const memory = { getItem: () => null, setItem: () => {} };
  const popups = createPopups({ store, seen: createSeen(memory), looking: () => false, visible: () => true, busy: () => busy });
  const item = { id: "n:9", unread: true, archived: false, at: "2026-03-10T10:00:00Z", changed_at: "2026-03-10T10:00:00Z" };
  store.merge(item);
  popups.offer(item);
  assert.deepEqual([popups.shown.value.length, popups.during.value], [0, 1]);
  busy = false;
  popups.clear();
  assert.equal(popups.during.value, 0);
});

test("how long it lasts is read like a clock", () => {
  const start = "2026-03-10T10:00:00Z";
  assert.equal(lasted(start, Date.parse(start) + 14_000), "0:14");
  assert.equal(lasted(start, Date.parse(start) + 3_725_000), "1:02:05");
});
