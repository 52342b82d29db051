// Popups at the right of the screen. They go by themselves, unless somebody points at them; the item stays in the center.
import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { kindOf } from "./detail.js";
import { CallSlots } from "./call-slot.js";
import { lastFree } from "./chat/row.js";
import { FreeBadge } from "./chat/badge.js";
import { mayTake } from "./clients/row.js";
import { ChatAvatar } from "./chat/avatar.js";
import { Icon, ThingAvatar } from "./icon.js";
import { askResult } from "./task-actions.js";

const SHOWN_MS = 8_000;
const held = signal(false); // pointed at, focused, or the tab is hidden

export function PopupStack({ center }) {
  const { popups } = center;
  const shown = popups.shown.value;
  const more = popups.more.value;
  const during = center.calls.busy.value ? 0 : popups.during.value;
  const hold = (on) => () => (held.value = on);

  useEffect(() => {
    const follow = () => {
      held.value = document.hidden;
      if (!document.hidden) popups.wake();
    };
    document.addEventListener("visibilitychange", follow);
    return () => document.removeEventListener("visibilitychange", follow);
  }, []);
  useEffect(() => {
    if (!shown.length && !document.hidden) held.value = false; // what was pointed at is gone, no leave event comes
  }, [shown.length]);

  return html`<aside class="fd-popups" aria-label="New" aria-live="polite" onMouseEnter=${hold(true)} onMouseLeave=${hold(false)}
      onFocusIn=${hold(true)} onFocusOut=${hold(false)}>
    <${CallSlots} center=${center} />
    ${during > 0 && html`<button type="button" class="fd-popup-more" onClick=${() => { popups.clear(); center.openPanel(); }}>${during} new while you were on the phone</button>`}
    ${shown.map((item) => html`<${Popup} key=${item.id} item=${item} center=${center} />`)}
    ${more > 0 && html`<button type="button" class="fd-popup-more" onClick=${() => { popups.clear(); center.openPanel(); }}>and ${more} more</button>`}
  </aside>`;
}

function Popup({ item, center }) {
  const { popups } = center;
  useEffect(() => {
    if (held.value) return undefined;
    const timer = setTimeout(() => popups.dismiss(item.id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [held.value, item.at]);

  const open = () => {
    popups.dismiss(item.id);
    center.open(item.id);
  };
  const clicked = (event) => event.target.closest("button") || open();
  return html`<div class="fd-popup" onClick=${clicked}>
    ${item.chat ? html`<${ChatAvatar} kind=${item.chat.kind} id=${item.chat.id} personId=${item.chat.person_id} contactId=${item.chat.contact?.id} channel=${item.chat.talk?.channel} name=${item.title} picture=${item.chat.picture_url} />` : html`<${ThingAvatar} name=${item.icon} />`}
    <div><div class="kind">${item.chat?.talk ? `Client · talk ${item.chat.talk.number}` : kindOf(item)}</div><div class="title">${item.title} <${FreeBadge} free=${item.chat?.person_free} /></div><div class="body">${lastFree(item) && html`<${FreeBadge} free /> `}${item.body}</div></div>
    <button type="button" class="fd-icon-btn fd-icon-btn--sm" aria-label=${`Dismiss ${item.title}, stays in the center`} title="Dismiss, stays in the center"
      onClick=${() => popups.dismiss(item.id)}><${Icon} name="x" /></button>
    <div class="acts">
      ${item.actions?.includes("complete") && html`<button type="button" class="fd-btn fd-btn--sm" onClick=${() => { popups.dismiss(item.id); askResult(item, center); }}><${Icon} name="check" />Complete</button>`}
      ${item.actions?.includes("accept") && html`<button type="button" class="fd-btn fd-btn--sm" onClick=${() => { popups.dismiss(item.id); center.actions.acceptLead(item.id); }}><${Icon} name="check" />Accept</button>`}
      ${mayTake(item, center.boot.user) && html`<button type="button" class="fd-btn fd-btn--sm" onClick=${() => { open(); center.chatUi.chats.talks.take(item.chat.id); }}><${Icon} name="user-plus" />Take</button>`}
      <button type="button" class="fd-btn fd-btn--quiet fd-btn--sm" onClick=${open}>${item.chat?.talk ? "Reply" : "Open"}</button>
    </div>
  </div>`;
}
