// Weekly quiet hours, and do not disturb for a time.
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../center/icon.js";
import { say } from "../center/toast.js";
import { moment } from "./words.js";
import { Weekdays } from "./weekdays.js";

const SUGGESTED = [{ weekdays: [0, 1, 2, 3, 4], from: "21:00", to: "07:30" }, { weekdays: [5, 6], from: "00:00", to: "00:00" }];
// The longest that a browser's timer can wait.
const LONGEST_WAIT = 2 ** 31 - 1;
const SPANS = [["30", "30 minutes"], ["60", "1 hour"], ["240", "4 hours"], ["480", "8 hours"], ["1440", "a day"]];

export function QuietHours({ page }) {
  const spans = page.store.state.value.preferences.quiet_hours;
  const save = (next, words = "Quiet hours changed") => page.store.save({ quiet_hours: next }, words);
  const change = (at, part) => {
    const next = spans.map((span, position) => (position === at ? { ...span, ...part } : span));
    if (!next[at].weekdays.length) say({ text: "One day has to stay. The bin removes these hours.", bad: true });
    else if (next.every((span) => span.from && span.to)) save(next);
  };
  const flip = (event) => (event.currentTarget.checked ? save(SUGGESTED, "Quiet hours on") : save([], "Quiet hours off"));
  return html`<section class="fd-panel" aria-labelledby="set-quiet">
    <div class="fd-panel-head">
      <h3 id="set-quiet">Quiet hours</h3>
      <label class="fd-switch fd-end"><input type="checkbox" role="switch" aria-label="Quiet hours" checked=${spans.length > 0} onChange=${flip} /></label>
    </div>
    <div class="fd-panel-body fd-stack">
      ${spans.map((span, at) => html`<div key=${at} class="fd-row fd-wrap fd-set-span">
        <${Weekdays} label="Weekdays on which they begin" chosen=${span.weekdays} onChange=${(weekdays) => change(at, { weekdays })} />
        <input class="fd-input fd-set-clock" type="time" aria-label="From" value=${span.from} onChange=${(event) => change(at, { from: event.currentTarget.value })} />
        <span class="t-3" aria-hidden="true">–</span>
        <input class="fd-input fd-set-clock" type="time" aria-label="To" value=${span.to} onChange=${(event) => change(at, { to: event.currentTarget.value })} />
        <span class="t-3 t-12">${lasts(span)}</span>
        <button class="fd-icon-btn fd-icon-btn--sm" type="button" aria-label="Remove these hours" onClick=${() => save(spans.filter((_, one) => one !== at))}><${Icon} name="trash" /></button>
      </div>`)}
      ${spans.length > 0 && html`<div><button class="fd-btn fd-btn--sm" type="button" onClick=${() => save([...spans, { weekdays: [0], from: "12:00", to: "13:00" }])}><${Icon} name="plus" />Hours</button></div>`}
      <p class="fd-hint">Held, then sent as one brief at the end. Only urgent news comes through.</p>
    </div>
  </section>`;
}

const lasts = ({ from, to }) => (from === to ? "all day" : to < from ? "until the next day" : "");

// Whether a moment is still to come; what shows it is drawn again when it is over.
function useStillAhead(end) {
  const [, drawAgain] = useState(0);
  const left = end ? new Date(end) - Date.now() : 0;
  useEffect(() => {
    if (left <= 0) return undefined;
    const timer = setTimeout(() => drawAgain((times) => times + 1), Math.min(left, LONGEST_WAIT));
    return () => clearTimeout(timer);
  });
  return left > 0;
}

export function DoNotDisturb({ page }) {
  const { dnd_until: until, zone } = page.store.state.value.preferences;
  const held = useStillAhead(until);
  const begin = (event) => {
    const minutes = Number(event.currentTarget.value);
    event.currentTarget.value = "";
    if (!minutes) return;
    const end = new Date(Date.now() + minutes * 60_000).toISOString();
    page.store.save({ dnd_until: end }, `Not disturbed until ${moment(end, zone)}`);
  };
  if (held) {
    return html`<button class="fd-btn" type="button" onClick=${() => page.store.save({ dnd_until: null }, "Do not disturb ended")}>
      <${Icon} name="bell-off" />Until ${moment(until, zone)} · End
    </button>`;
  }
  return html`<select class="fd-select fd-set-dnd" aria-label="Do not disturb for" onChange=${begin}>
    <option value="">Do not disturb</option>
    ${SPANS.map(([minutes, name]) => html`<option key=${minutes} value=${minutes}>for ${name}</option>`)}
  </select>`;
}
