// A chat's line in the feed: what was said last, or what I have begun to write, and its marks.
import { html } from "htm/preact";
import { useComputed } from "@preact/signals";
import { Icon } from "../icon.js";
import { rowWords } from "../clients/words.js";
import { FreeBadge } from "./badge.js";

export function ChatLine({ item, open, chats }) {
  const draft = useComputed(() => chats.drafts.get(item.chat.id).body.trim().slice(0, 120)).value;
  const typing = chats.typing.shown.value.get(item.chat.id) ?? [];
  if (typing.length && !open && item.chat.kind === "client") {
    const answered = typing.some(({ id, note }) => id !== "client" && !note);
    return html`<span class=${answered ? "fd-row-typing is-warn" : "fd-row-typing"}>${answered && html`<${Icon} name="edit" size="14" />`}${rowWords(typing)}</span>`;
  }
  if (typing.length && !open) return html`<span class="fd-row-typing">${item.chat.kind === "direct" ? "Typing" : `${(typing[0].name ?? "Somebody").split(" ")[0]} is typing`}</span>`;
  if (draft && !open) return html`<span><span class="t-bad">Draft:</span> ${draft}</span>`;
  return html`<span>${item.body}</span>`;
}

/** A free user said the last words of a chat among several; a direct chat says it beside the name. */
export const lastFree = ({ chat }) => Boolean(chat && chat.kind !== "direct" && chat.last?.author_free && !chat.last.mine);

export function ChatMarks({ item }) {
  const { mention, muted, mute } = item.chat;
  return html`<${FreeBadge} free=${lastFree(item)} />
    ${(muted || (mute && mute !== "none")) && html`<span class="fd-row-mark" title="Muted"><${Icon} name="bell-off" size="14" /><span class="fd-sr">muted</span></span>`}
    ${item.unread && mention && html`<span class="fd-row-mark is-mention" title="You were mentioned"><${Icon} name="at" size="14" /><span class="fd-sr">you were mentioned</span></span>`}
    ${item.unread && item.count > 0 && html`<span class="fd-badge fd-badge--accent">${item.count > 99 ? "99+" : item.count}<span class="fd-sr"> new</span></span>`}`;
}
