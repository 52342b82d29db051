// "Why did I not get …?": what happened of one kind in the last days, and what each channel did with it.
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../center/icon.js";
import { stamp } from "./words.js";

export const HASH = "#missed";
const CHANNELS = [["email", "by email"], ["mobile", "on my phone"], ["browser", "in the browser"], ["telegram", "by Telegram"], ["center", "in the center"]];
const SPANS = [["1", "last 24 hours"], ["3", "last 3 days"], ["7", "last 7 days"], ["30", "last 30 days"]];
const LOOKS = { sent: ["check", "t-ok"], shown: ["check", "t-ok"], pending: ["clock", "t-warn"], sending: ["clock", "t-warn"], failed: ["x", "t-bad"] };

export function Missed({ page }) {
  const { rows, preferences } = page.store.state.value;
  const [open, setOpen] = useState(location.hash === HASH);
  const [asked, setAsked] = useState({ row: rows[0]?.key ?? "", channel: "email", days: "7" });
  const [answer, setAnswer] = useState(null);
  useEffect(() => {
    if (!open || !asked.row) return undefined;
    let wanted = true;
    const since = new Date(Date.now() - Number(asked.days) * 24 * 3600_000).toISOString();
    const query = new URLSearchParams({ row: asked.row, channel: asked.channel, since });
    page.request("GET", `/missed?${query}`).then(
      (found) => wanted && setAnswer(found),
      (error) => wanted && setAnswer({ found: [], error: error.message }),
    );
    return () => (wanted = false);
  }, [open, asked]);
  if (!rows.length) return null;
  const choose = (part) => (event) => setAsked({ ...asked, [part]: event.currentTarget.value });
  return html`<details class="fd-panel fd-missed" id="missed" open=${open} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary><${Icon} name="help" /><b>Why did I not get …?</b><span class="t-3 no-phone">What happened, and what each channel did with it</span></summary>
    <div class="fd-missed-body">
      <div class="fd-row fd-wrap">
        <select class="fd-select" aria-label="Kind of news" value=${asked.row} onChange=${choose("row")}>
          ${rows.map((row) => html`<option key=${row.key} value=${row.key}>${row.name}</option>`)}
        </select>
        <select class="fd-select" aria-label="Channel" value=${asked.channel} onChange=${choose("channel")}>
          ${CHANNELS.map(([key, name]) => html`<option key=${key} value=${key}>${name}</option>`)}
        </select>
        <select class="fd-select" aria-label="Time" value=${asked.days} onChange=${choose("days")}>
          ${SPANS.map(([key, name]) => html`<option key=${key} value=${key}>${name}</option>`)}
        </select>
      </div>
      <div role="status">
        ${!answer && open && html`<span class="fd-sr">Loading</span>`}
        ${answer?.error && html`<p class="t-bad">${answer.error}</p>`}
        ${answer && !answer.error && answer.found.length === 0 && html`<p class="t-2">Nothing of this kind happened in that time that concerned you.</p>`}
      </div>
      ${answer?.found.length > 0 && html`<ul class="fd-missed-list" aria-label="What happened">
        ${answer.found.map((one) => html`<${Happened} key=${`${one.item}${one.at}`} one=${one} zone=${preferences.zone} />`)}
      </ul>`}
      ${answer?.more && html`<p class="t-3">There was more: choose a shorter time.</p>`}
    </div>
  </details>`;
}

function Happened({ one, zone }) {
  const line = one.channels[0] ?? { state: "skipped", text: one.why };
  const [icon, tone] = LOOKS[line.state] ?? ["bell-off", "t-2"];
  const where = one.item && `/center/?${one.item.startsWith("c:") ? `chat=${one.item.slice(2)}` : `item=${encodeURIComponent(one.item)}`}`;
  return html`<li>
    <time class="t-3 t-12 t-num" datetime=${one.at}>${stamp(one.at, zone)}</time>
    <span class="fd-missed-what">${where ? html`<a href=${where}>${one.title}</a>` : one.title}</span>
    <span class=${`fd-missed-said ${tone}`}><${Icon} name=${icon} />${line.text}</span>
  </li>`;
}
