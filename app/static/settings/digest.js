// The digest's own hours and weekdays, and when the next one comes.
import { html } from "htm/preact";
import { useRef } from "preact/hooks";
import { Icon } from "../center/icon.js";
import { moment } from "./words.js";
import { Weekdays } from "./weekdays.js";

const MOST = 8;
export const clock = (hour) => (typeof hour === "number" || /^\d{1,2}$/.test(hour) ? `${String(hour).padStart(2, "0")}:00` : hour);

export function Digest({ page }) {
  const { preferences } = page.store.state.value;
  const { hours, weekdays } = preferences.digest;
  const times = hours.map(clock);
  const input = useRef(null);
  const save = (part, words) => page.store.save({ digest: { hours: times, weekdays, ...part } }, words);
  const add = (event) => {
    event.preventDefault();
    const time = input.current.value;
    if (!time || times.includes(time)) return;
    save({ hours: [...times, time].sort() }, `Digest at ${time} too`);
    input.current.value = "";
  };
  const next = preferences.next_digest_at;
  return html`<section class="fd-panel" aria-labelledby="set-digest">
    <div class="fd-panel-head">
      <h3 id="set-digest">Digest</h3>
      <span class="t-3 t-12 fd-end" title=${`In your time zone, ${preferences.zone}`}>${next ? `Next: ${moment(next, preferences.zone)}` : "None planned"}</span>
    </div>
    <div class="fd-panel-body fd-stack">
      <form class="fd-row fd-wrap" onSubmit=${add}>
        ${times.map((time) => html`<span key=${time} class="fd-chip fd-chip--accent fd-set-time">${time}
          <button type="button" aria-label=${`Remove ${time}`} onClick=${() => save({ hours: times.filter((one) => one !== time) }, `No digest at ${time}`)}><${Icon} name="x" /></button>
        </span>`)}
        ${times.length < MOST && html`<input ref=${input} class="fd-input fd-set-clock" type="time" aria-label="Another hour" />
          <button class="fd-btn fd-btn--sm" type="submit"><${Icon} name="plus" />Hour</button>`}
      </form>
      <${Weekdays} label="Weekdays of the digest" chosen=${weekdays} onChange=${(days) => save({ weekdays: days }, "Digest days changed")} />
      <p class="fd-hint">Holds what is set to Digest and still unread. Nothing unread, no mail.</p>
    </div>
  </section>`;
}
