// The messages of one chat, as they scroll: where one stands stays where it is whatever comes above or below.
import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { PendingSay, sameTurn, Say } from "../clients/say.js";
import { Icon } from "../icon.js";
import { Heard } from "./heard.js";
import { dayWords } from "./days.js";
import { Message, Pending } from "./message.js";
import { SeenBy } from "./seen.js";
import { useStanding } from "./standing.js";
import { wallClock } from "../time.js";

const TOGETHER_MS = 5 * 60_000;
const KEPT = 100; // rows that are drawn already, beyond those of the page

export function Thread({ chatId, chat, kind, ui }) {
  const { chats } = ui;
  const client = (chat?.kind ?? kind ?? ui.kindOf(chatId)) === "client";
  const history = chats.historyOf(chatId);
  const { messages, busy, error, loaded, hasBefore, hasAfter } = history.state.value;
  const pending = chats.outbox.entries.value.filter((entry) => entry.chat_id === chatId);
  const divider = chats.dividers.value.get(chatId) ?? null;
  const scroller = useRef(null);
  const inner = useRef(null);
  const { stand, unseen, above } = useStanding({ chatId, chats, history, ui, scroller, inner });

  const people = useMemo(() => new Map((chat?.member_list ?? []).map((one) => [one.id, one])), [chat?.member_list]);
  const active = useMemo(() => signal(null), [chatId]);
  const view = useMemo(() => ({
    ui, active, flash: stand.flash,
    client, canSend: (chat?.can?.send || chat?.can?.note) ?? true, canAnswer: chat?.can?.send ?? true,
    time: (iso) => clock(iso, ui.zone),
    person: (id) => people.get(id),
    nameOf: (id) => people.get(id)?.name,
    step,
  }), [chatId, client, people, chat?.can?.send, chat?.can?.note]);
  const rows = useMemo(() => new Map(), [view]);

  /** `joined`: to the message before it, in a client's chat to the one after it. */
  const draw = (message, joined) => {
    // the same row is the same vnode: nothing of it is compared again
    const known = rows.get(message.id);
    if (known?.message === message && known.joined === joined) return known.vnode;
    const vnode = client ? html`<${Say} key=${message.id} message=${message} ends=${!joined} view=${view} />` : html`<${Message} key=${message.id} message=${message} cont=${joined} view=${view} />`;
    rows.set(message.id, { message, joined, vnode });
    return vnode;
  };

  if (rows.size > 2 * messages.length + KEPT) rows.clear(); // of what somebody has scrolled past nothing is kept

  const list = [];
  let before = null;
  let day = null;
  for (const [at, message] of messages.entries()) {
    const thisDay = dayWords(message.created_at, ui.now.value, ui.zone);
    if (thisDay !== day) list.push(html`<div class="fd-day" key=${`d${message.seq}`}>${thisDay}</div>`);
    if (message.seq === divider || (divider && before && before.seq < divider && message.seq > divider)) {
      list.push(html`<div class="fd-new" key="new" data-divider>${dividerWords(messages, divider, hasAfter, chats.me)}</div>`);
      before = null;
    }
    if (message.author.kind === "system") {
      list.push(html`<div class="fd-sys" key=${`s${message.id}`} data-seq=${message.seq}>${message.body}</div>`);
    } else list.push(draw(message, client ? sameTurn(message, messages[at + 1]) : thisDay === day && goesOn(before, message)));
    before = message;
    day = thisDay;
  }

  const state = !loaded && error ? html`<${Failed} error=${error} onAgain=${() => ui.open(chatId)} />` : !loaded && html`<${Skeleton} />`;
  return html`<div class="fd-thread-box">
    <div class="fd-scroll" ref=${scroller} tabindex="0" role="log" aria-live="off" aria-label="Messages" aria-busy=${String(Boolean(busy))}
        onScroll=${stand.scrolled} onKeyDown=${(event) => intoList(event, inner.current)} onPointerLeave=${(event) => event.pointerType === "mouse" && leave(event, view.active)}>
      <div class="fd-thread" ref=${inner}>
        ${state || html`
          ${hasBefore ? html`<div class="fd-older" key="older">${error ? html`<button type="button" class="fd-btn fd-btn--sm" onClick=${history.before}><${Icon} name="refresh" />Load earlier messages</button>`
            : html`<span class="t-3 t-12">Earlier messages are loading</span>`}</div>`
            : html`<${Beginning} key="start" chat=${chat} empty=${!messages.length && !pending.length} />`}
          ${list}
          ${!hasAfter && pending.map((entry) => html`<${client ? PendingSay : Pending} key=${entry.client_id} entry=${entry} view=${view} />`)}
          ${!hasAfter && !pending.length && html`<${SeenBy} key="seen" chatId=${chatId} chat=${chat} messages=${messages} ui=${ui} />`}`}
      </div>
    </div>
    <${Heard} key=${chatId} history=${history} me=${chats.me} />
    ${above && html`<button type="button" class="fd-jump fd-jump--top" onClick=${stand.toDivider}><${Icon} name="up" />Jump to first unread</button>`}
    ${loaded && (hasAfter || !chats.atBottom.value) && html`<button type="button" class=${unseen ? "fd-jump is-new" : "fd-jump"} aria-label=${unseen ? `${unseen} new, go to the newest message` : "Go to the newest message"}
      onClick=${() => chats.toBottom(chatId)}><${Icon} name="dn" />${unseen ? `${unseen > 99 ? "99+" : unseen} new message${unseen > 1 ? "s" : ""}` : "Newest"}</button>`}
  </div>`;
}

const goesOn = (before, message) =>
  Boolean(before) && before.author.kind === "user" && before.author.id === message.author.id && !message.reply_to && Date.parse(message.created_at) - Date.parse(before.created_at) < TOGETHER_MS;

function clock(iso, zone) {
  const { hour, minute } = wallClock(new Date(iso), zone);
  return `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
}

function dividerWords(messages, divider, hasAfter, me) {
  if (hasAfter) return "New"; // how many, only the end of the chat tells
  const count = messages.filter(({ seq, author }) => seq >= divider && author.kind !== "system" && author.id !== me.id).length;
  return `${count} new`;
}

function leave(event, active) {
  if (!event.currentTarget.querySelector("[popover]")) active.value = null;
}

/** From the list itself an arrow leads to the newest message, and from there the messages walk. */
function intoList(event, inner) {
  if (event.target !== event.currentTarget || (event.key !== "ArrowUp" && event.key !== "End")) return;
  const all = inner.querySelectorAll("article[data-seq]");
  if (!all.length) return;
  event.preventDefault();
  event.stopPropagation();
  all[all.length - 1].focus();
}

function step(row, by) {
  const all = [...row.parentElement.querySelectorAll("article[data-seq]")];
  const next = all[Math.max(0, Math.min(all.length - 1, all.indexOf(row) + by))];
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function Beginning({ chat, empty }) {
  if (!chat) return null;
  const who = chat.kind === "direct" || chat.kind === "client" ? `This is the beginning of your chat with ${chat.title}.` : `This is the beginning of ${chat.title}.`;
  return html`<div class="fd-begin"><p>${who}</p>${empty && chat.kind !== "client" && chat.can?.send && html`<p class="t-3">Write the first message below.</p>`}</div>`;
}

function Failed({ error, onAgain }) {
  return html`<div class="fd-empty" role="alert"><${Icon} name="offline" /><b>The messages could not be loaded</b><span>${error.message}</span>
    <button type="button" class="fd-btn fd-btn--sm" onClick=${onAgain}><${Icon} name="refresh" />Try again</button></div>`;
}

function Skeleton() {
  return html`<div><span class="fd-sr" role="status">Loading messages</span>${[0, 1, 2, 0, 2].map((width, row) => html`<div class="fd-msg" key=${row} aria-hidden="true">
    <span class="fd-skel fd-skel--av"></span><div><span class="fd-skel" data-w=${width}></span><span class="fd-skel fd-skel--second" data-w=${(width + 1) % 3}></span></div></div>`)}</div>`;
}
