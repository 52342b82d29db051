// Passing a talk on, asking a colleague about it, and the talks before it.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { Sheet, showDialog } from "../chat/dialog.js";
import { PeoplePicker } from "../chat/people.js";
import { shortTime } from "../time.js";
import { StateChip } from "./state-chip.js";

export const transferTalk = (ui, chatId) => showDialog((close) => html`<${Transfer} ui=${ui} chatId=${chatId} close=${close} />`);
export const askColleague = (ui, chatId) => showDialog((close) => html`<${Ask} ui=${ui} chatId=${chatId} close=${close} />`);
export const showHistory = (ui, chatId) => showDialog((close) => html`<${History} ui=${ui} chatId=${chatId} close=${close} />`);

/** Runs `act` once; a refusal stays in the dialog, with what was typed. */
function useSending(close) {
  const [state, setState] = useState({ busy: false, error: "" });
  const send = async (act) => {
    setState({ busy: true, error: "" });
    try {
      await act();
      close();
    } catch (error) {
      setState({ busy: false, error: error.message });
    }
  };
  return [state, send];
}

function Transfer({ ui, chatId, close }) {
  const talk = ui.chats.talks.of(chatId);
  const [chosen, setChosen] = useState([]);
  const [state, send] = useSending(close);
  const give = () => send(async () => {
    await ui.chats.talks.transfer(chatId, chosen[0].id);
    ui.say({ text: `Talk ${talk.number} was passed on to ${chosen[0].name}` });
  });
  const foot = html`<button type="button" class="fd-btn" onClick=${close}>Cancel</button>
    <button type="button" class=${`fd-btn fd-btn--primary${state.busy ? " is-busy" : ""}`} disabled=${state.busy || !chosen.length} onClick=${give}>Pass on</button>`;
  return html`<${Sheet} title=${`Who takes talk ${talk.number}?`} wide foot=${foot}><p>They are told, and the client's next messages go to them.</p>
    <${PeoplePicker} ui=${ui} chosen=${chosen} onChange=${(list) => setChosen(list.slice(-1))} except=${[talk.responsible_id]} label="Colleague" />
    <p class="fd-error" role="alert">${state.error}</p><//>`;
}

function Ask({ ui, chatId, close }) {
  const talk = ui.chats.talks.of(chatId);
  const [chosen, setChosen] = useState([]);
  const [question, setQuestion] = useState("");
  const [answers, setAnswers] = useState(false);
  const [state, send] = useSending(close);
  const put = () => send(async () => {
    await ui.chats.talks.ask(chatId, chosen[0].id, question.trim(), answers);
    ui.say({ text: `${chosen[0].name} was asked` });
  });
  const foot = html`<button type="button" class="fd-btn" onClick=${close}>Cancel</button>
    <button type="button" class=${`fd-btn fd-btn--primary${state.busy ? " is-busy" : ""}`} disabled=${state.busy || !chosen.length || !question.trim()} onClick=${put}>Ask</button>`;
  return html`<${Sheet} title=${`Ask about talk ${talk.number}`} wide foot=${foot}><p>They can read this talk and answer you with notes. The client sees nothing of it.</p>
    <${PeoplePicker} ui=${ui} chosen=${chosen} onChange=${(list) => setChosen(list.slice(-1))} label="Colleague or free user" />
    <div class="fd-field"><label class="fd-label" for="fd-question">Question</label>
      <textarea class="fd-textarea" id="fd-question" rows="3" maxlength="5000" value=${question} onInput=${(event) => setQuestion(event.currentTarget.value)}></textarea></div>
    <label class="fd-switch"><input type="checkbox" role="switch" checked=${answers} onChange=${(event) => setAnswers(event.currentTarget.checked)} /><span>They may answer the client, too</span></label>
    <p class="fd-error" role="alert">${state.error}</p><//>`;
}

export function TalkList({ ui, chatId, onJump }) {
  const talk = ui.chats.talks.of(chatId);
  return html`<ul class="fd-talks">${(talk?.history ?? []).map((one) => html`<li key=${one.number}><button type="button" onClick=${() => onJump(one.first_seq)}>
    <b class="t-num">${one.number}</b><${StateChip} talk=${one} /><span class="t-cut t-2">${one.responsible ?? "Nobody"}</span><span class="t-3 t-12 fd-end">${shortTime(one.opened_at, ui.now.value, ui.zone)}</span></button></li>`)}</ul>`;
}

function History({ ui, chatId, close }) {
  const jump = (seq) => {
    close();
    ui.jump(chatId, seq);
  };
  const foot = html`<button type="button" data-first class="fd-btn" onClick=${close}>Close</button>`;
  return html`<${Sheet} title="History of talks" wide foot=${foot}><${TalkList} ui=${ui} chatId=${chatId} onJump=${jump} /><//>`;
}
