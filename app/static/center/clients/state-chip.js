// Open, closed with the score pending, closed: with what it was rated.
import { html } from "htm/preact";

export const STATES = { open: ["Open", "accent"], closing: ["Closed · score pending", "warn"], closed: ["Closed", ""] };

export function StateChip({ talk }) {
  const [words, kind] = talk.state === "closed" && talk.score ? [`Closed · ${talk.score} of 10`, ""] : STATES[talk.state];
  return html`<span class=${`fd-chip fd-chip--row${kind ? ` fd-chip--${kind}` : ""}`}>${words}</span>`;
}
