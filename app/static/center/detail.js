// One notice in full, beside the feed: what it says, what can be done, and why it came.
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon, ThingAvatar } from "./icon.js";
import { LeadActions } from "./lead-actions.js";
import { MuteMenu } from "./mute-source.js";
import { isDone, TaskActions } from "./task-actions.js";
import { Trace } from "./trace.js";
import { fullTime } from "./time.js";
import { WhenMenu } from "./when.js";

const SUBJECTS = { task: "Open task", lead: "Open lead", contact: "Open contact", company: "Open company", call: "Open call", user: "Open user", report: "Open report" };
const KINDS = { tasks: "Task", leads: "Lead or call", system: "System", clients: "Client", chats: "Chat", team: "Team" };
// A tab holds several kinds of things.
const THINGS = { lead: "Lead", call: "Call", mail: "Mail", payment: "Payment" };
export const kindOf = (item) => THINGS[item.tab === "leads" ? item.subject?.type : ""] ?? KINDS[item.tab] ?? "Notice";

export function Detail({ center, item, onClose }) {
  const { actions, zone } = center;
  const title = useRef(null);
  useEffect(() => {
    if (center.focusDetail) title.current?.focus();
    center.focusDetail = false;
  }, [item.id]);

  return html`<section class="fd-col" aria-labelledby="fd-detail-title">
    <div class="fd-col-head">
      <button type="button" class="fd-icon-btn only-phone fd-back" aria-label="Back to the feed" onClick=${onClose}><${Icon} name="left" /></button>
      <${ThingAvatar} name=${item.icon} />
      <div class="fd-grow"><span class="fd-detail-kind t-cut">${kindOf(item)}</span>
        <time class="t-3 t-12 t-cut" datetime=${item.at}>${fullTime(item.at, zone)}</time></div>
      ${item.kind !== "team" && html`<${Tools} item=${item} actions=${actions} center=${center} />`}
      <button type="button" class="fd-icon-btn fd-icon-btn--sm no-phone" aria-label="Close this item" title="Close (Esc)" onClick=${onClose}><${Icon} name="x" /></button>
    </div>
    <div class="fd-scroll" tabindex="0" role="region" aria-label="Item">
      <div class="fd-detail">
        <div class="fd-detail-text">
          <h2 id="fd-detail-title" tabindex="-1" ref=${title}>${item.title}</h2>
          ${item.body && html`<p>${item.body}</p>`}
          ${isDone(item) && html`<span class="fd-chip fd-chip--ok"><${Icon} name="check" />Done</span>`}
          ${item.count > 1 && html`<p class="t-3 t-12">${item.count} notices about this are shown as one.</p>`}
          <div class="fd-row fd-wrap fd-detail-acts">
            <${TaskActions} item=${item} center=${center} primary=${true} />
            <${LeadActions} item=${item} center=${center} primary=${true} />
            ${item.url && html`<a class="fd-btn fd-btn--sm" href=${item.url}><${Icon} name="open" />${SUBJECTS[item.subject?.type] ?? "Open"}</a>`}
          </div>
        </div>
        ${item.kind !== "team" && html`<${Trace} center=${center} item=${item} />`}
      </div>
    </div>
  </section>`;
}

function Tools({ item, actions, center }) {
  const read = item.unread ? "Mark read" : "Mark unread";
  return html`
    <button type="button" class="fd-icon-btn fd-icon-btn--sm" aria-label=${read} title=${`${read} (R)`} onClick=${() => actions.toggleRead(item.id)}><${Icon} name=${item.unread ? "check" : "bell"} /></button>
    <${WhenMenu} label="Remind me later" title="Remind me later" buttonClass="fd-icon-btn fd-icon-btn--sm" question="Remind me on" zone=${center.zone}
      onPick=${(at, words) => center.leave(item.id, () => actions.remind(item.id, at, words))}><${Icon} name="clock" /><//>
    <${MuteMenu} item=${item} center=${center} buttonClass="fd-icon-btn fd-icon-btn--sm" />
    <button type="button" class="fd-icon-btn fd-icon-btn--sm" aria-label="Archive" title="Archive (E)" onClick=${() => center.leave(item.id, () => actions.archive(item.id))}><${Icon} name="archive" /></button>`;
}
