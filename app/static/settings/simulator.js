// "What would happen": the server's own routing answers, nothing is sent.
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../center/icon.js";
import { fromLocalInput, toLocalInput } from "../center/time.js";

const LOOKS = { sent: ["fd-chip--ok", "check"], pending: ["fd-chip--warn", "clock"], skipped: ["", "bell-off"] };
const EVENING = "22:30";

export function Simulator({ page }) {
  const { questions, preferences } = page.store.state.value;
  const [event, setEvent] = useState(questions[0]?.event ?? "");
  const { zone } = preferences;
  const [at, setAt] = useState(() => `${toLocalInput(Date.now(), zone).slice(0, "2026-11-18T".length)}${EVENING}`);
  const [answer, setAnswer] = useState({ channels: [] });
  useEffect(() => {
    let wanted = true;
    const moment = fromLocalInput(at, zone);
    if (!event || !moment) return undefined;
    const query = new URLSearchParams({ event, at: moment.toISOString() });
    page.request("GET", `/simulation?${query}`).then(
      (found) => wanted && setAnswer(found),
      (error) => wanted && setAnswer({ channels: [], error: error.message }),
    );
    return () => (wanted = false);
  }, [event, at, preferences]);
  if (!questions.length) return null;
  return html`<div class="fd-set-sim">
    <div class="fd-row fd-wrap">
      <b>What would happen</b><span class="t-2">when</span>
      <select class="fd-select" aria-label="Kind of news" value=${event} onChange=${(e) => setEvent(e.currentTarget.value)}>
        ${questions.map((one) => html`<option key=${one.event} value=${one.event}>${one.label}</option>`)}
      </select>
      <span class="t-2">at</span>
      <input class="fd-input" type="datetime-local" aria-label="When" title=${`In your time zone, ${zone}`} value=${at} onInput=${(e) => setAt(e.currentTarget.value)} />
    </div>
    <div class="fd-set-answers" role="status">
      ${answer.error && html`<span class="fd-chip fd-chip--bad">${answer.error}</span>`}
      ${answer.channels.map(({ channel, state, text }) => html`<span key=${channel} class=${`fd-chip ${LOOKS[state]?.[0] ?? ""}`}><${Icon} name=${LOOKS[state]?.[1] ?? "bell"} />${text}</span>`)}
    </div>
  </div>`;
}
