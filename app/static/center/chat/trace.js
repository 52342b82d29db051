// What a message said before it was changed or deleted.
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { fullTime } from "../time.js";
import { namedWords } from "./named.js";
import { Sheet, showDialog } from "./dialog.js";

export function showTrace(message, ui) {
  showDialog((close) => html`<${Edits} message=${message} ui=${ui} close=${close} />`);
}

function Edits({ message, ui, close }) {
  const [state, setState] = useState({});
  useEffect(() => {
    ui.chats.calls.trace(message.chat_id, message.id).then((edits) => setState({ edits }), (error) => setState({ error }));
  }, []);
  const { edits, error } = state;
  return html`<${Sheet} title="Edit history" wide foot=${html`<button type="button" data-first class="fd-btn" onClick=${close}>Close</button>`}>
    ${error && html`<p class="fd-error" role="alert">${error.message}</p>`}
    ${!edits && !error && html`<span class="fd-skel"></span>`}
    ${edits && html`<ol class="fd-edits">
      ${edits.map((one, index) => html`<li key=${index}><span class="t-3 t-12">${one.kind === "delete" ? "Deleted" : "Changed"} by ${namedWords(one.by)} on <time datetime=${one.at}>${fullTime(one.at, ui.zone)}</time>; before:</span>
        <p>${one.body ?? "The text is no longer shown."}</p></li>`)}
      ${!message.deleted && html`<li><span class="t-3 t-12">Now:</span><p>${message.body}</p></li>`}</ol>`}
  <//>`;
}
