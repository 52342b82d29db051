// The slots of calls above the popups: one that rings stays until somebody has answered it or it has ended.
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { lasted } from "./calls.js";
import { Icon } from "./icon.js";

export function CallSlots({ center }) {
  const { calls } = center;
  const ringing = calls.ringing.value;
  const talking = calls.talking.value;
  const now = useSeconds(ringing.length + talking.length > 0);
  return html`${ringing.map((item) => html`<${Ringing} key=${item.id} item=${item} now=${now} center=${center} />`)}
    ${talking.map((call) => html`<${Talking} key=${`call-${call.id}`} call=${call} now=${now} />`)}`;
}

function Ringing({ item, now, center }) {
  const { call } = item;
  const [lead] = call.leads ?? [];
  const more = (call.leads?.length ?? 0) - 1;
  const below = [call.contact ? call.phone : "", call.contact?.company, lead && `${lead.name} (${lead.stage})`].filter(Boolean).join(" · ");
  return html`<div class="fd-popup fd-popup--call" role="alert">
    <span class="fd-av fd-av--36" data-c="2" aria-hidden="true"><${Icon} name="phone-in" /></span>
    <div><div class="kind">${call.line ? `Calling now · ${call.line}` : "Calling now"}<span class="t-num fd-end" aria-hidden="true">${lasted(item.at, now)}</span></div>
      <div class="title">${call.name || "Hidden number"}</div>
      ${below && html`<div class="body t-num">${below}${more > 0 ? ` and ${more} more` : ""}</div>`}</div>
    <span></span>
    <div class="acts">
      ${call.contact && html`<a class="fd-btn fd-btn--primary fd-btn--sm" href=${call.contact.url}>Open contact</a>`}
      ${lead && html`<a class="fd-btn fd-btn--sm" href=${lead.url}>Open lead</a>`}
      ${!call.contact && call.phone && html`<a class="fd-btn fd-btn--primary fd-btn--sm" href=${`/contactview/add?${new URLSearchParams({ phone: call.phone })}`}>Add contact</a>`}
      <button type="button" class="fd-btn fd-btn--sm" title="Not for me: gone on all my screens" onClick=${() => center.actions.read(item.id)}><${Icon} name="bell-off" />Silence</button>
    </div>
  </div>`;
}

function Talking({ call, now }) {
  return html`<div class="fd-popup fd-popup--call fd-popup--talking" role="status">
    <span class="fd-av fd-av--36" data-c="2" aria-hidden="true"><${Icon} name="phone" /></span>
    <div><div class="kind">On the phone<span class="t-num fd-end" aria-hidden="true">${lasted(call.since, now)}</span></div>
      <div class="title">${call.name || "Hidden number"}</div></div>
    <span></span>
    <div class="acts"><a class="fd-btn fd-btn--sm" href=${call.url}>Open</a></div>
  </div>`;
}

function useSeconds(running) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!running) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}
