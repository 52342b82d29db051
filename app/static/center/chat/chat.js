// One chat beside the feed: its head, its messages, the box to write in, and its details when asked for.
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { ClientHead } from "../clients/head.js";
import { Icon } from "../icon.js";
import { pushLayer } from "../layers.js";
import { Menu } from "../menu.js";
import { WhenMenu } from "../when.js";
import { ChatAvatar } from "./avatar.js";
import { FreeBadge } from "./badge.js";
import { Composer } from "./composer.js";
import { Details } from "./members.js";
import { muteItems } from "./mute.js";
import { ChatSearch } from "./search.js";
import { Thread } from "./thread.js";
import { typingWords } from "./typing.js";

export function ChatColumn({ center, chatId, onClose }) {
  const { chatUi: ui } = center;
  const { chats } = ui;
  const chat = chats.infos.value.get(chatId) ?? null;
  const problem = chats.problems.value.get(chatId) ?? null;
  const [searching, setSearching] = useState(false);
  const details = ui.details.value;

  useEffect(() => {
    setSearching(false);
    ui.opened(chatId);
    return () => ui.left(chatId);
  }, [chatId]);
  const members = (chat?.member_list ?? []).slice(0, 500).map(({ id }) => id);
  useEffect(() => {
    chats.presence.show("chat", members);
    return () => chats.presence.show("chat", []);
  }, [members.join()]);
  useEffect(() => (details && ui.overlaid() ? pushLayer(() => ui.showDetails(false)) : undefined), [details]);

  if (problem && !chat) return html`<${Gone} problem=${problem} onClose=${onClose} />`;
  return html`
    <section class="fd-col fd-chat" aria-label=${chat ? `Chat: ${chat.title}` : "Chat"} ...${dropping(chatId, chat, ui)}>
      <${(chat?.kind ?? ui.kindOf(chatId)) === "client" ? ClientHead : Head} center=${center} ui=${ui} chatId=${chatId} chat=${chat} onClose=${onClose} onSearch=${() => setSearching(!searching)} searching=${searching} />
      ${searching && html`<${ChatSearch} chatId=${chatId} ui=${ui} onClose=${() => { setSearching(false); ui.focusBox(); }} />`}
      <${Thread} key=${chatId} chatId=${chatId} chat=${chat} ui=${ui} />
      <${Typing} chatId=${chatId} chats=${chats} />
      ${chat && !chat.can?.send && !chat.can?.note ? html`<p class="fd-chat-closed"><${Icon} name=${chat.archived ? "archive" : "lock"} />${closedWords(chat)}</p>` : html`<${Composer} key=${chatId} chatId=${chatId} chat=${chat} ui=${ui} />`}
      <div class="fd-drop" aria-hidden="true"><${Icon} name="clip" />Drop files to attach them</div>
    </section>
    ${details && chat && html`<${Details} key=${`details-${chatId}`} chat=${chat} ui=${ui} />`}`;
}

function closedWords(chat) {
  if (chat.archived) return "This chat is archived. Nobody can write in it any more.";
  if (chat.kind === "direct" && chat.person && !chat.person.active) return `${chat.person.name} is deactivated and cannot be written to.`;
  return chat.kind === "direct" ? "Direct chats are switched off in this account." : "You cannot write in this chat.";
}

function Head({ center, ui, chatId, chat, onClose, onSearch, searching }) {
  const { chats } = ui;
  const item = center.store.item(`c:${chatId}`);
  const title = chat?.title ?? item?.title ?? "";
  const kind = chat?.kind ?? item?.chat?.kind ?? "group";
  const personId = chat?.person?.id ?? item?.chat?.person_id;
  const presence = kind === "direct" ? (chats.presence.states.value.get(personId) ?? "offline") : null;
  const mute = chat?.mute ?? "none";
  const { actions } = center;
  const items = [
    { label: "Mark unread", icon: "bell", onPick: () => ui.markUnread(chatId) },
    { label: "Copy link to this chat", icon: "open", onPick: () => ui.copyLink({ chat_id: chatId }) },
    ...(item ? [{ label: "Why did I get this?", icon: "info", onPick: () => ui.showWhy(item) }, null, { label: "Archive in my feed", icon: "archive", onPick: () => center.leave(item.id, () => actions.archive(item.id)) }] : []),
  ];
  return html`<div class="fd-col-head chat-head">
    <button type="button" class="fd-icon-btn only-phone fd-back" aria-label="Back to the feed" onClick=${onClose}><${Icon} name="left" /></button>
    <button type="button" class="fd-chat-who" onClick=${() => ui.showDetails(!ui.details.peek())} title="Details: members, settings">
      <${ChatAvatar} kind=${kind} id=${chatId} personId=${personId} name=${title} picture=${chat?.picture_url ?? chat?.person?.picture_url ?? item?.chat?.picture_url} presence=${presence} />
      <span class="fd-grow"><span class="fd-row"><h2 class="t-cut">${title}</h2><${FreeBadge} free=${chat?.person?.free ?? item?.chat?.person_free} /></span><span class="sub t-cut">${subline(chat, kind, presence, chats)}</span></span></button>
    ${chat?.card && html`<a class="fd-icon-btn" href=${chat.card.url} aria-label="Open the card" title="Open the card"><${Icon} name="target" /></a>`}
    <button type="button" class="fd-icon-btn" aria-label="Search in this chat" title="Search in this chat" aria-expanded=${String(searching)} onClick=${onSearch}><${Icon} name="search" /></button>
    <${Menu} label=${mute === "none" ? "Mute" : "Muted, change"} title=${mute === "none" ? "Mute" : "Muted"} buttonClass="fd-icon-btn no-phone" items=${muteItems(chatId, mute, ui)}><${Icon} name=${mute === "none" ? "bell" : "bell-off"} /><//>
    ${item && html`<span class="no-phone"><${WhenMenu} label="Remind me later" title="Remind me later" buttonClass="fd-icon-btn" question="Remind me on" zone=${center.zone}
      onPick=${(at, words) => center.leave(item.id, () => actions.remind(item.id, at, words))}><${Icon} name="clock" /><//></span>`}
    <button type="button" class="fd-icon-btn" aria-label="Details" title="Details" aria-expanded=${String(ui.details.value)} onClick=${() => ui.showDetails(!ui.details.peek())}><${Icon} name="info" /></button>
    <${Menu} label="More" title="More" buttonClass="fd-icon-btn" items=${items}><${Icon} name="more" /><//>
  </div>`;
}

function subline(chat, kind, presence, chats) {
  if (!chat) return "";
  if (kind === "direct") {
    if (chat.person && !chat.person.active) return "Deactivated";
    return presence === "active" ? "Active now" : presence === "away" ? "Away" : "Offline";
  }
  const states = chats.presence.states.value;
  const active = (chat.member_list ?? []).filter(({ id }) => id === chats.me.id || states.get(id) === "active").length;
  const muted = chat.mute === "none" ? "" : " · muted";
  if (kind === "card") return `Internal chat of a ${chat.card.type}${chat.mute === "none" ? "" : " · muted"}`;
  return `${chat.members} member${chat.members === 1 ? "" : "s"} · ${active} active${muted}`;
}

function Typing({ chatId, chats }) {
  const people = chats.typing.shown.value.get(chatId) ?? [];
  return html`<div class="fd-typing fd-typing-line" aria-live="polite">${people.length > 0 && html`<i aria-hidden="true"><u></u></i>${typingWords(people)}`}</div>`;
}

function Gone({ problem, onClose }) {
  return html`<section class="fd-col fd-nothing" aria-label="Chat"><div class="fd-empty" role="alert"><${Icon} name=${problem.status === 404 ? "lock" : "offline"} />
    <b>${problem.status === 404 ? "This chat is not there" : "The chat could not be loaded"}</b><span>${problem.status === 404 ? "It does not exist, or you are not a member of it." : problem.message}</span>
    <button type="button" class="fd-btn fd-btn--sm" onClick=${onClose}>Back to the feed</button></div></section>`;
}

/** Files dragged over the chat. */
function dropping(chatId, chat, ui) {
  if (chat && !chat.can?.send && !chat.can?.note) return {};
  const hasFiles = (event) => event.dataTransfer?.types?.includes("Files");
  const over = (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.currentTarget.classList.add("is-dropping");
  };
  const out = (event) => {
    if (!event.currentTarget.contains(event.relatedTarget)) event.currentTarget.classList.remove("is-dropping");
  };
  const drop = (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.currentTarget.classList.remove("is-dropping");
    ui.uploads.add(chatId, event.dataTransfer.files);
    ui.focusBox();
  };
  return { onDragOver: over, onDragLeave: out, onDrop: drop };
}
