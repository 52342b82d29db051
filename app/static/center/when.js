// "Remind me later" and "Postpone": a few likely times, and any other by a field, all in the user's zone.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { Menu } from "./menu.js";
import { daysLaterAt, fromLocalInput, fullTime, nextMondayAt, toLocalInput } from "./time.js";

const HOUR_MS = 3_600_000;

/** `onPick(date, words)`: words fit after "You will be reminded …" and "due …". `offers(now)`: other times than the usual. */
export function WhenMenu({ label, title, buttonClass, question, zone, clock = Date.now, onPick, offers, children }) {
  const [custom, setCustom] = useState(false);
  const now = clock();
  const likely = offers?.(now) ?? [
    { label: "In 1 hour", words: "in 1 hour", at: new Date(now + HOUR_MS) },
    { label: "Tomorrow 9:00", words: "tomorrow 9:00", at: daysLaterAt(1, 9, now, zone) },
    { label: "Next Monday 9:00", words: "on Monday 9:00", at: nextMondayAt(9, now, zone) },
  ];
  const items = [
    ...likely.map((one) => ({ label: one.label, icon: one.label.includes("our") ? "clock" : "calendar", onPick: () => onPick(one.at, one.words) })),
    null,
    { label: "Pick a time…", icon: "edit", stay: true, onPick: () => setCustom(true) },
  ];
  const form = (close) =>
    html`<${TimeForm} question=${question} zone=${zone} clock=${clock} onPick=${(at) => {
      close();
      onPick(at, `on ${fullTime(at.toISOString(), zone)}`);
    }} />`;
  return html`<${Menu} label=${label} title=${title} buttonClass=${buttonClass} items=${items} content=${custom ? form : null}
    onClose=${() => setCustom(false)}>${children}<//>`;
}

function TimeForm({ question, zone, clock, onPick }) {
  const [value, setValue] = useState(() => toLocalInput(new Date(Math.ceil((clock() + HOUR_MS) / HOUR_MS) * HOUR_MS), zone));
  const [error, setError] = useState("");
  const submit = (event) => {
    event.preventDefault();
    const at = fromLocalInput(value, zone);
    if (!at) return setError("Give a date and a time.");
    if (at.getTime() <= clock()) return setError("This time is already past.");
    return onPick(at);
  };
  return html`<form class=${error ? "fd-when fd-field has-error" : "fd-when fd-field"} onSubmit=${submit} novalidate>
    <label class="fd-label" for="fd-when">${question}</label>
    <input class="fd-input" id="fd-when" type="datetime-local" value=${value} aria-describedby="fd-when-hint"
      aria-invalid=${error ? "true" : undefined} onInput=${(event) => setValue(event.currentTarget.value)} />
    <span id="fd-when-hint" class=${error ? "fd-error" : "fd-hint"} aria-live="polite">${error || `Your time zone: ${zone}`}</span>
    <button class="fd-btn fd-btn--primary fd-btn--sm" type="submit">Set</button>
  </form>`;
}
