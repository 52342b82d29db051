// What was said between a client and the team: bubbles are seen by the client, a dashed box is a note for colleagues.
import { html } from "htm/preact";
import { useComputed } from "@preact/signals";
import { FreeBadge } from "../chat/badge.js";
import { Files } from "../chat/files.js";
import { keysOf, PendingState, Quote, TextPieces, Tools } from "../chat/message.js";
import { Icon } from "../icon.js";
import { fullTime } from "../time.js";

const TOGETHER_MS = 5 * 60_000;

/** Nothing more is to be said about how it got there. */
const reached = (message) => typeof message.failed !== "string" && !message.waiting;

/** Do these two read as one turn? Then only the last of them says who and when. */
export const sameTurn = (one, next) =>
  Boolean(one && next) && one.author.kind === next.author.kind && one.author.id === next.author.id && Boolean(one.note) === Boolean(next.note) && !next.reply_to &&
  one.author.kind !== "system" && reached(one) && Date.parse(next.created_at) - Date.parse(one.created_at) < TOGETHER_MS;

/** `ends`: the last of its turn. `view`: what the thread gives all its messages. */
export function Say({ message, ends, view }) {
  const { ui, active, flash } = view;
  const { me } = ui.chats;
  const ours = message.author.kind === "user";
  const mine = ours && message.author.id === me.id;
  const isActive = useComputed(() => active.value === message.id).value;
  const isFlash = useComputed(() => flash.value === message.seq).value;
  const isEdited = useComputed(() => ui.editing.value?.id === message.id).value;
  const base = message.note ? "fd-note" : ours ? "fd-say fd-say--us" : "fd-say";
  const classes = [base, !ends && "is-middle", isActive && "is-hover", isFlash && "is-flash", isEdited && "is-edited"].filter(Boolean).join(" ");
  const label = `${message.note ? "Note of " : ""}${message.author.name}, ${view.time(message.created_at)}`;
  const text = message.deleted ? html`<em class="t-3">This message was deleted</em>` : html`<${TextPieces} message=${message} me=${me} ui=${ui} />`;
  const hasText = message.deleted || message.body || message.edited_at;
  return html`<article class=${classes} data-seq=${message.seq} data-id=${message.id} tabindex="-1" aria-label=${label}
      onPointerEnter=${() => (active.value = message.id)} onFocusIn=${() => (active.value = message.id)} onKeyDown=${(event) => keysOf(event, message, mine, view)}>
    ${message.note && html`<small><${Icon} name="lock" />Note · only your team sees this</small>`}
    ${message.reply_to && html`<${Quote} reply=${message.reply_to} onJump=${() => ui.jump(message.chat_id, message.reply_to.seq)} />`}
    ${hasText && (message.note ? html`<div class="fd-note-text">${text}</div>` : html`<p>${text}</p>`)}
    <${Files} files=${message.files} previews=${ui.uploads.previews} onLook=${ui.look} />
    ${(ends || message.note) && html`<div class="fd-say-meta"><span>${message.author.name}</span><${FreeBadge} free=${message.author.free} /><span aria-hidden="true">·</span><time datetime=${message.created_at} title=${fullTime(message.created_at, ui.zone)}>${view.time(message.created_at)}</time>
      ${ours && !message.note && !message.deleted && html`<${Reached} message=${message} view=${view} />`}</div>`}
    ${isActive && html`<${Tools} message=${message} mine=${mine} view=${view} client />`}
  </article>`;
}

/** How far the client has got it. */
function Reached({ message, view }) {
  const { ui } = view;
  if (reached(message)) return html`<${SeenSoFar} message=${message} ui=${ui} />`;
  const failed = typeof message.failed === "string";
  const reason = failed ? message.failed : message.waiting.reason;
  if (!failed && !reason) return html`<span aria-hidden="true">·</span><span class="fd-reached"><${Icon} name="clock" size="14" />Sending</span>`;
  const words = failed ? "Not delivered" : `Waiting, next try ${view.time(message.waiting.at)}`;
  return html`<span class=${failed ? "fd-reached is-failed" : "fd-reached is-waiting"} title=${reason}><${Icon} name=${failed ? "alert" : "clock"} size="14" />${words}
    ${view.canAnswer && html`<button type="button" onClick=${() => ui.chats.sendAgain(message.id)}>Try ${failed ? "again" : "now"}</button>`}</span>`;
}

function SeenSoFar({ message, ui }) {
  const state = useComputed(() => {
    const { delivered_seq: delivered = 0, read_seq: read = 0 } = ui.chats.talks.seen.value.get(message.chat_id) ?? {};
    return read >= message.seq ? "Seen" : delivered >= message.seq ? "Delivered" : "Sent";
  }).value;
  return html`<span aria-hidden="true">·</span><span class=${state === "Seen" ? "fd-reached is-seen" : "fd-reached"}><${Icon} name=${state === "Sent" ? "check" : "check2"} size="14" />${state}</span>`;
}

/** An answer or note on its way, or one that did not get there. */
export function PendingSay({ entry, view }) {
  const { ui } = view;
  const message = { body: entry.body, mentions: [], chat_id: entry.chat_id };
  const text = html`<${TextPieces} message=${message} me=${ui.chats.me} ui=${ui} />`;
  return html`<article class=${entry.note ? "fd-note is-pending" : "fd-say fd-say--us is-pending"} data-client=${entry.client_id} aria-label=${`You, ${entry.state === "failed" ? "not sent" : "sending"}`}>
    ${entry.note && html`<small><${Icon} name="lock" />Note · only your team sees this</small>`}
    ${entry.body && (entry.note ? html`<div class="fd-note-text">${text}</div>` : html`<p>${text}</p>`)}
    <${Files} files=${entry.files} previews=${ui.uploads.previews} onLook=${ui.look} />
    <div class="fd-say-meta"><${PendingState} entry=${entry} view=${view} /></div></article>`;
}
