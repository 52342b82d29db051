// What the parts of the chat's surface ask of each other and of the page: open, jump, reply, look at a picture.
import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { Trace } from "../trace.js";
import { createCalls } from "./calls.js";
import { createChats } from "./chats.js";
import { copy } from "./clipboard.js";
import { ask, Sheet, showDialog } from "./dialog.js";
import { createUploads } from "./files.js";
import { showNewChat } from "./newgroup.js";
import { showReaders } from "./seen.js";
import { showTrace } from "./trace.js";

const DETAILS = "fd-chat-details";
const WIDE = "(min-width: 1101px)";

/** `center` is completed by main.js; only what happens later reads it. */
export function createChatUi({ center, boot, storage }) {
  const { store, api, say, loader } = center;
  const settings = { max_body: 10_000, confirm_all_above: 15, can_create_groups: true, direct_chats: true, ...boot.chat };
  const calls = createCalls({ api, connection: () => center.connection });
  const here = () => !document.hidden && document.hasFocus();
  const chats = createChats({
    me: boot.user, settings, store, calls, storage, say, here,
    /** Only where the row would be shown: on another tab the counters that the server pushes say enough. */
    refreshFeed() {
      const { tab, q } = store.view.peek();
      if (store.loading.peek().state === "ready" && (tab === "all" || tab === "chats" || tab === "clients") && !q) loader.refresh();
    },
    onGone(chatId, title, takenBy) {
      const client = chats.infos.peek().get(chatId)?.kind === "client";
      ui.closeChat(chatId);
      say({ text: takenBy ? `${takenBy} has taken ${title ? `the talk with ${title}` : "this talk"}.` : client ? `The chat with ${title} is no longer open to you.` : title ? `You are no longer a member of ${title}.` : "You are no longer a member of this chat." });
    },
  });
  const uploads = createUploads({ calls, drafts: chats.drafts, settings, say });
  const boxes = new Map(); // chat id → its text box
  const onPage = Boolean(document.getElementById("fd-center-page"));
  const overlaid = () => !(onPage && matchMedia(WIDE).matches);
  const details = signal(!overlaid() && remembered(storage));
  let focusNext = false;
  let jumpNext = null; // {chatId, seq} asked for before the chat is on the screen

  const ui = {
    chats, uploads, boxes, say, here, details, overlaid,
    zone: boot.user.zone, now: center.now,
    editing: signal(null),
    mayStart: settings.direct_chats !== false || settings.can_create_groups !== false,

    /** Shows a chat beside the feed, at a message when `seq` is given. */
    openChat(chatId, seq = null) {
      const id = `c:${chatId}`;
      focusNext = !matchMedia("(pointer: coarse)").matches;
      if (!center.shown()) center.openPanel();
      if (store.opened.peek() === id) return seq ? ui.jump(chatId, seq) : (chats.toBottom(chatId), ui.focusBox());
      jumpNext = seq ? { chatId, seq } : null;
      store.opened.value = id;
      return undefined;
    },
    async openPerson(userId) {
      try {
        ui.openChat((await calls.create({ kind: "direct", member_ids: [userId] })).id);
      } catch (error) {
        say({ text: `The chat could not be opened: ${error.message}`, bad: true });
      }
    },
    openGroup: (group) => showNewChat(ui, group),
    newChat: () => showNewChat(ui),
    /** Whom I have direct chats with, newest first: likely the ones that are looked for. */
    partners: () => store.known().filter(({ chat, archived }) => chat?.kind === "direct" && chat.person_id && !archived)
      .sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, 8).map(({ title, chat }) => ({ id: chat.person_id, name: title, picture_url: chat.picture_url })),
    /** `/center/?start_group=3`: the link of a user group's screen. */
    async startFromAddress() {
      const url = new URL(location.href);
      const groupId = Number(url.searchParams.get("start_group"));
      if (!groupId) return;
      url.searchParams.delete("start_group");
      history.replaceState(null, "", url);
      try {
        const { result } = await api.request("GET", `/groups/${groupId}`);
        ui.openGroup({ id: groupId, name: result.name });
      } catch (error) {
        say({ text: `The group chat could not be started: ${error.message}`, bad: true });
      }
    },
    kindOf: (chatId) => store.item(`c:${chatId}`)?.chat?.kind,
    open: (chatId, seq) => chats.open(chatId, seq),
    /** Where the address wants to stand in a chat that is about to be shown. */
    aim: (chatId, seq) => (jumpNext = seq ? { chatId, seq } : null),
    closeChat(chatId) {
      if (store.opened.peek() === `c:${chatId}`) center.closeDetail();
    },

    opened(chatId) {
      if (overlaid()) details.value = false;
      const seq = jumpNext?.chatId === chatId ? jumpNext.seq : null;
      jumpNext = null;
      chats.open(chatId, seq);
      ui.tellFocus();
    },
    left(chatId) {
      chats.close(chatId);
      ui.editing.value = null;
      queueMicrotask(ui.tellFocus);
    },
    tellFocus: () => calls.focus(chats.openId.peek(), here()),

    focusNext: () => (focusNext = true),
    wantsFocus() {
      const wanted = focusNext;
      focusNext = false;
      return wanted;
    },
    focusBox: () => boxes.get(chats.openId.peek())?.focus(),
    jump(chatId, seq) {
      if (overlaid()) details.value = false;
      return chats.jump(chatId, seq);
    },
    reply(message) {
      const { id, seq, author, body } = message;
      ui.editing.value = null;
      chats.drafts.set(message.chat_id, { reply_to: { id, seq, author, body: body.slice(0, 200), deleted: false } });
      ui.focusBox();
    },
    edit: (message) => (ui.editing.value = message),
    lastOfMine: (chatId) => chats.historyOf(chatId).state.peek().messages.findLast(({ author, deleted }) => author.kind === "user" && author.id === boot.user.id && !deleted),
    askDelete: (message) => ask({ title: "Delete this message?", text: "Everybody sees that a message was deleted here, not what it said.", verb: "Delete", danger: true, act: () => chats.remove(message.id) }),
    async markUnread(chatId) {
      const id = `c:${chatId}`;
      center.closeDetail();
      if (store.item(id)) await center.actions.unread([id]);
      else await api.unread([id]).catch((error) => say({ text: `Not marked unread: ${error.message}`, bad: true }));
    },
    async copyLink({ chat_id: chatId, seq }) {
      const done = await copy(`${location.origin}${boot.urls.center}?chat=${chatId}${seq ? `&seq=${seq}` : ""}`);
      say(done ? { text: "Link copied" } : { text: "The link could not be copied", bad: true });
    },
    copyText: async (text) => say((await copy(text)) ? { text: "Text copied" } : { text: "The text could not be copied", bad: true }),
    showReaders: (message) => showReaders(message, ui),
    showTrace: (message) => showTrace(message, ui),
    showWhy: (item) => showDialog((close) => html`<${Sheet} title=${item.title} wide foot=${html`<button type="button" data-first class="fd-btn" onClick=${close}>Close</button>`}><${Trace} center=${center} item=${item} /><//>`),
    look: (file) => showDialog((close) => html`<figure class="fd-look"><img src=${file.url ?? uploads.previews.get(file.id)} alt=${file.name} />
      <figcaption class="fd-row"><h2 id="fd-dialog-title" class="t-cut fd-grow">${file.name}</h2>${file.url && html`<a class="fd-btn fd-btn--sm" href=${file.url} download=${file.name}>Download</a>`}<button type="button" data-first class="fd-btn fd-btn--sm" onClick=${close}>Close</button></figcaption></figure>`),
    showDetails(on) {
      details.value = on;
      if (overlaid()) return on || ui.focusBox();
      try {
        storage.setItem(DETAILS, on ? "on" : "off");
      } catch {
        // remembered until the page is left
      }
      return undefined;
    },
  };

  for (const name of ["focus", "blur"]) window.addEventListener(name, ui.tellFocus);
  document.addEventListener("visibilitychange", ui.tellFocus);
  chats.presence.listen(window);
  return ui;
}

function remembered(storage) {
  try {
    return storage.getItem(DETAILS) !== "off";
  } catch {
    return true;
  }
}
