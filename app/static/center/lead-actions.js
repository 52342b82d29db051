// What can be done with a lead that came in: take it, decline it with a reason, or hide one's own copy.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { Icon } from "./icon.js";
import { Menu } from "./menu.js";

export function LeadActions({ item, center, primary = false }) {
  const allowed = item.actions ?? [];
  if (!allowed.includes("accept")) return null;
  const { actions } = center;
  const decline = (close) => html`<${ReasonForm} onDecline=${(reason) => {
    close();
    actions.declineLead(item.id, reason);
  }} />`;
  return html`<div class="fd-item-acts">
    <button type="button" class=${`fd-btn fd-btn--sm${primary ? " fd-btn--primary" : ""}`} onClick=${() => actions.acceptLead(item.id)}>
      <${Icon} name="check" />Accept</button>
    <${Menu} buttonClass="fd-btn fd-btn--quiet fd-btn--sm" title="Decline with a reason" content=${decline}>Decline<${Icon} name="down" /><//>
    <button type="button" class="fd-btn fd-btn--quiet fd-btn--sm" title="Hide my copy only" onClick=${() => center.leave(item.id, () => actions.archive(item.id))}>Not mine</button>
  </div>`;
}

function ReasonForm({ onDecline }) {
  const [reason, setReason] = useState("");
  const [error, setError] = useState("");
  const submit = (event) => {
    event.preventDefault();
    if (!reason.trim()) return setError("Give a reason.");
    return onDecline(reason.trim());
  };
  return html`<form class=${error ? "fd-when fd-field has-error" : "fd-when fd-field"} onSubmit=${submit} novalidate>
    <label class="fd-label" for="fd-reason">Reason</label>
    <input class="fd-input" id="fd-reason" maxlength="500" value=${reason} autocomplete="off" aria-describedby="fd-reason-hint"
      aria-invalid=${error ? "true" : undefined} onInput=${(event) => setReason(event.currentTarget.value)} />
    <span id="fd-reason-hint" class=${error ? "fd-error" : "fd-hint"} aria-live="polite">${error || "The lead is closed as lost; you can undo it."}</span>
    <button class="fd-btn fd-btn--primary fd-btn--sm" type="submit">Decline</button>
  </form>`;
}
