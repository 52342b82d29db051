// Starts the center on a page: reads what the server sent along, builds the parts, and lets them know each other.
import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { render } from "preact";
import { io } from "socket.io-client";
import { createActions } from "./actions.js";
import { createApi } from "./api.js";
import { EndedBanner } from "./banner.js";
import { startBubble } from "./bubble.js";
import { startCardChat } from "./chat/card.js";
import { createCalls } from "./calls.js";
import { chatOf } from "./chat/chats.js";
import { DialogHost } from "./chat/dialog.js";
import { createChatUi } from "./chat/ui.js";
import { startWatching } from "./clients/watching.js";
import { createConnection } from "./connection.js";
import { focusRow, neighbour, startKeys } from "./keys.js";
import { createLoader } from "./loader.js";
import { createOffer } from "./offer.js";
import { chatAddress, followAddress, Page, reveal } from "./page.js";
import { Panel } from "./panel.js";
import { PopupStack } from "./popup.js";
import { createPopups, createSeen } from "./popups.js";
import { createPushed } from "./pushed.js";
import { createSound } from "./sound.js";
import { createStore } from "./store.js";
import { say } from "./toast.js";

const CLOCK_MS = 20_000;
const READ_BEFORE_LEAVING_MS = 300;
const TO_LOGIN_MS = 6_000;

const boot = JSON.parse(document.getElementById("fd-boot").textContent);
const csrf = document.querySelector('meta[name="csrf-token"]')?.content ?? boot.csrf;
const pageRoot = document.getElementById("fd-center-page");
const root = document.getElementById("fd-center-root");
const bubble = document.getElementById("fd-bubble");

// The page's address may name the tab to begin with, as a manager's sign-in does; the panel begins with everything.
const asked = pageRoot && new URLSearchParams(location.search).get("tab");
const store = createStore({ counters: boot.counters, tab: boot.tabs.includes(asked) ? asked : (boot.tabs[0] ?? "all"), unreadFirst: boot.unread_first, me: boot.user.id });
const ended = signal(null);
let typed = false; // somebody's half-written form is not taken away: they may want to copy it
const onPhone = () => matchMedia("(max-width: 640px)").matches;
const api = createApi({ csrf, onSessionEnd: (code, message) => connection.end({ code, message }) });
const loader = createLoader({ store, api });
const actions = createActions({ store, api, loader, say });
const sound = createSound(localStorage);
const pushed = createPushed({ api, visible: () => !document.hidden });
const calls = createCalls({
  load: () => api.request("GET", "/calls/live"),
  onRing: () => sound.play(),
});
const popups = createPopups({
  store,
  seen: createSeen(localStorage),
  // on a phone the open center fills the screen: what is new is seen in the list
  looking: (id) => center.shown() && (onPhone() || (store.opened.peek() === id && document.hasFocus())),
  visible: () => !document.hidden,
  limit: () => (onPhone() ? 1 : 3),
  busy: () => calls.busy.peek(),
  onShow(items) {
    sound.play();
    pushed.shown(items);
  },
  onMissed: createOffer({ api, say, storage: localStorage }),
});
const connection = createConnection({
  io,
  api,
  cursor: boot.cursor,
  onEvent(event, data) {
    if (event === "counters") {
      store.setCounters(data);
      calls.onCounters(data);
    }
    if (event === "rights.changed" && data.free !== boot.user.free) showNewRights();
    if (event === "waiting") store.addCounters(data);
    center.chatUi.chats.onEvent(event, data);
    if (event !== "notification" && event !== "notification.changed") return;
    const { popup, ...item } = data;
    store.merge(item);
    pushed.changed(item);
    const rings = calls.onItem(item, event === "notification" && popup);
    if (event === "notification" && popup && !rings) popups.offer(item);
  },
  onStale: refreshFeed,
  async onReset() {
    center.chatUi.chats.reset();
    await refreshFeed();
    calls.onCounters(store.counters.peek());
  },
  onConnect() {
    center.chatUi.chats.connected();
    center.chatUi.tellFocus();
    watchAgain();
  },
  onEnd: showEnded,
});

const center = {
  boot, store, api, loader, actions, calls, popups, connection, sound, ended, say,
  zone: boot.user.zone,
  onPage: Boolean(pageRoot),
  now: signal(Date.now()),
  focused: signal(null),
  panelOpen: signal(false),
  focusDetail: false,
  findFirst: false,
  shown: () => Boolean(pageRoot) || center.panelOpen.peek(),
  openPanel,
  closePanel() {
    if (!center.panelOpen.peek()) return;
    center.panelOpen.value = false;
    store.opened.value = null;
    bubble.focus();
  },
  toggle: () => (center.panelOpen.peek() ? center.closePanel() : openPanel()),
  find() {
    center.findFirst = true;
    if (!pageRoot) openPanel();
    center.closeDetailOnPhone();
    center.focusFind?.(); // at once: the next letters may come before the next frame, and mean something else outside a field
    requestAnimationFrame(() => {
      center.focusFind?.(); // on a phone the feed is shown again only now
      center.findFirst = false;
    });
  },
  detail(id) {
    center.focusDetail = true;
    if (!pageRoot && !center.panelOpen.peek()) openPanel();
    store.opened.value = id;
    actions.read(id);
  },
  why: (item) => (item.chat ? center.chatUi.showWhy(item) : center.detail(item.id)),
  closeDetail() {
    const id = store.opened.peek();
    store.opened.value = null;
    requestAnimationFrame(() => focusRow(id));
  },
  closeDetailOnPhone: () => onPhone() && (store.opened.value = null),
  /** Act on a row that will leave the list, and stand on the next one. */
  leave(id, act) {
    const next = neighbour(center, id);
    const here = document.activeElement === document.body || document.activeElement?.closest?.(".fd-item, .fd-col");
    act();
    if (here) requestAnimationFrame(() => focusRow(next));
  },
  async open(id) {
    const { url } = store.item(id) ?? {};
    const chat = chatOf(id) ? { chatId: chatOf(id), seq: null } : chatAddress(url, boot.urls.center);
    if (chat) {
      if (!chatOf(id)) actions.read(id);
      return center.chatUi.openChat(chat.chatId, chat.seq);
    }
    if (pageRoot || !goesSomewhere(url)) return center.detail(id);
    await Promise.race([actions.read(id), new Promise((done) => setTimeout(done, READ_BEFORE_LEAVING_MS))]);
    return location.assign(url);
  },
  loginUrl: () => `${boot.urls.login}?next=${encodeURIComponent(location.pathname + location.search)}`,
};

center.chatUi = createChatUi({ center, boot, storage: localStorage });
const watchAgain = startWatching(center);

function openPanel() {
  if (pageRoot) {
    // the center is the page already: the bubble leads to its first row
    center.closeDetailOnPhone();
    requestAnimationFrame(() => focusRow(store.order.peek()[0]));
    return;
  }
  if (onPhone()) popups.clear();
  center.panelOpen.value = true;
  store.settle();
  loader.refresh();
}

function goesSomewhere(url) {
  return Boolean(url) && /^https?:$/.test(new URL(url, location.href).protocol);
}

function refreshFeed() {
  return store.loading.peek().state === "idle" ? refreshCounters() : loader.refresh();
}

async function refreshCounters() {
  const { tab, unreadFirst } = store.view.peek();
  const page = await api.feed({ tab, unreadFirst, limit: 1 }).catch(() => null);
  if (page?.counters) store.setCounters(page.counters);
}

/** What this person may see has changed: the page is built anew, unless somebody has typed something into it. */
function showNewRights() {
  if (!typed) return location.reload();
  say({ text: "Your rights have changed", action: "Reload", onAction: () => location.reload() });
}

function showEnded({ code, message }) {
  // the server's own words where it knows why, else nothing of tokens and headers
  const known = message && (code === "deactivated" || code === "session_ended");
  ended.value = { code, message: known ? message : "You are signed out." };
  setTimeout(() => typed || location.assign(center.loginUrl()), TO_LOGIN_MS);
}

if (pageRoot) {
  followAddress(center);
  render(html`<${Page} center=${center} />`, pageRoot);
  loader.load().then(() => reveal(center, store.opened.peek()));
}
render(html`<${Panel} center=${center} /><${PopupStack} center=${center} /><${DialogHost} /><${EndedBanner} center=${center} />`, root);
if (pageRoot) center.chatUi.startFromAddress();
const cardChat = document.querySelector("[data-card-chat]");
if (cardChat) startCardChat(center, cardChat);
startBubble(center, bubble);
startKeys(center);
document.addEventListener("input", (event) => {
  if (event.isTrusted && !event.target.closest("#fd-center-root, #fd-center-page")) typed = true;
});
connection.state.subscribe((state) => (root.dataset.connection = state)); // "live": changes come by themselves
connection.start();
calls.onCounters(boot.counters);
setInterval(() => (center.now.value = Date.now()), CLOCK_MS);
window.addEventListener("online", connection.hurry);
document.addEventListener("visibilitychange", () => document.hidden || connection.hurry());
