// A program with the official JavaScript client: orders come in as lines of JSON, acks and events go out the same way.
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
let socket = null;

const orders = {
  open({ url, namespace, auth }) {
    socket = io(url + namespace, { path: "/socket.io", transports: ["websocket"], auth, reconnection: false, timeout: 20_000 });
    socket.on("connect", () => say({ opened: true }));
    socket.on("connect_error", (error) => say({ opened: false, reason: error.data ?? { message: error.message } }));
    socket.onAny((event, data) => say({ event, data }));
  },
  ask({ number, event, data }) {
    socket.timeout(20_000).emit(event, data, (late, answer) => say({ number, answer: late ? null : answer }));
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  orders[order.do](order);
}
socket?.disconnect();
