// The line to the team: a socket, else asking again and again. Every (re)connect says hello anew, so that nothing depends
// on the socket having been there; what was missed is fetched by `seq`.
import { Refusal } from "./rest.js";

const ACK_MS = 10_000;
const POLL_MS = 5_000;
const POLL_CLOSED_MS = 30_000; // nobody looks: the number on the button may be late
const FAILS_BEFORE_POLLING = 2;
const OVER = new Set(["unknown_widget", "foreign_origin"]);
const BAD_TOKEN = new Set(["visitor_token", "foreign_token"]);

/**
 * `load()` resolves with socket.io-client's function. `onHello(answer)` after every (re)connect, `onEvent(event, data)`,
 * `onPoll(answer)`, `onState(state, reason)`: "idle", "connecting", "live", "polling", "offline", "ended".
 * `lastSeq()`: the newest message known here. Answers {start, request, tell, hurry, state}.
 */
export function createConnection({ boot, load, rest, keep, texts, page, lastSeq, watched, onHello, onEvent, onPoll, onState, timers = globalThis, random = Math.random }) {
  let state = "idle";
  let socket = null;
  let fails = 0;
  let polling = null; // timer
  let retrying = null;
  let greeting = null; // one hello at a time: two at once would make two visitors
  let greeted = false;

  function become(next, reason = null) {
    if (state === next || state === "ended") return;
    state = next;
    onState(next, reason);
  }

  function end(reason) {
    for (const timer of [polling, retrying]) timers.clearTimeout(timer);
    become("ended", reason);
    socket?.disconnect();
  }

  /** True when the refusal was about who we are, and another try may go better. */
  function forgave(error) {
    if (OVER.has(error.code)) return end(error), false;
    if (!BAD_TOKEN.has(error.code) || !keep.token()) return false;
    keep.drop();
    greeted = false;
    return true;
  }

  function hello(ask) {
    greeting ??= ask("visitor.hello", page() ? { page_url: page().url, page_title: page().title } : {})
      .then((answer) => {
        keep.setToken(answer.visitor?.token);
        greeted = true;
        onHello(answer);
      })
      .finally(() => (greeting = null));
    return greeting;
  }

  const ask = (event, data = {}) =>
    new Promise((resolve, reject) => {
      socket.timeout(ACK_MS).emit(event, data, (late, answer) => {
        if (late) return reject(new Refusal({ code: "timeout", message: texts.late }));
        return answer?.error ? reject(new Refusal(answer.error)) : resolve(answer ?? {});
      });
    });

  async function connected() {
    try {
      await greeting?.catch(() => {}); // the polling's: its token goes with ours
      await hello(ask);
    } catch (error) {
      if (forgave(error)) socket.disconnect().connect();
      else if (state !== "ended") failed();
      return;
    }
    if (!socket.connected || state === "ended") return;
    fails = 0;
    timers.clearTimeout(polling);
    polling = null;
    become("live");
  }

  function failed(error) {
    const reason = error?.data;
    if (reason?.code && forgave(reason)) return retryLater(0);
    if (state === "ended") return undefined;
    fails += 1;
    if (fails >= FAILS_BEFORE_POLLING) startPolling();
    // a server that refused is not asked again by socket.io itself
    return socket && !socket.active ? retryLater(Math.min(30_000, 500 * 2 ** fails) * (0.5 + random())) : undefined;
  }

  function retryLater(wait) {
    timers.clearTimeout(retrying);
    retrying = timers.setTimeout(() => socket.connect(), wait);
  }

  function startPolling() {
    if (polling !== null || state === "ended") return;
    if (state !== "offline") become("polling");
    polling = timers.setTimeout(poll, 0);
  }

  async function poll() {
    try {
      if (greeted) onPoll(await rest.request("messages", { after_seq: lastSeq() }));
      else await hello(rest.request);
      if (state === "offline") become("polling");
    } catch (error) {
      if (!forgave(error) && error.status === 0 && state === "polling") become("offline");
    }
    if (state === "polling" || state === "offline") polling = timers.setTimeout(poll, watched() ? POLL_MS : POLL_CLOSED_MS);
    else polling = null;
  }

  async function start() {
    if (state !== "idle") return;
    become("connecting");
    let io;
    try {
      io = await load();
    } catch {
      return startPolling();
    }
    socket = io(boot.namespace, {
      path: boot.socket_path,
      transports: ["websocket"],
      auth: (give) => give({ widget: boot.key, visitor: keep.token() }),
      reconnectionDelay: 500,
      reconnectionDelayMax: 30_000,
      timeout: 5_000,
    });
    socket.on("connect", connected);
    socket.on("connect_error", failed);
    socket.on("disconnect", (reason) => {
      if (state === "ended") return;
      if (state === "live") become("connecting");
      if (reason === "io server disconnect") retryLater(500 + 2_000 * random());
    });
    socket.on("session.ended", end);
    socket.onAny((event, data) => event !== "session.ended" && onEvent(event, data));
  }

  /** Somebody looks, or the network is back: do not wait for the next try. */
  function hurry() {
    if (state === "live" || state === "ended" || state === "idle") return;
    if (socket && !socket.connected) socket.connect();
    if (polling !== null) {
      timers.clearTimeout(polling);
      polling = timers.setTimeout(poll, 0);
    }
  }

  /** The ack or its twin's answer; a Refusal "network" while there is no line at all. */
  async function request(event, data) {
    if (state === "live" && socket.connected) return ask(event, data);
    if (greeted && (state === "polling" || state === "offline")) return rest.request(event, data);
    throw new Refusal({ code: "network", message: texts.noConnection });
  }

  /** Says something that is worth nothing later. */
  const tell = (event, data) => request(event, data).catch(() => {});

  return { start, request, tell, hurry, state: () => state };
}
