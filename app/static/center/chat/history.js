// The part of one chat's messages that is in the page: a stretch of the chat without holes, ordered by seq.
// It grows at both ends as somebody scrolls, and forgets at the far end, so that a long chat costs no more than a short one.
import { signal } from "@preact/signals";

const PAGE = 50;
const CATCH_UP = 100;
const MOST = 300;
const HEARD = 5;

/**
 * `fetch({before_seq, after_seq, around_seq, limit})` answers `{messages, last_seq, first_unread_seq}`.
 * `state`: {messages, hasBefore, hasAfter, busy: null|"first"|"before"|"after", error, firstUnread}.
 * `heard`: the newest few that came in live; what is loaded by opening or scrolling is not news.
 */
export function createHistory({ fetch }) {
  const state = signal({ messages: [], hasBefore: false, hasAfter: false, busy: null, error: null, loaded: false });
  const heard = signal([]);
  const early = new Map(); // live messages that came before the ones between
  let lastSeq = 0;
  let asked = 0;
  let catching = null;

  const set = (part) => (state.value = { ...state.peek(), ...part });
  const first = () => state.peek().messages[0];
  const last = () => state.peek().messages.at(-1);
  const seen = (answer) => (lastSeq = Math.max(lastSeq, answer.last_seq ?? 0, answer.messages.at(-1)?.seq ?? 0));

  function hear(fresh) {
    const known = heard.peek();
    const news = fresh.filter(({ seq }) => !known.some((one) => one.seq === seq));
    if (news.length) heard.value = [...known, ...news].slice(-HEARD);
  }

  async function run(busy, ask, take) {
    const mine = ++asked;
    set({ busy, error: null });
    try {
      const answer = await ask();
      if (mine !== asked) return null;
      seen(answer);
      take(answer);
      flush();
      return answer;
    } catch (error) {
      if (mine === asked) set({ busy: null, error });
      return null;
    }
  }

  /** The newest messages, or those around `seq`. Replaces what is shown. Answers the server's answer, or null. */
  const open = (seq = null) =>
    run("first", () => fetch(seq ? { around_seq: seq, limit: PAGE } : { limit: PAGE }), (answer) => {
      const { messages } = answer;
      const full = messages.length >= PAGE;
      set({
        messages: merged([], messages), busy: null, loaded: true,
        hasBefore: seq ? (messages[0]?.seq ?? 1) > 1 : full,
        hasAfter: (messages.at(-1)?.seq ?? 0) < lastSeq,
      });
    });

  function before() {
    const { busy, hasBefore } = state.peek();
    if (busy || !hasBefore || !first()) return Promise.resolve(null);
    return run("before", () => fetch({ before_seq: first().seq, limit: PAGE }), ({ messages }) => {
      const all = merged(state.peek().messages, messages);
      const kept = all.slice(0, MOST);
      set({ messages: kept, busy: null, hasBefore: messages.length >= PAGE, hasAfter: state.peek().hasAfter || kept.length < all.length });
    });
  }

  function after() {
    const { busy, hasAfter } = state.peek();
    if (busy || !hasAfter || !last()) return Promise.resolve(null);
    return run("after", () => fetch({ after_seq: last().seq, limit: PAGE }), ({ messages }) => {
      const all = merged(state.peek().messages, messages);
      const kept = all.slice(-MOST);
      const more = messages.length >= PAGE && kept.at(-1).seq < lastSeq;
      set({ messages: kept, busy: null, hasAfter: more, hasBefore: state.peek().hasBefore || kept.length < all.length });
    });
  }

  /** What came while nobody listened. One page; where that is not enough, scrolling down brings the rest in order. */
  function catchUp({ live = false } = {}) {
    if (!state.peek().loaded || state.peek().hasAfter) return Promise.resolve();
    catching ??= (async () => {
      try {
        const from = last()?.seq ?? 0;
        const answer = await fetch({ after_seq: from, limit: CATCH_UP });
        seen(answer);
        if (live) hear(answer.messages);
        if (state.peek().hasAfter || first()?.seq > from + 1) return; // somebody has gone to another place meanwhile
        set({ messages: merged(state.peek().messages, answer.messages) });
        if (answer.messages.length >= CATCH_UP && last().seq < lastSeq) set({ hasAfter: true });
        else {
          // the server has nothing between: what came early now follows without a hole
          for (const [seq, message] of early) if (seq <= lastSeq || seq === (last()?.seq ?? 0) + 1) set({ messages: merged(state.peek().messages, [message]) });
          early.clear();
        }
      } catch {
        // the next connect or message asks again
      } finally {
        catching = null;
      }
    })();
    return catching;
  }

  /** A message from the server, new or changed. Answers "added", "changed", "later" (beyond what is shown) or "old". */
  function take(message) {
    const { messages, hasAfter, loaded } = state.peek();
    lastSeq = Math.max(lastSeq, message.seq);
    if (!loaded) return "later";
    const known = messages.find(({ id }) => id === message.id);
    if (known) {
      if (!newer(message, known)) return "old";
      set({ messages: messages.map((one) => (one === known ? message : one)) });
      return "changed";
    }
    const end = last()?.seq ?? 0;
    if (message.seq < end) {
      if (message.seq > first().seq) set({ messages: merged(messages, [message]) });
      return "old";
    }
    hear([message]);
    if (hasAfter) return "later";
    if (message.seq === end + 1) {
      set({ messages: merged(messages, [message]) });
      flush();
      return "added";
    }
    early.set(message.seq, message);
    catchUp({ live: true });
    return "later";
  }

  function flush() {
    if (state.peek().hasAfter) return early.clear();
    for (;;) {
      const next = early.get((last()?.seq ?? 0) + 1);
      if (!next) break;
      early.delete(next.seq);
      set({ messages: merged(state.peek().messages, [next]) });
    }
    for (const seq of early.keys()) if (seq <= (last()?.seq ?? 0)) early.delete(seq);
    return undefined;
  }

  /** Forget the oldest where more than enough are in the page; only for who reads the newest ones. */
  function trim() {
    const { messages } = state.peek();
    if (messages.length > MOST + PAGE) set({ messages: messages.slice(-MOST), hasBefore: true });
  }

  return {
    state, heard, open, before, after, catchUp, take, trim,
    lastSeq: () => lastSeq,
    find: (test) => state.peek().messages.find(test) ?? null,
    shows: (seq) => Boolean(first()) && first().seq <= seq && (seq <= last().seq || !state.peek().hasAfter),
  };
}

const newer = (one, other) => !other.changed_at || !one.changed_at || Date.parse(one.changed_at) >= Date.parse(other.changed_at);

/** Both lists by seq, each message once, its newer state. */
export function merged(old, fresh) {
  const byId = new Map(old.map((message) => [message.id, message]));
  for (const message of fresh) if (!byId.has(message.id) || newer(message, byId.get(message.id))) byId.set(message.id, message);
  return [...byId.values()].sort((a, b) => a.seq - b.seq);
}
