// One row of the feed.
import { html } from "htm/preact";
import { ChatAvatar } from "./chat/avatar.js";
import { FreeBadge } from "./chat/badge.js";
import { ChatLine, ChatMarks } from "./chat/row.js";
import { ClientTag, TakeAction, WaitingChip } from "./clients/row.js";
import { Icon, ThingAvatar } from "./icon.js";
import { Menu } from "./menu.js";
import { isMutable, muteEntries, MuteMenu } from "./mute-source.js";
import { LeadActions } from "./lead-actions.js";
import { isDone, TaskActions } from "./task-actions.js";
import { fullTime, shortTime } from "./time.js";
import { WhenMenu } from "./when.js";

export const rowId = (id) => `fd-item-${id.replace(":", "-")}`;

/** `current`: the row that Tab reaches; J and K move it. */
export function Item({ item, center, position, total, current }) {
  const { store, actions, zone, now, focused } = center;
  const open = store.opened.value === item.id;
  const id = rowId(item.id);
  const classes = ["fd-item", item.unread && "is-unread", open && "is-open"].filter(Boolean).join(" ");

  const clicked = (event) => {
    if (event.target.closest("button, form, [popover]")) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey) {
      if (event.target.closest("a")) actions.read(item.id); // the browser opens it in another tab
      return;
    }
    event.preventDefault();
    center.open(item.id);
  };

  return html`<article class=${classes} id=${id} tabindex=${current ? "0" : "-1"} aria-labelledby=${`${id}-title`} aria-describedby=${`${id}-body`}
      aria-posinset=${position} aria-setsize=${total} aria-current=${open ? "true" : undefined}
      onClick=${clicked} onFocus=${() => (focused.value = item.id)}>
    ${item.chat ? html`<${ChatAvatar} kind=${item.chat.kind} id=${item.chat.id} personId=${item.chat.person_id} contactId=${item.chat.contact?.id} channel=${item.chat.talk?.channel} name=${item.title} picture=${item.chat.picture_url}
      presence=${item.chat.kind === "direct" ? (center.chatUi.chats.presence.states.value.get(item.chat.person_id) ?? "offline") : null} />` : html`<${ThingAvatar} name=${item.icon} />`}
    <div>
      <div class="fd-item-top">
        <b id=${`${id}-title`}>${item.unread && html`<span class="fd-sr">Unread: </span>`}<${Title} item=${item} /></b><${FreeBadge} free=${item.chat?.person_free} />${item.chat?.talk && html`<${ClientTag} item=${item} me=${center.boot.user.id} />`}
        <time class="tm-hide" datetime=${item.at} title=${fullTime(item.at, zone)}>${shortTime(item.at, now.value, zone)}</time>
      </div>
      <div class="fd-item-sub" id=${`${id}-body`}>
        ${item.chat ? html`<${ChatLine} item=${item} open=${open} chats=${center.chatUi.chats} />` : html`<span>${item.body}</span>`}
        ${isDone(item) && html`<span class="fd-chip fd-chip--ok fd-chip--row"><${Icon} name="check" />Done</span>`}
        ${item.chat?.talk && html`<${WaitingChip} item=${item} now=${now.value} />`}
        ${item.chat && html`<${ChatMarks} item=${item} />`}
        ${item.unread && !item.chat && item.count > 1 && html`<span class="fd-badge fd-badge--accent">${item.count}<span class="fd-sr"> new</span></span>`}
        ${item.kind !== "team" && html`<${More} item=${item} center=${center} />`}
      </div>
      <${TaskActions} item=${item} center=${center} />
      <${LeadActions} item=${item} center=${center} />
      <${TakeAction} item=${item} center=${center} />
    </div>
    ${item.kind !== "team" && html`<${Quick} item=${item} center=${center} />`}
  </article>`;
}

function Title({ item }) {
  return item.url ? html`<a class="fd-item-link" href=${item.url} tabindex="-1">${item.title}</a>` : item.title;
}

/** Shown on hover and focus. */
function Quick({ item, center }) {
  const { actions, zone } = center;
  const read = item.unread ? "Mark read" : "Mark unread";
  return html`<div class="fd-item-quick">
    <button type="button" class="fd-icon-btn" aria-label=${read} title=${`${read} (R)`} onClick=${() => actions.toggleRead(item.id)}>
      <${Icon} name=${item.unread ? "check" : "bell"} size="16" /></button>
    <${WhenMenu} label="Remind me later" title="Remind me later" buttonClass="fd-icon-btn" question="Remind me on" zone=${zone}
      onPick=${(at, words) => center.leave(item.id, () => actions.remind(item.id, at, words))}><${Icon} name="clock" size="16" /><//>
    <button type="button" class="fd-icon-btn" aria-label="Archive" title="Archive (E)" onClick=${() => center.leave(item.id, () => actions.archive(item.id))}>
      <${Icon} name="archive" size="16" /></button>
    <${MuteMenu} item=${item} center=${center} buttonClass="fd-icon-btn" />
    <button type="button" class="fd-icon-btn" aria-label="Why did I get this?" title="Why did I get this?" onClick=${() => center.why(item)}>
      <${Icon} name="info" size="16" /></button>
  </div>`;
}

/** The same on a touch screen, where nothing hovers. */
function More({ item, center }) {
  const { actions } = center;
  const items = [
    { label: item.unread ? "Mark read" : "Mark unread", icon: item.unread ? "check" : "bell", onPick: () => actions.toggleRead(item.id) },
    { label: "Archive", icon: "archive", onPick: () => actions.archive(item.id) },
    { label: item.chat ? "Why did I get this?" : "Details and reminder", icon: "info", onPick: () => center.why(item) },
    ...(isMutable(item) ? [null, ...muteEntries(item, center)] : []),
  ];
  return html`<span class="fd-item-more"><${Menu} label=${`Actions for ${item.title}`} items=${items}><${Icon} name="more" /><//></span>`;
}
