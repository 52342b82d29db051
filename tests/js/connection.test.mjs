import assert from "node:assert/strict";
import { test } from "node:test";
import { createConnection } from "../../app/static/center/connection.js";
import { fakeTimers } from "./fake-timers.mjs";

function setUp({ answers = {} } = {}) {
  const handlers = {};
  const emitted = [];
  const acks = [answers.sync].flat(); // the last one again and again
  const socket = {
    active: true, connected: true, connects: 0,
    on: (event, act) => (handlers[event] = act),
    onAny: (act) => (handlers.any = act),
    connect: () => (socket.connects += 1),
    disconnect: () => (socket.gone = true),
    timeout: () => ({ emit: (event, data, ack) => (emitted.push([event, data]), ack(null, (acks.length > 1 ? acks.shift() : acks[0]) ?? { events: [], cursor: "c2" })) }),
  };
  const seen = { events: [], resets: 0, stale: 0, ended: [], polls: [] };
  const timers = fakeTimers();
  const connection = createConnection({
    io: () => socket, cursor: "c1", timers, random: () => 0.5,
    api: { sync: async (cursor) => (seen.polls.push(cursor), answers.poll ? answers.poll() : { events: [], cursor: "c9" }) },
    onEvent: (event, data) => seen.events.push([event, data]), onReset: () => (seen.resets += 1), onStale: () => (seen.stale += 1), onEnd: (reason) => seen.ended.push(reason),
  });
  connection.start();
  return { connection, socket, handlers, emitted, seen, timers, state: () => connection.state.value };
}

test("every connect asks for what was missed since the last cursor", () => {
  const { handlers, emitted, seen, state } = setUp({ answers: { sync: { events: [{ event: "notification", data: 1 }], cursor: "c2" } } });
  handlers.connect();
  handlers.disconnect("transport close");
  handlers.connect();
  assert.deepEqual(emitted, [["sync", { cursor: "c1" }], ["sync", { cursor: "c2" }]]);
  assert.equal(seen.events.length, 2);
  assert.equal(state(), "live");
});

test("too much missed means fetching again", () => {
  const { handlers, seen } = setUp({ answers: { sync: { reset: true, cursor: "c5" } } });
  handlers.connect();
  assert.equal(seen.resets, 1);
});

test("after three failed connects the center asks every 15 seconds, until a socket is back", async () => {
  const { handlers, seen, timers, state } = setUp();
  for (let tries = 0; tries < 2; tries += 1) handlers.connect_error(new Error("no"));
  await timers.run(1);
  assert.deepEqual([state(), seen.polls], ["connecting", []]);
  handlers.connect_error(new Error("no"));
  await timers.run(30_000);
  assert.equal(state(), "polling");
  assert.deepEqual(seen.polls, ["c1", "c9", "c9"]);
  handlers.connect();
  await timers.run(60_000);
  assert.equal(state(), "live");
  assert.equal(seen.polls.length, 3);
});

test("without any answer the state says so, and asking goes on", async () => {
  let broken = true;
  const poll = () => {
    if (broken) throw Object.assign(new Error("no"), { status: 0 });
    return { events: [], cursor: "c9" };
  };
  const { handlers, timers, state } = setUp({ answers: { poll } });
  for (let tries = 0; tries < 3; tries += 1) handlers.connect_error(new Error("no"));
  await timers.run(15_000);
  assert.equal(state(), "offline");
  broken = false;
  await timers.run(15_000);
  assert.equal(state(), "polling");
});

test("a session that is over ends everything and says why", async () => {
  const { handlers, seen, socket, timers, state } = setUp();
  handlers.connect_error(Object.assign(new Error("refused"), { data: { code: "deactivated", message: "Ask Della." } }));
  await timers.run(60_000);
  assert.deepEqual(seen.ended, [{ code: "deactivated", message: "Ask Della." }]);
  assert.equal(state(), "ended");
  assert.equal(socket.gone, true);
  assert.deepEqual(seen.polls, []);
});

test("a server that stops or refuses for another reason is asked again", async () => {
  const { handlers, socket, timers } = setUp();
  handlers.connect();
  handlers.disconnect("io server disconnect");
  await timers.run(20_000);
  assert.equal(socket.connects, 1);
  socket.active = false;
  handlers.connect_error(new Error("busy"));
  await timers.run(20_000);
  assert.equal(socket.connects, 2);
});

test("a stale feed is fetched once, at a moment of its own", async () => {
  const { handlers, seen, timers } = setUp();
  handlers.connect();
  handlers.any("feed.stale", {});
  handlers.any("feed.stale", {});
  assert.equal(seen.stale, 0);
  await timers.run(5_000);
  assert.deepEqual([seen.stale, seen.resets], [1, 0], "the feed alone, not every open chat as well");
});

test("a long day of events renews the cursor", () => {
  const { handlers, emitted } = setUp();
  handlers.connect();
  for (let number = 0; number < 500; number += 1) handlers.any("presence", { states: {} });
  assert.equal(emitted.length, 1, "who comes and goes is nothing to catch up with");
  for (let number = 0; number < 100; number += 1) handlers.any("notification", number);
  assert.equal(emitted.length, 2);
});

test("what was missed is asked for again when the answer did not come or was a refusal", async () => {
  const { handlers, emitted, seen, timers } = setUp({ answers: { sync: [{ error: { code: "internal" } }, { events: [{ event: "notification", data: 1 }], cursor: "c2" }] } });
  handlers.connect();
  assert.equal(seen.events.length, 0);
  await timers.run(10_000);
  assert.deepEqual([emitted.length, seen.events.length], [2, 1]);
});

test("however often a connect fails while an answer is awaited, one asks at a time", async () => {
  const waiting = [];
  const { handlers, seen, timers, state } = setUp({ answers: { poll: () => new Promise((done) => waiting.push(done)) } });
  for (let tries = 0; tries < 3; tries += 1) handlers.connect_error(new Error("no"));
  await timers.run(1);
  for (let tries = 0; tries < 5; tries += 1) handlers.connect_error(new Error("no"));
  await timers.run(60_000);
  assert.deepEqual([seen.polls.length, state()], [1, "polling"]);
  waiting[0]({ events: [], cursor: "c9" });
  await new Promise(setImmediate);
  await timers.run(15_000);
  assert.equal(seen.polls.length, 2);
});

test("coming back to the computer tries at once, also while socket.io waits for its own next try", async () => {
  const { connection, handlers, socket, seen, timers } = setUp();
  for (let tries = 0; tries < 3; tries += 1) handlers.connect_error(new Error("no"));
  await timers.run(1);
  connection.hurry();
  await timers.run(1);
  assert.deepEqual([socket.gone, socket.connects, seen.polls.length], [true, 1, 2]);
});
