// The line to the team: a socket, else asking again and again. Every (re)connect says hello anew, so that nothing depends
// on the socket having been there; what was missed is fetched by `seq`.
import { Refusal } from "./rest.js";

const ACK_MS = 10_000;
const POLL_MS = 5_000;
const POLL_CLOSED_MS = 30_000; // nobody looks: the number on the button may be late
const FAILS_BEFORE_POLLING = 2;
const LONGEST_WAIT_MS = 30_000;
const OVER = new Set(["unknown_widget", "foreign_origin"]);
const BAD_TOKEN = new Set(["visitor_token", "foreign_token"]);

/**
 * `open({auth, heard})`: socket.js. `onHello(answer)` after every (re)connect, `onEvent(event, data)`, `onPoll(answer)`,
 * `onState(state, reason)`: "idle", "connecting", "live", "polling", "offline", "ended". `page()`: where the visitor is;
 * `lastSeq()`: the newest message known here; `watched()`: does somebody look? Answers {start, request, tell, hurry, state}.
 */
export function createConnection({ boot, open, rest, keep, texts, page, lastSeq, watched, onHello, onEvent, onPoll, onState, timers = globalThis, random = Math.random }) {
  let state = "idle";
  let socket = null;
  let fails = 0;
  let polling = null; // timers
  let underWay = false; // an answer to the asking is awaited
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
    socket?.close();
  }

  /** True when the refusal was about who we are, and another try may go better. */
  function forgave(error) {
    if (OVER.has(error.code)) end(error);
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
        return answer;
      })
      .finally(() => (greeting = null));
    return greeting;
  }

  const ask = (event, data = {}) =>
    new Promise((resolve, reject) => {
      const late = timers.setTimeout(() => reject(new Refusal({ code: "timeout", message: texts.late })), ACK_MS);
      socket.emit(event, data, (answer) => {
        timers.clearTimeout(late);
        if (answer?.error) reject(new Refusal(answer.error));
        else resolve(answer ?? {});
      });
    });

  function connect() {
    timers.clearTimeout(retrying);
    retrying = null;
    const mine = open({
      auth: async () => {
        await greeting?.catch(() => {}); // the asking's: its token goes with ours
        return { widget: boot.key, visitor: keep.token() };
      },
      heard: {
        connect: () => connected(mine),
        refused: ({ data }) => (data?.code && forgave(data) ? retryLater(0) : failed()),
        event: (event, data) => (event === "session.ended" ? end(data) : onEvent(event, data)),
        closed: lost,
      },
    });
    socket = mine;
  }

  async function connected(mine) {
    let answer;
    try {
      answer = await hello(ask);
    } catch (error) {
      forgave(error);
      if (mine === socket && mine.connected) mine.close();
      return;
    }
    if (mine.connected && state !== "ended") {
      fails = 0;
      timers.clearTimeout(polling);
      polling = null;
      become("live");
    }
    onHello(answer); // not before the line is open: what waited to be sent or fetched goes through it
  }

  function lost() {
    if (state === "live") become("connecting");
    failed();
  }

  function failed() {
    if (state === "ended") return;
    fails += 1;
    if (fails >= FAILS_BEFORE_POLLING) startPolling();
    retryLater(Math.min(LONGEST_WAIT_MS, 500 * 2 ** fails) * (0.5 + random()));
  }

  function retryLater(wait) {
    timers.clearTimeout(retrying);
    retrying = timers.setTimeout(connect, wait);
  }

  function startPolling() {
    if (polling !== null) return;
    if (state !== "offline") become("polling");
    polling = timers.setTimeout(poll, 0);
  }

  async function poll() {
    if (underWay) return; // one at a time: it goes on by itself
    underWay = true;
    try {
      const take = greeted ? onPoll : onHello;
      const answer = await (greeted ? rest.request("messages", { after_seq: lastSeq() }) : hello(rest.request));
      if (state === "offline") become("polling");
      take(answer);
    } catch (error) {
      if (!forgave(error) && error.status === 0 && state === "polling") become("offline");
    }
    underWay = false;
    if (state === "polling" || state === "offline") polling = timers.setTimeout(poll, watched() ? POLL_MS : POLL_CLOSED_MS);
    else polling = null;
  }

  function start() {
    if (state !== "idle") return;
    become("connecting");
    connect();
  }

  /** Somebody looks, or the network is back: do not wait for the next try. */
  function hurry() {
    if (state === "ended") return;
    if (retrying !== null && state !== "live") connect();
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
