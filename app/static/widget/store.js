// What the widget knows; no DOM here. Messages are merged by id and ordered by seq, so that it does not matter in which
// order, how often or by which way they come.

const TYPING_MS = 6_000;
const SLOW_MS = 120_000; // a message waits so long for an answer before an address is asked for

export function createStore({ boot, clock = Date.now, timers = globalThis }) {
  const state = {
    connection: "idle",
    ended: null,
    open: false,
    chat: null,
    visitor: { name: null, email: null, phone: null },
    messages: [],
    more: false,
    talk: null,
    survey: null, // {number, text, busy, error}
    thanks: null, // {number, score, text}
    online: boot.online,
    offlineText: boot.offline_text,
    teamReadSeq: 0,
    readSeq: null, // null: not known, so nothing counts as new
    typing: null,
    slow: false,
    saved: false, // an address was left on this page
    declined: false,
  };
  const listeners = new Set();
  let typingTimer = null;
  let slowTimer = null;
  let told = false;

  /** Listeners are told once for whatever happens in one go. */
  function changed() {
    if (told) return;
    told = true;
    queueMicrotask(() => {
      told = false;
      for (const listener of listeners) listener(state);
    });
  }

  function set(part) {
    Object.assign(state, part);
    changed();
  }

  const lastSeq = () => state.messages.at(-1)?.seq ?? 0;

  function merge(messages) {
    const known = new Map(state.messages.map((message) => [message.id, message]));
    for (const message of messages) {
      const before = known.get(message.id);
      if (!before || (message.changed_at ?? "") >= (before.changed_at ?? "")) known.set(message.id, message);
    }
    state.messages = [...known.values()].sort((a, b) => a.seq - b.seq);
    if (messages.some(({ author }) => author.kind === "user")) stopTyping();
    watchSlowness();
    changed();
  }

  /** The visitor's newest message has no answer: after a while an address is worth asking for. */
  function watchSlowness() {
    timers.clearTimeout(slowTimer);
    const spoken = state.messages.filter(({ author }) => author.kind !== "system");
    const last = spoken.at(-1);
    const from = spoken.findLastIndex(({ author }) => author.kind === "user");
    const asked = spoken[from + 1];
    state.slow = false;
    if (!last || last.author.kind !== "visitor" || state.talk?.state !== "open") return;
    const left = new Date(asked.created_at).getTime() + SLOW_MS - clock();
    if (left <= 0) state.slow = true;
    else slowTimer = timers.setTimeout(() => set({ slow: true }), left);
  }

  function takeTalk(talk) {
    if (talk === undefined || (talk && state.talk && talk.number < state.talk.number)) return;
    state.talk = talk;
    if (talk?.survey) takeSurvey(talk.survey);
    else if (!talk || (state.survey && (talk.number > state.survey.number || talk.score || talk.state === "closed"))) state.survey = null;
    if (talk?.score && state.thanks?.number !== talk.number) state.thanks = { number: talk.number, score: talk.score, text: null };
    if (talk?.state === "open") state.thanks = null;
    watchSlowness();
    changed();
  }

  function takeSurvey({ number, text, default: ours }) {
    if (state.thanks?.number === number) return;
    state.survey = { busy: false, error: null, ...(state.survey?.number === number ? state.survey : {}), number, text: ours ? "" : text };
    changed();
  }

  function hello(answer) {
    set({
      visitor: { ...state.visitor, ...answer.visitor },
      chat: answer.chat,
      online: answer.online ?? state.online,
      offlineText: answer.offline_text ?? state.offlineText,
      teamReadSeq: Math.max(state.teamReadSeq, answer.chat?.team_read_seq ?? 0),
    });
    if (!state.messages.length) state.more = Boolean(answer.more);
    merge(answer.messages ?? []);
    state.readSeq ??= lastSeq();
    takeTalk(answer.talk);
  }

  function sent({ message, talk }) {
    state.chat ??= { id: message.chat_id };
    merge([message]);
    takeTalk(talk);
  }

  function startTyping(name) {
    timers.clearTimeout(typingTimer);
    typingTimer = timers.setTimeout(stopTyping, TYPING_MS);
    set({ typing: { name } });
  }

  function stopTyping() {
    timers.clearTimeout(typingTimer);
    if (state.typing) set({ typing: null });
  }

  const take = {
    message: (message) => {
      state.chat ??= { id: message.chat_id };
      merge([message]);
    },
    "message.changed": (message) => merge([message]),
    typing: ({ name }) => startTyping(name),
    read: ({ seq }) => set({ teamReadSeq: Math.max(state.teamReadSeq, seq) }),
    talk: takeTalk,
    survey: takeSurvey,
  };

  return {
    state,
    set,
    merge,
    hello,
    sent,
    takeTalk,
    lastSeq,
    subscribe: (listener) => listeners.add(listener),
    take: (event, data) => Object.hasOwn(take, event) && take[event](data),
    poll(answer) {
      if (answer.messages?.length) merge(answer.messages);
      set({ teamReadSeq: Math.max(state.teamReadSeq, answer.team_read_seq ?? 0) });
      takeTalk(answer.talk);
    },
    earlier(answer) {
      state.more = Boolean(answer.more);
      merge(answer.messages);
    },
    scored(number, score, text) {
      state.survey = null;
      set({ thanks: { number, score, text } });
    },
    unread: () => (state.readSeq === null ? 0 : state.messages.filter(({ author, seq, deleted }) => author.kind === "user" && !deleted && seq > state.readSeq).length),
    /** Ask for an address: nobody is there, or nobody answers, and none is known. */
    wantsAddress: () =>
      !state.visitor.email && !state.declined && state.talk?.state === "open" && (!state.online || state.slow) && state.messages.some(({ author }) => author.kind === "visitor"),
  };
}
