// Who was asked about a talk: whether they may answer the client, too, and out of the chat again.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { PersonAvatar } from "../chat/avatar.js";
import { FreeBadge } from "../chat/badge.js";
import { ask, Sheet, showDialog } from "../chat/dialog.js";
import { Icon } from "../icon.js";

/** The dialog for places that have no details beside the chat. */
export const showAsked = (ui, chatId) => showDialog((close) => html`<${AskedDialog} ui=${ui} chatId=${chatId} close=${close} />`);

export function AskedList({ ui, chatId }) {
  const talk = ui.chats.talks.of(chatId);
  const may = Boolean(talk?.can?.ask);
  return html`<ul class="fd-asked">${(talk?.asked ?? []).map((one) => html`<${Asked} key=${one.id} one=${one} may=${may} ui=${ui} chatId=${chatId} />`)}</ul>`;
}

function Asked({ one, may, ui, chatId }) {
  const { talks } = ui.chats;
  const [wanted, setWanted] = useState(null); // what was clicked, until the server has said it
  const set = async (answer) => {
    setWanted(answer);
    const done = await talks.letAnswer(chatId, one.id, answer);
    setWanted(null);
    if (done) ui.say({ text: answer ? `${one.name} may answer the client` : `${one.name} may write notes only`, action: "Undo", onAction: () => talks.letAnswer(chatId, one.id, !answer) });
  };
  const askBack = () => ask({ title: `Take the question to ${one.name} back?`, text: "They can no longer read this chat. What they wrote stays.", verb: "Take back", danger: true, act: () => talks.takeBack(chatId, one.id) });
  return html`<li>
    <div class="fd-person"><${PersonAvatar} id=${one.id} name=${one.name} size=${28} /><span class="t-cut">${one.name}</span><${FreeBadge} free=${one.free} />
      ${may && html`<button type="button" class="fd-icon-btn fd-icon-btn--sm fd-end" aria-label=${`Take the question to ${one.name} back`} title="Take the question back" onClick=${askBack}><${Icon} name="x" /></button>`}</div>
    ${may ? html`<label class="fd-switch t-12"><input type="checkbox" role="switch" checked=${wanted ?? one.answers} disabled=${wanted !== null} onChange=${(event) => set(event.currentTarget.checked)} /><span>May answer the client<span class="fd-sr">: ${one.name}</span></span></label>`
      : html`<p class="t-3 t-12">${one.answers ? "May answer the client" : "Writes notes only"}</p>`}</li>`;
}

function AskedDialog({ ui, chatId, close }) {
  const talk = ui.chats.talks.of(chatId);
  const foot = html`<button type="button" data-first class="fd-btn" onClick=${close}>Close</button>`;
  return html`<${Sheet} title=${`Asked about talk ${talk?.number}`} foot=${foot}>${talk?.asked?.length ? html`<${AskedList} ui=${ui} chatId=${chatId} />` : html`<p class="t-3">Nobody is asked about this talk any more.</p>`}<//>`;
}
