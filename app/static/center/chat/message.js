// One message: who, when, what, and what can be done with it.
import { html } from "htm/preact";
import { useComputed } from "@preact/signals";
import { Icon } from "../icon.js";
import { Menu } from "../menu.js";
import { fullTime } from "../time.js";
import { PersonAvatar } from "./avatar.js";
import { FreeBadge } from "./badge.js";
import { Files } from "./files.js";
import { EmojiButton, Reactions } from "./reactions.js";
import { isJumbo, pieces } from "./text.js";

/** `view`: what the thread gives all its messages: {ui, active, flash, client, time(iso), person(id), nameOf(id), step, canSend, canAnswer: the client}. */
export function Message({ message, cont, view }) {
  const { ui, active, flash, time } = view;
  const { me } = ui.chats;
  const mine = message.author.id === me.id && message.author.kind === "user";
  const isActive = useComputed(() => active.value === message.id).value;
  const isFlash = useComputed(() => flash.value === message.seq).value;
  const isEdited = useComputed(() => ui.editing.value?.id === message.id).value;
  const person = view.person(message.author.id);
  const mention = !mine && mentionsMe(message, me);
  const classes = ["fd-msg", cont && "fd-msg--cont", mention && "is-mention", isActive && "is-hover", isFlash && "is-flash", isEdited && "is-edited"].filter(Boolean).join(" ");
  const at = html`<time datetime=${message.created_at} title=${fullTime(message.created_at, ui.zone)}>${time(message.created_at)}</time>`;

  return html`<article class=${classes} data-seq=${message.seq} data-id=${message.id} tabindex="-1" aria-label=${`${message.author.name}, ${time(message.created_at)}`}
      onPointerEnter=${() => (active.value = message.id)} onFocusIn=${() => (active.value = message.id)} onKeyDown=${(event) => keysOf(event, message, mine, view)}>
    ${cont ? at : html`<${PersonAvatar} id=${message.author.id} name=${message.author.name} picture=${person?.picture_url} />`}
    <div>
      ${!cont && html`<div class="fd-msg-head"><b>${message.author.name}</b><${FreeBadge} free=${message.author.free ?? person?.free} />${at}</div>`}
      ${message.reply_to && html`<${Quote} reply=${message.reply_to} onJump=${() => ui.jump(message.chat_id, message.reply_to.seq)} />`}
      ${message.deleted ? html`<div class="fd-msg-text t-3"><em>This message was deleted</em></div>` : html`<${Text} message=${message} me=${me} ui=${ui} />`}
      <${Files} files=${message.files} previews=${ui.uploads.previews} onLook=${ui.look} />
      <${Reactions} message=${message} me=${me} nameOf=${view.nameOf} disabled=${!view.canSend} onReact=${(emoji, on) => ui.chats.react(message.id, emoji, on)} />
    </div>
    ${isActive && html`<${Tools} message=${message} mine=${mine} view=${view} />`}
  </article>`;
}

export function Quote({ reply, onJump }) {
  const text = reply.deleted ? "Deleted message" : reply.body || "File";
  return html`<button type="button" class="fd-quote" onClick=${onJump} title="Go to this message"><span class="fd-sr">Reply to </span>
    <${Icon} name="reply" size="14" /><b>${reply.author.name}</b><${FreeBadge} free=${reply.author.free} /><span class="t-cut">${text}</span></button>`;
}

export function Text({ message, me, ui }) {
  const { body } = message;
  if (!body && (!message.edited_at || message.deleted)) return null;
  return html`<div class=${isJumbo(body) ? "fd-msg-text is-jumbo" : "fd-msg-text"}><${TextPieces} message=${message} me=${me} ui=${ui} /></div>`;
}

/** Its text piece by piece: links, mentions, and whether it was edited. */
export function TextPieces({ message, me, ui }) {
  const edited = message.edited_at && !message.deleted && html` <button type="button" class="fd-edited" title=${fullTime(message.edited_at, ui.zone)} onClick=${() => ui.showTrace(message)}>(edited)</button>`;
  return html`${pieces(message.body, message.mentions).map((piece) => {
    if (piece.kind === "link") return html`<a href=${piece.href} target="_blank" rel="noopener noreferrer nofollow">${piece.text}</a>`;
    if (piece.kind === "mention") {
      const self = piece.mention.kind === "all" || (piece.mention.kind === "user" && piece.mention.id === me.id);
      // people are shown by name; what was typed is said on the way
      const named = piece.mention.kind === "user" && piece.mention.name;
      return html`<span class=${self ? "fd-at is-me" : "fd-at"} title=${named ? piece.text : piece.mention.name}>${named ? `@${named}` : piece.text}</span>`;
    }
    return piece.text;
  })}${edited}`;
}

/** `client`: in a client's chat, where nothing is reacted or replied to. */
export function Tools({ message, mine, view, client = false }) {
  const { ui, canSend } = view;
  const { chats } = ui;
  if (message.deleted && !mine) return null;
  const items = [
    { label: "Copy link", icon: "open", onPick: () => ui.copyLink(message) },
    ...(message.body ? [{ label: "Copy text", icon: "file", onPick: () => ui.copyText(message.body) }] : []),
    ...(message.deleted ? [] : [{ label: "Seen by…", icon: "eye", onPick: () => ui.showReaders(message) }]),
    ...(message.edited_at || message.deleted ? [{ label: "Edit history", icon: "clock", onPick: () => ui.showTrace(message) }] : []),
    { label: "Mark chat unread", icon: "bell", onPick: () => ui.markUnread(message.chat_id) },
    ...(mine && canSend && !message.deleted
      ? [null, { label: "Edit", icon: "edit", onPick: () => ui.edit(message) }, { label: "Delete…", icon: "trash", danger: true, onPick: () => ui.askDelete(message) }]
      : []),
  ];
  return html`<div class="fd-msg-tools" role="group" aria-label=${`Actions for the message of ${message.author.name}`}>
    ${canSend && !message.deleted && (client ? mine && html`<button type="button" class="fd-icon-btn fd-icon-btn--sm" aria-label="Edit" title="Edit (E)" onClick=${() => ui.edit(message)}><${Icon} name="edit" /></button>` : html`
      <${EmojiButton} label="React" buttonClass="fd-icon-btn fd-icon-btn--sm" onPick=${(char) => chats.react(message.id, char, true)}><${Icon} name="smile" /><//>
      <button type="button" class="fd-icon-btn fd-icon-btn--sm" aria-label="Reply" title="Reply (R)" onClick=${() => ui.reply(message)}><${Icon} name="reply" /></button>
      ${mine && html`<button type="button" class="fd-icon-btn fd-icon-btn--sm" aria-label="Edit" title="Edit (E)" onClick=${() => ui.edit(message)}><${Icon} name="edit" /></button>`}`)}
    <${Menu} label="More: link, seen by, delete" title="More" items=${items}><${Icon} name="more" /><//>
  </div>`;
}

/** On the message itself; its buttons keep their own keys. */
export function keysOf(event, message, mine, { ui, canSend, client, step }) {
  if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
  const usable = canSend && !message.deleted;
  const act = {
    ArrowUp: () => step(event.currentTarget, -1),
    ArrowDown: () => step(event.currentTarget, 1),
    Home: () => step(event.currentTarget, -Infinity),
    End: () => step(event.currentTarget, Infinity),
    Enter: () => event.currentTarget.querySelector(".fd-msg-tools button")?.focus(),
    r: () => usable && !client && ui.reply(message),
    e: () => usable && mine && ui.edit(message),
    Delete: () => usable && mine && ui.askDelete(message),
    Escape: () => ui.focusBox(),
  }[event.key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}

const mentionsMe = (message, me) => (message.mentions ?? []).some((one) => one.kind === "all" || (one.kind === "user" && one.id === me.id) || (one.kind === "group" && (me.group_ids ?? []).includes(one.id)));

/** A message on its way, or one that did not get there. */
export function Pending({ entry, view }) {
  const { ui } = view;
  const { me } = ui.chats;
  const message = { body: entry.body, mentions: [], chat_id: entry.chat_id };
  const failed = entry.state === "failed";
  return html`<article class="fd-msg is-pending" data-client=${entry.client_id} aria-label=${`You, ${failed ? "not sent" : "sending"}`}>
    <${PersonAvatar} id=${me.id} name=${me.name} picture=${view.person(me.id)?.picture_url} />
    <div><div class="fd-msg-head"><b>${me.name}</b><${FreeBadge} free=${me.free} /><time datetime=${entry.at}>${view.time(entry.at)}</time></div>
      ${entry.reply_to && html`<${Quote} reply=${entry.reply_to} onJump=${() => ui.jump(entry.chat_id, entry.reply_to.seq)} />`}
      <${Text} message=${message} me=${me} ui=${ui} />
      <${Files} files=${entry.files} previews=${ui.uploads.previews} onLook=${ui.look} />
      <${PendingState} entry=${entry} view=${view} />
    </div></article>`;
}

/** Sending, waiting, or why it failed and what can be done about it. */
export function PendingState({ entry, view }) {
  const { ui, canSend } = view;
  const { outbox, drafts } = ui.chats;
  const backToBox = () => {
    const begun = drafts.peek(entry.chat_id); // what somebody has written since stays, below it
    drafts.set(entry.chat_id, {
      body: [entry.body, begun.body].filter((text) => text.trim()).join("\n"),
      reply_to: entry.reply_to ?? begun.reply_to, files: [...entry.files, ...begun.files],
      note: Boolean(entry.note || (begun.note && begun.body.trim())), // what was begun for colleagues stays among them
    });
    outbox.remove(entry.client_id);
    ui.focusBox();
  };
  if (entry.state === "failed") {
    return html`<span class="fd-state is-failed" role="alert"><${Icon} name="alert" />Not sent: ${entry.error?.message}
      ${entry.error?.code === "confirm_all" ? html`<button type="button" onClick=${() => outbox.retry(entry.client_id, { confirm_all: true })}>Send to all</button>`
        : canSend && html`<button type="button" onClick=${() => outbox.retry(entry.client_id)}>Try again</button>`}
      ${canSend && html`<button type="button" onClick=${backToBox}>Edit</button>`}<button type="button" onClick=${() => outbox.remove(entry.client_id)}>Discard</button></span>`;
  }
  const words = entry.state !== "waiting" ? "Sending" : `Waiting: ${entry.error?.code === "rate_limited" ? entry.error.message : "goes out when the connection is back"}`;
  return html`<span class="fd-state"><${Icon} name="clock" />${words}</span>`;
}
