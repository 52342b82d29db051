// What can be done right where a notice stands: with a task, or about somebody whom a limit put out.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { Sheet, showDialog } from "./chat/dialog.js";
import { Icon } from "./icon.js";
import { postponeOffers } from "./postpone.js";
import { WhenMenu } from "./when.js";

export function TaskActions({ item, center, primary = false }) {
  const allowed = item.actions ?? [];
  if (!["complete", "postpone", "reactivate"].some((name) => allowed.includes(name))) return null;
  const { actions, zone } = center;
  return html`<div class="fd-item-acts">
    ${allowed.includes("reactivate") &&
    html`<button type="button" class=${`fd-btn fd-btn--sm${primary ? " fd-btn--primary" : ""}`} onClick=${() => actions.reactivate(item.id)}>
      <${Icon} name="refresh" />Reactivate</button>`}
    ${allowed.includes("complete") &&
    html`<button type="button" class=${`fd-btn fd-btn--sm${primary ? " fd-btn--primary" : ""}`} onClick=${() => askResult(item, center)}>
      <${Icon} name="check" />Complete</button>`}
    ${allowed.includes("postpone") &&
    html`<${WhenMenu} buttonClass="fd-btn fd-btn--quiet fd-btn--sm" title="Postpone due date" question="Due on" zone=${zone}
      offers=${(now) => postponeOffers(item.due, now, zone)}
      onPick=${(at, words) => actions.postpone(item.id, at, words)}>Postpone<${Icon} name="down" /><//>`}
  </div>`;
}

/** Done here, and not open again since. */
export const isDone = (item) => Boolean(item.done) && !item.actions?.length;

/** Asks what came of a task, as its card does, and completes it. */
export function askResult(item, center) {
  showDialog((close) => html`<${ResultForm} item=${item} center=${center} close=${close} />`);
}

function ResultForm({ item, center, close }) {
  const [result, setResult] = useState("");
  const complete = () => {
    close();
    center.actions.complete(item.id, result.trim());
  };
  const keys = (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    complete();
  };
  const foot = html`<button type="button" class="fd-btn" onClick=${close}>Cancel</button>
    <button type="button" class="fd-btn fd-btn--primary" onClick=${complete}><${Icon} name="check" />Complete</button>`;
  return html`<${Sheet} title="Complete this task?" foot=${foot}>
    <p>${item.subject.name ?? item.title}</p>
    <div class="fd-field">
      <label class="fd-label" for="fd-result">Result</label>
      <textarea class="fd-textarea" id="fd-result" rows="3" maxlength="2000" data-first aria-describedby="fd-result-hint" value=${result}
        onInput=${(event) => setResult(event.currentTarget.value)} onKeyDown=${keys}></textarea>
      <span class="fd-hint" id="fd-result-hint">What came of it; who set the task reads it. May stay empty.</span>
    </div>
  <//>`;
}
