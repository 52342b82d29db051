import assert from "node:assert/strict";
import { test } from "node:test";
import { openSocket, socketUrl } from "../../app/static/widget/socket.js";

const settle = () => new Promise(setImmediate);
const OPENED = '0{"sid":"a","pingInterval":25000,"pingTimeout":20000}';

function setUp({ broken = false } = {}) {
  const sent = [];
  const told = [];
  let line = null;
  let timer = null;
  class Line {
    constructor(url) {
      if (broken) throw new Error("forbidden");
      this.url = url;
      line = this;
    }

    send(text) {
      sent.push(text);
    }

    close() {
      this.gone = true;
    }
  }
  const socket = openSocket({
    url: "wss://desk.example/socket.io", namespace: "/visitor", auth: async () => ({ widget: "k", visitor: null }), WebSocket: Line,
    timers: { setTimeout: (act, wait) => (timer = { act, wait }), clearTimeout: (one) => { if (one === timer) timer = null; } },
    heard: { connect: () => told.push("connect"), refused: (reason) => told.push(["refused", reason]), event: (...what) => told.push(what), closed: () => told.push("closed") },
  });
  return { socket, sent, told, line: () => line, timer: () => timer, receive: (data) => line.onmessage({ data }) };
}

test("it opens, says who we are, and is connected when the namespace says so", async () => {
  const { socket, sent, told, line, receive } = setUp();
  assert.equal(line().url, "wss://desk.example/socket.io/?EIO=4&transport=websocket");
  receive(OPENED);
  await settle();
  assert.deepEqual(sent, ['40/visitor,{"widget":"k","visitor":null}']);
  receive('40/visitor,{"sid":"b"}');
  assert.deepEqual([told, socket.connected], [["connect"], true]);
});

test("events come with their data, acks to the one who asked", () => {
  const { socket, sent, told, receive } = setUp();
  receive('40/visitor,{"sid":"b"}');
  const answers = [];
  socket.emit("message.send", { body: "1, 2" }, (answer) => answers.push(["one", answer]));
  socket.emit("typing", {}, (answer) => answers.push(["two", answer]));
  assert.deepEqual(sent, ['42/visitor,1["message.send",{"body":"1, 2"}]', '42/visitor,2["typing",{}]']);
  receive('43/visitor,2[{}]');
  receive('43/visitor,1[{"message":{"id":5}}]');
  receive('43/visitor,1[{"again":true}]');
  receive('42/visitor,["message",{"body":"two\\nlines, 7[x]"}]');
  receive('42/center,["message",{}]');
  assert.deepEqual(answers, [["two", {}], ["one", { message: { id: 5 } }]]);
  assert.deepEqual(told, ["connect", ["message", { body: "two\nlines, 7[x]" }]]);
});

test("it answers pings, and a line that stays silent for too long is given up", () => {
  const { sent, told, timer, line, receive } = setUp();
  receive(OPENED);
  receive("2");
  assert.equal(sent.at(-1), "3");
  assert.equal(timer().wait, 45_000);
  timer().act();
  line().onclose();
  assert.deepEqual([told, line().gone], [["closed"], true]);
});

test("a refusal brings its reason, once", () => {
  const { socket, told, line, receive } = setUp();
  receive('44/visitor,{"message":"no","data":{"code":"visitor_token","message":"no"}}');
  line().onclose();
  assert.deepEqual([told, socket.connected], [[["refused", { message: "no", data: { code: "visitor_token", message: "no" } }]], false]);
});

test("the server's good-bye, or a browser that forbids it, is an end like any other", () => {
  const { told, receive } = setUp();
  receive('41/visitor,');
  assert.deepEqual(told, ["closed"]);
  const forbidden = setUp({ broken: true });
  forbidden.timer().act();
  assert.deepEqual(forbidden.told, ["closed"]);
});

test("it is as secure as the page", () => {
  assert.equal(socketUrl({ protocol: "https:", host: "desk.example" }, "/socket.io"), "wss://desk.example/socket.io");
  assert.equal(socketUrl({ protocol: "http:", host: "127.0.0.1:8080" }, "/socket.io"), "ws://127.0.0.1:8080/socket.io");
});
