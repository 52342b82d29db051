import assert from "node:assert/strict";
import { test } from "node:test";
import { createConnection } from "../../app/static/widget/connection.js";
import { createKeep } from "../../app/static/widget/keep.js";
import { fakeTimers } from "./fake-timers.mjs";

const settle = () => new Promise(setImmediate);
const refusal = (code, status = 0) => Object.assign(new Error(code), { code, status });

async function setUp({ acks = [], rest = {}, token = null } = {}) {
  const emitted = [];
  const sockets = [];
  const seen = { hellos: [], greetedAs: [], events: [], polls: [], states: [], rest: [] };
  const timers = fakeTimers();
  const values = new Map();
  const keep = createKeep({ key: "k", storage: { getItem: (name) => values.get(name) ?? null, setItem: (name, value) => values.set(name, value), removeItem: (name) => values.delete(name) } });
  keep.setToken(token);
  const open = ({ auth, heard }) => {
    const socket = { auth, heard, connected: false, close: () => socket.connected && ((socket.connected = false), heard.closed()) };
    socket.emit = (event, data, ack) => (emitted.push([event, data]), ack(acks.shift() ?? { visitor: { token: "t1" } }));
    sockets.push(socket);
    return socket;
  };
  const connection = createConnection({
    boot: { key: "k" }, timers, random: () => 0.5, keep, texts: {}, open,
    rest: { request: async (event, data) => {
      seen.rest.push(event);
      if (rest[event] instanceof Error) throw rest[event];
      return rest[event] ?? { visitor: { token: "t2" }, messages: [], data };
    } },
    page: () => ({ url: "http://shop.example/", title: "Shop" }), lastSeq: () => 3, watched: () => true,
    onHello: (answer) => (seen.hellos.push(answer), seen.greetedAs.push(connection.state())), onEvent: (event, data) => seen.events.push([event, data]), onPoll: (answer) => seen.polls.push(answer), onState: (state) => seen.states.push(state),
  });
  connection.start();
  const last = () => sockets.at(-1);
  return {
    connection, emitted, seen, sockets, timers, keep, rest,
    auth: () => last().auth(),
    async connect() {
      last().connected = true;
      last().heard.connect();
      await settle();
    },
    close: () => ((last().connected = false), last().heard.closed()),
    refuse: (code) => last().heard.refused({ message: "no", data: { code, message: "no" } }),
    hear: (event, data) => last().heard.event(event, data),
  };
}

test("every connect says hello, and the token of the first one is shown from then on", async () => {
  const { connect, close, timers, emitted, seen, keep, auth, connection } = await setUp();
  assert.deepEqual(await auth(), { widget: "k", visitor: null });
  await connect();
  close();
  await timers.run(2_000);
  await connect();
  assert.deepEqual(emitted[0], ["visitor.hello", { page_url: "http://shop.example/", page_title: "Shop" }]);
  assert.deepEqual([seen.hellos.length, keep.token(), connection.state()], [2, "t1", "live"]);
  assert.deepEqual(seen.greetedAs, ["live", "live"], "what waited can go at once");
  assert.deepEqual(await auth(), { widget: "k", visitor: "t1" });
});

test("a token that the server does not accept is dropped, and the visitor is a new one", async () => {
  for (const code of ["visitor_token", "foreign_token"]) {
    const { refuse, keep, sockets, timers, connect, connection } = await setUp({ token: "forged" });
    refuse(code);
    assert.equal(keep.token(), null);
    await timers.run(10);
    assert.equal(sockets.length, 2);
    await connect();
    assert.deepEqual([connection.state(), keep.token()], ["live", "t1"]);
  }
});

test("a widget that was switched off, or a page that is not allowed, ends it for good", async () => {
  for (const code of ["unknown_widget", "foreign_origin"]) {
    const { refuse, sockets, timers, connection } = await setUp();
    refuse(code);
    await timers.run(120_000);
    assert.deepEqual([connection.state(), sockets.length], ["ended", 1]);
  }
});

test("where WebSockets do not get through, the twins are asked every five seconds and messages go that way", async () => {
  const { close, timers, seen, connection, keep } = await setUp();
  close();
  close();
  await timers.run(11_000);
  assert.deepEqual([connection.state(), keep.token()], ["polling", "t2"]);
  assert.deepEqual(seen.rest, ["visitor.hello", "messages", "messages"]);
  await connection.request("message.send", { client_id: "c", body: "x" });
  assert.equal(seen.rest.at(-1), "message.send");
});

test("a socket that comes back ends the asking", async () => {
  const { close, timers, seen, connect, connection } = await setUp();
  close();
  close();
  await timers.run(1);
  await connect();
  const asked = seen.rest.length;
  await timers.run(60_000);
  assert.deepEqual([connection.state(), seen.rest.length], ["live", asked]);
});

test("without any connection it says so, keeps asking, and recovers", async () => {
  const rest = { "visitor.hello": refusal("network") };
  const { close, timers, seen, connection } = await setUp({ rest });
  close();
  close();
  await timers.run(1);
  assert.equal(connection.state(), "offline");
  await assert.rejects(connection.request("message.send", {}), { code: "network" });
  delete rest["visitor.hello"];
  await timers.run(5_000);
  assert.deepEqual([connection.state(), seen.hellos.length], ["polling", 1]);
});

test("a refusal in an ack is one that can be shown", async () => {
  const { connect, connection } = await setUp({ acks: [{ visitor: { token: "t" } }, { error: { code: "too_long", message: "Too long", field: "body" } }] });
  await connect();
  await assert.rejects(connection.request("message.send", {}), { code: "too_long", field: "body", message: "Too long" });
});

test("cut off, it comes back by itself; told that it is over, it does not", async () => {
  const { connect, close, hear, sockets, timers, connection } = await setUp();
  await connect();
  close();
  assert.equal(connection.state(), "connecting");
  await timers.run(3_000);
  assert.equal(sockets.length, 2);
  await connect();
  hear("session.ended", { code: "unknown_widget", message: "off" });
  await timers.run(60_000);
  assert.deepEqual([connection.state(), sockets.length], ["ended", 2]);
});

test("a token that goes bad while connected is dropped and the visitor greeted anew", async () => {
  const { connect, timers, keep, connection } = await setUp({ token: "old", acks: [{ error: { code: "visitor_token", message: "no" } }] });
  await connect();
  assert.deepEqual([connection.state(), keep.token()], ["connecting", null]);
  await timers.run(2_000);
  await connect();
  assert.deepEqual([connection.state(), keep.token()], ["live", "t1"]);
});

test("whoever comes back again and again while an answer is awaited is asked for once", async () => {
  const { close, timers, seen, rest, connection } = await setUp();
  close();
  close();
  await timers.run(1);
  let answer = null;
  rest.messages = new Promise((done) => (answer = done));
  await timers.run(5_000);
  const asked = seen.rest.length;
  for (let times = 0; times < 4; times += 1) {
    connection.hurry();
    await timers.run(1);
  }
  assert.equal(seen.rest.length, asked);
  delete rest.messages;
  answer({ messages: [] });
  await timers.run(0);
  await settle();
  await timers.run(5_000);
  assert.equal(seen.rest.length, asked + 1);
});
