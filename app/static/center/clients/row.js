// What a client's chat shows in the feed besides its last words: nobody has it, how long the client waits, take it.
import { html } from "htm/preact";
import { PersonAvatar } from "../chat/avatar.js";
import { Icon } from "../icon.js";
import { lasting } from "../time.js";

/** Whose it is, where it is not mine. */
export function ClientTag({ item, me }) {
  const { talk } = item.chat;
  if (talk?.state !== "open" || talk.responsible_id === me) return null;
  if (talk.responsible_id === null) return html`<span class="fd-chip fd-chip--line fd-chip--row">Nobody has it</span>`;
  return html`<span class="fd-row-owner" title=${`${talk.responsible} has this talk`}><${PersonAvatar} id=${talk.responsible_id} name=${talk.responsible} size=${20} /><span class="fd-sr">${talk.responsible} has this talk</span></span>`;
}

export function WaitingChip({ item, now }) {
  const since = item.chat.talk?.waiting_since;
  if (!since) return null;
  return html`<span class="fd-chip fd-chip--warn fd-chip--row"><${Icon} name="clock" /><span class="fd-sr">Waiting </span>${lasting(since, now)}</span>`;
}

/** A free user helps with a client, and takes no talk. */
export const mayTake = (item, me) => Boolean(item.chat) && !me.free && Boolean(item.actions?.includes("take"));

export function TakeAction({ item, center }) {
  if (!mayTake(item, center.boot.user)) return null;
  return html`<div class="fd-item-acts"><button type="button" class="fd-btn fd-btn--sm" onClick=${() => center.chatUi.chats.talks.take(item.chat.id)}>
    <${Icon} name="user-plus" />Take</button></div>`;
}
