// How long before a task one wants to be reminded: any set of four lead times.
import { html } from "htm/preact";

export function LeadTimes({ page }) {
  const { preferences, lead_times: all } = page.store.state.value;
  const chosen = preferences.lead_times;
  const toggle = (minutes) => {
    const next = chosen.includes(minutes) ? chosen.filter((one) => one !== minutes) : [...chosen, minutes].sort((a, b) => a - b);
    page.store.save({ lead_times: next }, next.length ? `Reminded ${next.join(", ")} minutes before` : "Not reminded before a task");
  };
  return html`<span class="fd-seg fd-set-leads" role="group" aria-label="Minutes before the task">
    ${all.map((minutes) => html`<button key=${minutes} type="button" aria-pressed=${chosen.includes(minutes)} onClick=${() => toggle(minutes)}>
      ${minutes === 60 ? "1 h" : `${minutes} min`}
    </button>`)}
  </span>`;
}
