// What can be done right where a notice stands: with a task, or about somebody whom a limit put out.
import { html } from "htm/preact";
import { Icon } from "./icon.js";
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
    html`<button type="button" class=${`fd-btn fd-btn--sm${primary ? " fd-btn--primary" : ""}`} onClick=${() => actions.complete(item.id)}>
      <${Icon} name="check" />Complete</button>`}
    ${allowed.includes("postpone") &&
    html`<${WhenMenu} buttonClass="fd-btn fd-btn--quiet fd-btn--sm" title="Postpone due date" question="Due on" zone=${zone}
      onPick=${(at, words) => actions.postpone(item.id, at, words)}>Postpone<${Icon} name="down" /><//>`}
  </div>`;
}
