// Socket.IO protocol 5 on Engine.IO 4 (socket.io/docs/v4/socket-io-protocol), as much as one namespace with JSON and acks
// needs: a tenth of the library, which every visitor of a shop would have to load. One try; trying again is the caller's.

const OPEN_MS = 5_000;

/**
 * `heard`: connect(), refused({message, data}), event(name, data), closed(). After `refused` or `closed` it is over.
 * `auth()` resolves with who we are. Answers {connected, emit(name, data, onAck), close}.
 */
export function openSocket({ url, namespace, auth, heard, WebSocket = globalThis.WebSocket, timers = globalThis }) {
  const acks = new Map();
  let line = null;
  let number = 0;
  let connected = false;
  let over = false;
  let silenceMs = OPEN_MS;
  let silence = null;

  /** The server pings; a line that stays silent for longer than it promised is dead, whatever the browser thinks. */
  function alive() {
    timers.clearTimeout(silence);
    silence = timers.setTimeout(() => finish("closed"), silenceMs);
  }

  function finish(how, reason) {
    if (over) return;
    over = true;
    connected = false;
    timers.clearTimeout(silence);
    acks.clear();
    line?.close();
    heard[how](reason);
  }

  const send = (type, body, id = "") => line.send(`4${type}${namespace},${id}${JSON.stringify(body)}`);

  function packet(text) {
    const type = text[0];
    const rest = text.slice(1);
    if (type === "0") {
      const { pingInterval, pingTimeout } = JSON.parse(rest);
      silenceMs = pingInterval + pingTimeout;
      auth().then((who) => over || send("0", who));
    } else if (type === "1") finish("closed");
    else if (type === "2") line.send("3");
    else if (type === "4") message(rest);
  }

  function message(text) {
    const start = 1 + namespace.length;
    if (text.slice(1, start) !== namespace) return;
    const [, id, json] = /^,?(\d*)(.*)$/su.exec(text.slice(start));
    const body = json ? JSON.parse(json) : null;
    const type = text[0];
    if (type === "0") {
      connected = true;
      heard.connect();
    } else if (type === "1") finish("closed");
    else if (type === "2") heard.event(body[0], body[1]);
    else if (type === "3") {
      acks.get(Number(id))?.(body[0]);
      acks.delete(Number(id));
    } else if (type === "4") finish("refused", body ?? {});
  }

  function emit(name, data, onAck) {
    acks.set(++number, onAck);
    send("2", [name, data], String(number));
  }

  try {
    line = new WebSocket(`${url}/?EIO=4&transport=websocket`);
    line.onmessage = ({ data }) => {
      if (over || typeof data !== "string") return;
      packet(data);
      if (!over) alive();
    };
    line.onclose = () => finish("closed");
    alive();
  } catch {
    timers.setTimeout(() => finish("closed"), 0); // a page's policy may forbid it at once
  }

  return { get connected() { return connected; }, emit, close: () => finish("closed") };
}

/** "https://desk.example" + "/socket.io" → "wss://desk.example/socket.io". */
export const socketUrl = (location, path) => `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${path}`;
