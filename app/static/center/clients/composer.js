// Over the box of a client's chat: for whom one writes, whose talk it is, and who else is answering at this moment.
import { html } from "htm/preact";
import { Icon } from "../icon.js";
import { othersWords } from "./words.js";

export function AnswerOrNote({ chat, ui, note, onChange }) {
  const talk = ui.chats.talks.of(chat.id);
  return html`<div class="fd-composer-mode" role="group" aria-label="Who sees it">
    ${chat.can?.send && html`<button type="button" aria-pressed=${String(!note)} onClick=${() => onChange(false)}>Answer</button>`}
    <button type="button" aria-pressed=${String(Boolean(note))} onClick=${() => onChange(true)}>Note</button>
    ${!note && talk && html`<span class="fd-end t-3 t-12 t-cut">${whose(talk, ui.chats.me)}</span>`}</div>`;
}

function whose(talk, me) {
  if (talk.state === "closed") return "Writing opens a new talk";
  if (talk.state === "closing") return "Writing opens the talk again";
  if (talk.responsible_id === null) return me.free ? "" : "Your answer takes this talk";
  return talk.responsible_id === me.id ? "" : `${talk.responsible} has this talk`;
}

/** So that two do not answer at once. */
export function Others({ chatId, talks }) {
  const others = talks.others(chatId);
  const words = othersWords(others);
  return html`<div class=${words ? `fd-composer-top${others.writing.length ? " is-warn" : ""}` : "fd-sr"} role="status">${words && html`<${Icon} name=${others.writing.length ? "edit" : "eye"} size="14" /><span>${words}</span>`}</div>`;
}
