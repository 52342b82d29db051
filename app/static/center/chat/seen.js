// "Seen by N" below my newest message, and who, when asked.
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../icon.js";
import { PersonAvatar } from "./avatar.js";
import { FreeBadge } from "./badge.js";
import { Sheet, showDialog } from "./dialog.js";

const FACES = 3;

export function SeenBy({ chatId, chat, messages, ui }) {
  const { chats } = ui;
  chats.receipts.all.value; // drawn again with every mark
  const last = messages.findLast(({ author, deleted }) => author.kind === "user" && !deleted);
  if (!last || last.author.id !== chats.me.id || !chat || chat.kind === "client") return null;
  const people = new Map((chat.member_list ?? []).map((one) => [one.id, one]));
  const readers = chats.receipts.readers(chatId, last.seq, chats.me.id).map((id) => people.get(id)).filter(Boolean);
  if (!readers.length) return html`<div class="fd-seen"><span class="fd-state"><${Icon} name="check" />Sent</span></div>`;
  if (chat.kind === "direct") return html`<div class="fd-seen"><span class="fd-state"><${Icon} name="check2" />Seen</span></div>`;
  const all = readers.length >= people.size - 1 && readers.length > 2;
  return html`<div class="fd-seen"><button type="button" onClick=${() => showReaders(last, ui)} aria-label=${`Seen by ${readers.length}: ${readers.map(({ name }) => name).slice(0, 10).join(", ")}`}>
    <span class="fd-avs">${readers.slice(0, FACES).map((one) => html`<${PersonAvatar} key=${one.id} id=${one.id} name=${one.name} picture=${one.picture_url} size=${20} />`)}</span>${all ? "Seen by all" : `Seen by ${readers.length}`}</button></div>`;
}

export function showReaders(message, ui) {
  showDialog((close) => html`<${Readers} message=${message} ui=${ui} close=${close} />`);
}

function Readers({ message, ui, close }) {
  const [state, setState] = useState({});
  useEffect(() => {
    ui.chats.calls.reads(message.chat_id, message.seq).then((readers) => setState({ readers }), (error) => setState({ error }));
  }, []);
  const { readers, error } = state;
  return html`<${Sheet} title=${readers ? `Seen by ${readers.length}` : "Seen by"} foot=${html`<button type="button" data-first class="fd-btn" onClick=${close}>Close</button>`}>
    ${error && html`<p class="fd-error" role="alert">${error.message}</p>`}
    ${!readers && !error && html`<span class="fd-skel"></span>`}
    ${readers && !readers.length && html`<p>Nobody has read up to here yet.</p>`}
    ${readers?.length > 0 && html`<ul class="fd-people">${readers.map((one) => html`<li key=${one.id} class="fd-person"><${PersonAvatar} id=${one.id} name=${one.name} size=${28} presence=${ui.chats.presence.of(one.id)} /><span>${one.name}</span><${FreeBadge} free=${one.free} /></li>`)}</ul>`}
  <//>`;
}
