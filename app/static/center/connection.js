// Keeps the center up to date: a socket where there is one, else asking every 15 s. Both bring the same changes, and
// every (re)connect asks for what was missed, so that nothing depends on the socket having been there.
import { signal } from "@preact/signals";
import { ApiError } from "./api.js";

const POLL_MS = 15_000;
const FAILS_BEFORE_POLLING = 3;
const STALE_JITTER_MS = 5_000;
const ACK_MS = 10_000;
const SYNC_AGAIN_MS = 5_000;
const SYNC_AFTER_EVENTS = 100; // keeps the cursor young, else a long day would end in a reset
const SYNCED = new Set(["message", "message.changed", "chat.changed", "notification", "notification.changed"]); // what a sync brings
const ENDED = new Set(["deactivated", "session_ended", "unauthorized"]);

/**
 * `io`: socket.io-client's function. `onEvent(event, data)` gets every change, `onReset()` when too much was
 * missed, `onStale()` when only the feed is to be fetched anew, `onConnect()` follows every (re)connect,
 * `onEnd({code, message})` tells that this session is over.
 * Answers {state, start, end, hurry, live, request, tell};
 * state is a signal: "connecting", "live", "polling", "offline" or "ended".
 */
export function createConnection({ io, api, cursor, onEvent, onReset, onStale, onEnd, onConnect = () => {}, timers = globalThis, random = Math.random }) {
  const state = signal("connecting");
  let socket = null;
  let fails = 0;
  let events = 0;
  let pollTimer = null;
  let polling = false; // asking at this moment
  let syncTimer = null;
  let retryTimer = null;
  let staleTimer = null;
  let goodbye = null; // why the server is about to cut this socket off

  function take(answer) {
    cursor = answer.cursor ?? cursor;
    events = 0;
    if (answer.reset) onReset();
    for (const { event, data } of answer.events ?? []) handle(event, data, true);
  }

  function handle(event, data, caughtUp = false) {
    if (event === "feed.stale") {
      // one event for thousands of people: they must not all ask in the same moment
      staleTimer ??= timers.setTimeout(() => ((staleTimer = null), onStale()), random() * STALE_JITTER_MS);
      return;
    }
    if (event === "session.ended") goodbye = data; // the next connect tells whether this session is over, too
    onEvent(event, data);
    if (!caughtUp && SYNCED.has(event) && ++events === SYNC_AFTER_EVENTS) sync();
  }

  function sync() {
    socket.timeout(ACK_MS).emit("sync", { cursor }, (late, answer) => {
      if (!late && answer && !answer.error) return take(answer);
      // what was missed is not known yet: without asking again it would stay missed until the next connect
      syncTimer ??= timers.setTimeout(() => ((syncTimer = null), live() && sync()), SYNC_AGAIN_MS * (0.5 + random()));
      return undefined;
    });
  }

  async function poll() {
    pollTimer = null;
    if (polling) return; // one at a time: it goes on by itself
    polling = true;
    const wasOff = state.peek() === "offline";
    try {
      take(await api.sync(cursor));
      if (state.peek() === "offline") state.value = "polling";
      if (wasOff) onConnect();
    } catch (error) {
      if (state.peek() === "polling" && error.status === 0) state.value = "offline";
    }
    polling = false;
    if (state.peek() === "polling" || state.peek() === "offline") pollTimer = timers.setTimeout(poll, POLL_MS);
  }

  function startPolling() {
    if (pollTimer !== null || polling || state.peek() === "ended") return;
    if (state.peek() !== "offline") state.value = "polling";
    pollTimer = timers.setTimeout(poll, 0);
  }

  function end(reason) {
    if (state.peek() === "ended") return;
    state.value = "ended";
    for (const timer of [pollTimer, syncTimer, retryTimer, staleTimer]) timers.clearTimeout(timer);
    socket?.disconnect();
    onEnd(goodbye ?? reason); // it knows why better than a refused call does
  }

  function failed(error) {
    const code = error?.data?.code;
    if (ENDED.has(code)) return end(goodbye ?? { code, message: error.data.message });
    fails += 1;
    if (fails >= FAILS_BEFORE_POLLING) startPolling();
    if (!socket.active) retryLater(); // a server that refused is not asked again by socket.io itself
    return undefined;
  }

  function retryLater() {
    timers.clearTimeout(retryTimer);
    retryTimer = timers.setTimeout(() => socket.connect(), Math.min(15_000, 500 * 2 ** fails) * (0.5 + random()));
  }

  function start() {
    socket = io("/center", { path: "/socket.io", transports: ["websocket"], reconnectionDelay: 500, reconnectionDelayMax: 10_000, timeout: 5_000 });
    socket.on("connect", () => {
      fails = 0;
      goodbye = null;
      timers.clearTimeout(pollTimer);
      timers.clearTimeout(retryTimer);
      pollTimer = null;
      state.value = "live";
      sync();
      onConnect();
    });
    socket.on("connect_error", failed);
    socket.on("disconnect", (reason) => {
      if (state.peek() === "ended") return;
      state.value = "connecting";
      if (reason === "io server disconnect") retryLater();
    });
    socket.onAny((event, data) => handle(event, data));
    return socket;
  }

  /** The computer woke up or the network is back: do not wait for the next try. */
  function hurry() {
    if (!socket || state.peek() === "live" || state.peek() === "ended") return;
    socket.disconnect(); // while socket.io waits for its own next try, connect() alone does nothing
    socket.connect();
    if (pollTimer === null) return;
    timers.clearTimeout(pollTimer);
    pollTimer = timers.setTimeout(poll, 0);
  }

  const live = () => state.peek() === "live" && Boolean(socket?.connected);

  /** Asks through the socket. The ack, or an ApiError: the server's, "timeout", or "network" when there is no socket. */
  function request(event, data) {
    return new Promise((resolve, reject) => {
      if (!live()) return reject(new ApiError({ code: "network", message: "No connection to the server." }));
      return socket.timeout(ACK_MS).emit(event, data, (late, answer) => {
        if (late) return reject(new ApiError({ code: "timeout", message: "The server did not answer in time." }));
        if (!answer?.error) return resolve(answer ?? {});
        if (ENDED.has(answer.error.code)) end(answer.error);
        const error = new ApiError(answer.error);
        error.retryAfter = answer.error.retry_after_seconds;
        return reject(error);
      });
    });
  }

  /** Says something that is worth nothing later: without a live socket it is not said. */
  function tell(event, data) {
    if (live()) socket.emit(event, data, () => {});
  }

  return { state, start, end, hurry, live, request, tell };
}
