// The chat inside the frame: puts the parts together. Everything that the widget does starts here.
import { createAddress } from "./address.js";
import { buttonColours, palette } from "./colour.js";
import { createComposer } from "./composer.js";
import { createConnection } from "./connection.js";
import { h, setText } from "./dom.js";
import { keepFocus } from "./focus.js";
import { createHead } from "./head.js";
import { createHost } from "./host.js";
import { createKeep, storageOf } from "./keep.js";
import { createOutbox } from "./outbox.js";
import { createRest } from "./rest.js";
import { openSocket, socketUrl } from "./socket.js";
import { createStore } from "./store.js";
import { surveyRows } from "./survey.js";
import { textsIn } from "./texts.js";
import { createThread } from "./thread.js";
import { createTimes } from "./times.js";
import { createUploads } from "./uploads.js";

const PAGE = 50;
const boot = JSON.parse(document.getElementById("boot").textContent);
const root = document.documentElement;
const asked = new URLSearchParams(location.search);
const dark = matchMedia("(prefers-color-scheme: dark)");
const touch = matchMedia("(pointer: coarse)").matches;

function paint() {
  if (["light", "dark"].includes(asked.get("theme"))) root.dataset.theme = asked.get("theme");
  const theme = root.dataset.theme ?? (dark.matches ? "dark" : "light");
  for (const [name, value] of Object.entries(palette(boot.colour, theme))) root.style.setProperty(name, value);
}

/** The page around us, where the server allows it; the browser has checked the same by frame-ancestors. */
function hostOrigin() {
  const origin = asked.get("origin");
  const allowed = boot.parent_origins.includes("*") || boot.parent_origins.includes(origin) || origin === location.origin;
  return origin && allowed ? origin : location.origin;
}

async function run() {
  const texts = await textsIn(boot.language);
  paint();
  dark.addEventListener("change", paint);
  root.lang = boot.language || "en";

  const store = createStore({ boot });
  const { state } = store;
  const host = createHost({ window, origin: hostOrigin(), heard: { open, close } });
  const told = { labels: { open: texts.open, close: texts.close, title: texts.title(boot.name) }, ...buttonColours(boot.colour) };
  let page = null;
  let shownUnread = 0;
  let unsaid = 0; // up to where was read while there was no line

  const known = boot.preview ? {} : await host.hello(told);
  page = known.page ?? null; // without its query: that is the page's own business
  const own = boot.preview ? null : storageOf(window);
  const keep = createKeep({ key: boot.key, storage: own, kept: known.kept, tell: (name, value) => host.say("keep", { name, value }) });
  const rest = createRest({ boot, keep, texts });
  const reads = `frontdesk-read:${boot.key}`;
  state.readSeq = keep.storage.getItem(reads) === null ? null : Number(keep.storage.getItem(reads));

  const connection = createConnection({
    boot, rest, keep, texts,
    open: (given) => openSocket({ url: socketUrl(location, boot.socket_path), namespace: boot.namespace, ...given }),
    page: () => page,
    lastSeq: store.lastSeq,
    watched: () => state.open && !document.hidden,
    onHello: greet,
    onEvent: take,
    onPoll: (answer) => (answer.messages?.forEach(outbox.arrived), store.poll(answer)),
    onState: (next, reason) => store.set({ connection: next, ended: reason }),
  });

  const redraw = () => store.set({});
  const outbox = createOutbox({
    storage: keep.storage, key: boot.key, onChange: redraw,
    send: ({ client_id, body, files }) => connection.request("message.send", { client_id, body, ...(page ? { page_url: page.url } : {}), ...(files.length ? { file_ids: files.map(({ id }) => id) } : {}) }),
    onSent: (answer) => (store.sent(answer), uploads.startWaiting()),
  });
  const uploads = createUploads({ boot, texts, upload: rest.upload, ready: () => Boolean(state.chat), onChange: redraw, onProblem: (words) => composer.problem(words) });
  const composer = createComposer({
    boot, texts, storage: keep.storage, uploads, touch,
    hasChat: () => Boolean(state.chat),
    onItsWay: () => outbox.entries().some(({ state: how }) => how !== "failed"),
    onSend: (body, files) => {
      connect();
      outbox.add(body, files);
      thread.toBottom();
    },
    onTyping: () => state.chat && connection.tell("typing", {}),
  });
  const addressRows = createAddress({ texts, save: leaveAddress, onLater: () => (store.set({ declined: true }), composer.text.focus()) });
  const thread = createThread({
    boot, texts, times: createTimes({ language: boot.language || "en", texts }), outbox,
    cards: () => [...addressRows(state, store.wantsAddress()), ...surveyRows({ texts, state, onScore: score })],
    asking: store.wantsAddress,
    onEarlier: earlier,
    onBottom: markRead,
    onRetry: outbox.retry,
    onDiscard: outbox.remove,
  });
  const head = createHead({ boot, texts, onClose: () => host.say("close", { refocus: true }) });
  const banner = h("p", { class: "w-banner", role: "status", hidden: true });
  const foot = h("p", { class: "w-foot" });
  const dialog = h("div", { class: "w", role: "dialog", "aria-labelledby": "title" }, head.element, banner, thread.element, composer.element, foot);

  function draw() {
    head.draw(state);
    thread.draw(state);
    composer.draw(state);
    const words = state.connection === "ended" ? (state.ended?.message ?? texts.ended) : state.connection === "offline" ? texts.offline : "";
    setText(banner, words);
    banner.hidden = !words;
    setText(foot, state.talk?.state === "closed" && state.connection !== "ended" ? texts.reopens : "");
    tellUnread(store.unread());
    root.dataset.connection = state.connection;
  }

  function tellUnread(count) {
    if (count !== shownUnread) host.say("unread", { count, words: texts.unread(count) });
    shownUnread = count;
  }

  async function greet(answer) {
    const before = store.lastSeq();
    for (const message of answer.messages ?? []) outbox.arrived(message);
    const gap = before && answer.more && answer.messages.length && answer.messages[0].seq > before;
    store.hello(answer);
    if (keep.storage.getItem(reads) === null) keep.storage.setItem(reads, String(state.readSeq));
    if (gap) await fill(before, answer.messages[0].seq);
    outbox.flush();
    if (state.chat) uploads.startWaiting();
    if (unsaid) sayRead(unsaid);
    markRead();
  }

  /** More was missed than a hello brings. */
  async function fill(from, until) {
    for (let after = from; after < until; ) {
      const { messages, more } = await connection.request("messages", { after_seq: after, limit: PAGE }).catch(() => ({ messages: [] }));
      store.merge(messages);
      if (!more || !messages.length) return;
      after = messages.at(-1).seq;
    }
  }

  function take(event, data) {
    if (event === "message") outbox.arrived(data);
    store.take(event, data);
    if (event === "message") queueMicrotask(() => queueMicrotask(markRead));
  }

  async function earlier() {
    const first = state.messages[0];
    if (first) await connection.request("messages", { before_seq: first.seq, limit: PAGE }).then(store.earlier, () => {});
  }

  /** Only what stands before a visitor's eyes counts as read. */
  function markRead() {
    const last = store.lastSeq();
    if (!state.open || document.hidden || !last || last <= (state.readSeq ?? 0) || !thread.nearBottom()) return;
    store.set({ readSeq: last });
    keep.storage.setItem(reads, String(last));
    sayRead(last);
  }

  function sayRead(seq) {
    unsaid = 0;
    connection.request("read", { seq }).catch(() => (unsaid = seq));
  }

  async function leaveAddress(contact) {
    const { visitor } = await connection.request("contact", contact);
    store.set({ visitor: { ...state.visitor, ...contact, ...visitor }, saved: true });
    composer.text.focus();
  }

  async function score(number, value) {
    if (state.survey?.busy) return;
    store.set({ survey: { ...state.survey, busy: true, error: null, score: value } });
    try {
      const { talk, thanks, default: ours } = await connection.request("survey.answer", { number, score: value });
      store.scored(number, value, ours ? null : thanks);
      store.takeTalk(talk);
      composer.text.focus();
    } catch (error) {
      const over = error.code === "not_asking";
      store.set({ survey: over || !state.survey ? null : { ...state.survey, busy: false, error: error.message, score: null } });
    }
  }

  function connect() {
    connection.start();
    connection.hurry();
  }

  function open({ focus }) {
    store.set({ open: true });
    if (!boot.preview) connect();
    thread.toBottom();
    composer.grow();
    if (focus && !touch) composer.text.focus();
  }

  function close() {
    store.set({ open: false });
  }

  keepFocus({ root: dialog, isOpen: () => state.open, onEscape: () => host.say("close", { refocus: true }) });
  addEventListener("online", connection.hurry);
  document.addEventListener("visibilitychange", () => !document.hidden && (connection.hurry(), markRead()));
  document.body.append(dialog);
  store.subscribe(draw);
  draw();
  if (boot.preview) (await import("./preview.js")).followPreview({ boot, store, paint, draw });
  else if (keep.token()) connection.start(); // somebody who has written before is told of answers
}

run();
