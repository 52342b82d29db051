// The head of a client's chat: who it is and where they write, how long they wait, and the talk's number at the right.
import { html } from "htm/preact";
import { ChatAvatar } from "../chat/avatar.js";
import { muteItems } from "../chat/mute.js";
import { Icon } from "../icon.js";
import { Menu } from "../menu.js";
import { lasting } from "../time.js";
import { WhenMenu } from "../when.js";
import { TalkMenu } from "./talk-menu.js";
import { channelWords, pageWords } from "./words.js";

export function ClientHead({ center, ui, chatId, chat, onClose, onSearch, searching }) {
  const { chats } = ui;
  const { actions } = center;
  const item = center.store.item(`c:${chatId}`);
  const talk = chats.talks.of(chatId);
  const title = chat?.title ?? item?.title ?? "";
  const contact = chat?.contact ?? item?.chat?.contact;
  const channel = chat?.talk ?? item?.chat?.talk;
  const page = chat?.client?.page_url;
  const mute = chat?.mute ?? "none";
  const items = [
    { label: "Search in this chat", icon: "search", onPick: onSearch },
    { label: "Mark unread", icon: "bell", onPick: () => ui.markUnread(chatId) },
    { label: "Copy link to this chat", icon: "open", onPick: () => ui.copyLink({ chat_id: chatId }) },
    ...(item ? [{ label: "Why did I get this?", icon: "info", onPick: () => ui.showWhy(item) }] : []),
    null,
    ...muteItems(chatId, mute, ui),
    ...(item ? [null, { label: "Archive in my feed", icon: "archive", onPick: () => center.leave(item.id, () => actions.archive(item.id)) }] : []),
  ];
  return html`<div class="fd-col-head chat-head">
    <button type="button" class="fd-icon-btn only-phone fd-back" aria-label="Back to the feed" onClick=${onClose}><${Icon} name="left" /></button>
    <button type="button" class="fd-chat-who" onClick=${() => ui.showDetails(!ui.details.peek())} title="Details: client, talk, history">
      <${ChatAvatar} kind="client" id=${chatId} contactId=${contact?.id} name=${title} channel=${channel?.channel} />
      <span class="fd-grow"><h2 class="t-cut">${title}</h2><span class="sub t-cut">${page ? `${channelWords(channel)} · ${pageWords(page)}` : channelWords(channel)}</span></span></button>
    ${talk?.waiting_since && html`<span class="fd-chip fd-chip--warn no-phone"><${Icon} name="clock" />Waiting ${lasting(talk.waiting_since, center.now.value)}</span>`}
    ${talk?.number && html`<${TalkMenu} ui=${ui} chatId=${chatId} talk=${talk} />`}
    ${item && html`<span class="no-phone"><${WhenMenu} label="Remind me later" title="Remind me later" buttonClass="fd-icon-btn" question="Remind me on" zone=${center.zone}
      onPick=${(at, words) => center.leave(item.id, () => actions.remind(item.id, at, words))}><${Icon} name="clock" /><//></span>`}
    <${Menu} label=${mute === "none" ? "More" : "More, muted"} title="More" buttonClass="fd-icon-btn" items=${searching ? [{ label: "Close the search", icon: "x", onPick: onSearch }, ...items.slice(1)] : items}><${Icon} name="more" /><//>
  </div>`;
}
