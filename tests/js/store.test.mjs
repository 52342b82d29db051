import assert from "node:assert/strict";
import { test } from "node:test";
import { createStore } from "../../app/static/center/store.js";

const NOW = Date.parse("2026-03-10T10:00:00Z");
const at = (minutes) => new Date(NOW + minutes * 60_000).toISOString();
const item = (number, more = {}) => ({
  id: `n:${number}`, kind: "notice", tab: "tasks", title: `Item ${number}`, body: "", unread: true, archived: false, count: 1,
  at: at(number), changed_at: at(number), actions: [], subject: { type: "task", id: number }, ...more,
});
const counters = (total) => ({ total, waiting: 0, longest_waiting_at: null, tabs: { tasks: total, system: 0 } });

function storeWith(items, { unreadFirst = true, total = items.filter((one) => one.unread).length, nextCursor = null, tab } = {}) {
  const store = createStore({ counters: counters(total), unreadFirst, tab, clock: () => NOW });
  store.addPage({ items, next_cursor: nextCursor }, { first: true });
  return store;
}
const shown = (store) => store.blocks.value.map(({ key, items }) => [key, items.map(({ id }) => id).join(" ")]);

test("unread items come first, newest first inside each block", () => {
  const store = storeWith([item(1, { unread: false }), item(2), item(3, { unread: false }), item(4)]);
  assert.deepEqual(shown(store), [["unread", "n:4 n:2"], ["earlier", "n:3 n:1"]]);
});

test("without unread first the feed is purely newest first", () => {
  const store = storeWith([item(1), item(2, { unread: false }), item(3)], { unreadFirst: false });
  assert.deepEqual(shown(store), [["flat", "n:3 n:2 n:1"]]);
});

test("an item keeps its place when it is read under the user's hand", () => {
  const store = storeWith([item(1), item(2), item(3)]);
  store.merge(item(3, { unread: false, changed_at: at(9) }));
  assert.deepEqual(shown(store), [["unread", "n:3 n:2 n:1"]]);
  store.settle();
  assert.deepEqual(shown(store), [["unread", "n:2 n:1"], ["earlier", "n:3"]]);
});

test("something new about a read item brings it back to the top of unread", () => {
  const store = storeWith([item(5), item(1, { unread: false })]);
  store.merge(item(1, { unread: true, at: at(8), changed_at: at(8), count: 2 }));
  assert.deepEqual(shown(store), [["unread", "n:1 n:5"]]);
});

test("the newest changed_at wins, whatever order the changes arrive in", () => {
  const store = storeWith([item(1)]);
  assert.equal(store.merge(item(1, { unread: false, title: "later", changed_at: at(20) })), "changed");
  assert.equal(store.merge(item(1, { title: "earlier", changed_at: at(10) })), "old");
  assert.equal(store.item("n:1").title, "later");
});

test("a page that was asked for earlier does not undo what came meanwhile", () => {
  const store = storeWith([item(1)]);
  store.merge(item(1, { unread: false, changed_at: at(20) }));
  store.addPage({ items: [item(1)], next_cursor: null }, { first: true });
  assert.equal(store.item("n:1").unread, false);
});

test("the same change twice counts once", () => {
  const store = storeWith([item(1)]);
  store.merge(item(2));
  assert.equal(store.merge(item(2)), "old");
  assert.deepEqual(shown(store), [["unread", "n:2 n:1"]]);
});

test("a new item shows only where it belongs", () => {
  const store = storeWith([item(1)], { tab: "tasks" });
  store.merge(item(2, { tab: "system" }));
  store.merge(item(3, { archived: true }));
  store.merge(item(4));
  assert.deepEqual(shown(store), [["unread", "n:4 n:1"]]);
});

test("an item whose place is below what was fetched waits for its page", () => {
  const store = storeWith([item(5), item(4)], { nextCursor: "x" });
  store.merge(item(1));
  assert.deepEqual(shown(store), [["unread", "n:5 n:4"]]);
  store.addPage({ items: [item(3), item(1)], next_cursor: null }, { first: false });
  assert.deepEqual(shown(store), [["unread", "n:5 n:4 n:3 n:1"]]);
});

test("silent items of the team never appear among all", () => {
  const store = storeWith([item(1)]);
  store.merge(item(2, { tab: "team", unread: false }));
  assert.deepEqual(shown(store), [["unread", "n:1"]]);
});

test("reading lowers the badge at once, and a refusal raises it again", () => {
  const store = storeWith([item(1), item(2)]);
  const token = store.change(["n:1"], () => ({ unread: false }));
  assert.equal(store.counters.value.total, 1);
  assert.equal(store.counters.value.tabs.tasks, 1);
  store.drop(token);
  assert.equal(store.counters.value.total, 2);
  assert.equal(store.item("n:1").unread, true);
});

test("the server's counters end the guess, in whatever order they come", () => {
  const store = storeWith([item(1), item(2)]);
  const token = store.change(["n:1"], () => ({ unread: false }));
  store.setCounters(counters(1));
  assert.equal(store.counters.value.total, 1);
  store.keep(token);
  assert.equal(store.counters.value.total, 1);
});

test("a kept change stays until the server's own word arrives", () => {
  const store = storeWith([item(1)]);
  store.keep(store.change(["n:1"], () => ({ unread: false })));
  assert.equal(store.item("n:1").unread, false);
  assert.equal(store.counters.value.total, 0);
  store.merge(item(1, { unread: true, changed_at: at(30) }));
  assert.equal(store.item("n:1").unread, true);
});

test("an older change that is still on its way does not undo what the user just did", () => {
  const store = storeWith([item(1)]);
  const token = store.change(["n:1"], () => ({ unread: false }));
  store.merge(item(1, { unread: true, count: 2, changed_at: at(2) }));
  assert.equal(store.item("n:1").unread, false);
  store.keep(token);
  assert.equal(store.item("n:1").unread, false);
});

test("marking all read counts rows that were never fetched", () => {
  const store = storeWith([item(1)], { total: 40 });
  store.change(["n:1"], () => ({ unread: false }), { total: -40, tabs: { tasks: -40 } });
  assert.equal(store.counters.value.total, 0);
  assert.equal(store.counters.value.tabs.tasks, 0);
});

test("an archived item and one to be reminded of leave the feed", () => {
  const store = storeWith([item(1), item(2), item(3)]);
  store.change(["n:1"], () => ({ archived: true, unread: false }));
  store.change(["n:2"], () => ({ remind_at: at(60), unread: false }));
  assert.deepEqual(shown(store), [["unread", "n:3"]]);
  assert.equal(store.counters.value.total, 1);
});

test("another first page forgets rows that are gone", () => {
  const store = storeWith([item(1), item(2)]);
  store.addPage({ items: [item(2)], next_cursor: null }, { first: true, keepPlaces: true });
  assert.deepEqual(shown(store), [["unread", "n:2"]]);
});

test("what comes while a first page is on its way is not lost with its answer, which was made before", () => {
  const store = storeWith([item(5), item(4)], { nextCursor: "x" });
  store.expectPage();
  store.merge(item(6));
  store.merge(item(1)); // below what the page reaches: it comes with its own
  store.addPage({ items: [item(5), item(4)], next_cursor: "x" }, { first: true, keepPlaces: true });
  assert.deepEqual(shown(store), [["unread", "n:6 n:5 n:4"]]);
  store.expectPage();
  store.addPage({ items: [item(5), item(4)], next_cursor: null }, { first: true, keepPlaces: true });
  assert.deepEqual(shown(store), [["unread", "n:5 n:4"]], "a page that was asked for later knows better");
});

test("the rows anew leave what somebody has scrolled to below them where it is", () => {
  const store = storeWith([item(9), item(8), item(7)], { nextCursor: "x" });
  store.addPage({ items: [item(3), item(2, { unread: false })], next_cursor: "y" }, { first: false });
  store.expectPage();
  store.addPage({ items: [item(9), item(7)], next_cursor: "x" }, { first: true, keepPlaces: true });
  assert.deepEqual(shown(store), [["unread", "n:9 n:7 n:3"], ["earlier", "n:2"]]);
  assert.equal(store.listed.value.nextCursor, "y");
});

test("how many wait says nothing of what the user is changing: a refusal still brings the badge back", () => {
  const store = storeWith([item(1), item(2)]);
  const token = store.change(["n:1"], () => ({ unread: false }));
  store.addCounters({ waiting: 3 });
  assert.deepEqual([store.counters.value.total, store.counters.value.waiting], [1, 3]);
  store.drop(token);
  assert.equal(store.counters.value.total, 2);
});
