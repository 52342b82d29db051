// Seven buttons for the days of the week; Monday is 0.
import { html } from "htm/preact";

export const DAYS = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];
const NAMES = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

export function Weekdays({ label, chosen, onChange }) {
  const toggle = (day) => onChange(chosen.includes(day) ? chosen.filter((one) => one !== day) : [...chosen, day].sort((a, b) => a - b));
  return html`<span class="fd-seg" role="group" aria-label=${label}>
    ${DAYS.map((name, day) => html`<button key=${name} type="button" title=${NAMES[day]} aria-pressed=${chosen.includes(day)} onClick=${() => toggle(day)}>${name}</button>`)}
  </span>`;
}
