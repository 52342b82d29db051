import assert from "node:assert/strict";
import { test } from "node:test";
import { createPopups, createSeen } from "../../app/static/center/popups.js";
import { createStore } from "../../app/static/center/store.js";

const at = (number) => new Date(Date.parse("2026-03-10T10:00:00Z") + number * 1000).toISOString();
const item = (number, more = {}) => ({
  id: `n:${number}`, tab: "tasks", title: `Item ${number}`, body: "", unread: true, archived: false, at: at(number), changed_at: at(number), ...more,
});
const memory = () => {
  const kept = new Map();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
};

function tab({ storage = memory(), looking = () => false, limit } = {}) {
  const store = createStore({ counters: { total: 0, waiting: 0, tabs: {} } });
  const state = { visible: true, sounds: 0, missed: 0 };
  const popups = createPopups({ store, seen: createSeen(storage), looking, limit, visible: () => state.visible, onShow: () => (state.sounds += 1), onMissed: () => (state.missed += 1) });
  const arrive = (one) => {
    store.merge(one);
    popups.offer(one);
  };
  return { store, popups, state, arrive, ids: () => popups.shown.value.map(({ id }) => id) };
}

test("at most three popups stand, newest first, the rest is counted", () => {
  const { popups, arrive, ids } = tab();
  for (const number of [1, 2, 3, 4, 5]) arrive(item(number));
  assert.deepEqual(ids(), ["n:5", "n:4", "n:3"]);
  assert.equal(popups.more.value, 2);
});

test("the count ends with the last popup", () => {
  const { popups, arrive } = tab();
  for (const number of [1, 2, 3, 4]) arrive(item(number));
  for (const number of [2, 3, 4]) popups.dismiss(`n:${number}`);
  assert.equal(popups.more.value, 0);
  arrive(item(6));
  assert.equal(popups.more.value, 0);
});

test("a popup goes away when its item is read on another device", () => {
  const { store, arrive, ids } = tab();
  arrive(item(1));
  store.merge(item(1, { unread: false, changed_at: at(9) }));
  assert.deepEqual(ids(), []);
});

test("a later notice about the same subject takes the place of the earlier popup", () => {
  const { arrive, ids, popups } = tab();
  arrive(item(1));
  arrive(item(2));
  arrive(item(1, { at: at(5), changed_at: at(5), count: 2 }));
  assert.deepEqual(ids(), ["n:1", "n:2"]);
  assert.equal(popups.shown.value[0].count, 2);
});

test("nothing pops up about what is being looked at", () => {
  const { arrive, ids, state } = tab({ looking: (id) => id === "n:1" });
  arrive(item(1));
  assert.deepEqual(ids(), []);
  assert.equal(state.sounds, 0);
});

test("a hidden tab shows what it missed when somebody looks, unless another tab did", () => {
  const storage = memory();
  const front = tab({ storage });
  const back = tab({ storage });
  back.state.visible = false;
  for (const one of [item(1), item(2)]) back.arrive(one);
  front.arrive(item(1));
  assert.deepEqual(back.ids(), []);
  back.state.visible = true;
  back.popups.wake();
  assert.deepEqual(back.ids(), ["n:2"]);
});

test("what was read meanwhile does not pop up late", () => {
  const { store, popups, arrive, ids, state } = tab();
  state.visible = false;
  arrive(item(1));
  store.merge(item(1, { unread: false, changed_at: at(9) }));
  state.visible = true;
  popups.wake();
  assert.deepEqual(ids(), []);
});

test("without storage a tab still remembers what it showed", () => {
  const seen = createSeen({ getItem: () => { throw new Error("denied"); }, setItem: () => { throw new Error("denied"); } });
  seen.add("a");
  assert.equal(seen.has("a"), true);
});

test("whoever comes back to a tab after a while hears one sound, not one for each", () => {
  const { popups, arrive, ids, state } = tab();
  state.visible = false;
  for (let number = 1; number <= 30; number += 1) arrive(item(number));
  arrive(item(7, { at: at(40), changed_at: at(40), count: 2 }));
  state.visible = true;
  popups.wake();
  assert.deepEqual(ids(), ["n:7", "n:30", "n:29"]);
  assert.deepEqual([popups.more.value, state.sounds, state.missed], [27, 1, 1]);
});
