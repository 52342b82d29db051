// "Why did I get this?": the rule, then what became of it in every channel, in sentences.
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "./icon.js";
import { fullTime, shortTime } from "./time.js";

const NAMES = { center: "Center", browser: "Browser", mobile: "Mobile", telegram: "Telegram", email: "Email" };
const LOOK = {
  sent: ["check", "t-ok"],
  shown: ["check", "t-ok"],
  pending: ["clock", "t-warn"],
  held: ["clock", "t-warn"],
  sending: ["clock", "t-warn"],
  failed: ["x", "t-bad"],
  skipped: ["bell-off", "t-2"],
  cancelled: ["bell-off", "t-2"],
  off: ["bell-off", "t-2"],
};

export function Trace({ center, item }) {
  const [answer, setAnswer] = useState({ state: "loading" });
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let current = true;
    setAnswer((before) => (before.id === item.id ? before : { state: "loading" }));
    center.api.trace(item.id).then(
      (trace) => current && setAnswer({ state: "ready", id: item.id, trace }),
      (error) => current && setAnswer({ state: "error", error }),
    );
    return () => (current = false);
  }, [item.id, item.changed_at, tries]);

  return html`<section class="fd-panel fd-trace" aria-labelledby="fd-trace-title">
    <header><h3 id="fd-trace-title">Why did I get this?</h3>
      ${answer.state === "ready" && html`<p class="t-2">${answer.trace.rule}</p>`}</header>
    ${answer.state === "loading" && html`<div class="fd-trace-wait"><span class="fd-sr" role="status">Loading</span><span class="fd-skel" data-w="1"></span><span class="fd-skel" data-w="2"></span></div>`}
    ${answer.state === "error" && html`<div class="fd-feed-end" role="alert">${answer.error.message}
      <button type="button" class="fd-btn fd-btn--sm" onClick=${() => setTries(tries + 1)}><${Icon} name="refresh" />Try again</button></div>`}
    ${answer.state === "ready" && answer.trace.channels.map((one) => html`<${Outcome} one=${one} center=${center} />`)}
    ${answer.state === "ready" && answer.trace.earlier?.length > 0 && html`<${Earlier} notices=${answer.trace.earlier} center=${center} />`}
    ${answer.state === "ready" && html`<footer class="fd-trace-foot"><a href="/profile/#missed">Why did I not get something else?</a></footer>`}
  </section>`;
}

/** The same for the notices that this row stands for as well, folded away. */
function Earlier({ notices, center }) {
  return html`<details class="fd-trace-earlier"><summary>${notices.length === 1 ? "One notice before it" : `${notices.length} notices before it`}</summary>
    ${notices.map((one) => html`<div class="fd-trace-notice"><p>${one.rule} · <time datetime=${one.at}>${fullTime(one.at, center.zone)}</time></p>
      ${one.channels.map((channel) => html`<${Outcome} one=${channel} center=${center} />`)}</div>`)}</details>`;
}

function Outcome({ one, center }) {
  const [icon, tone] = LOOK[one.state] ?? ["info", "t-2"];
  const { zone, now } = center;
  return html`<div class="fd-out"><${Icon} name=${icon} /><span>${NAMES[one.channel] ?? one.channel}</span><span class=${tone}>${one.text}</span>
    ${one.at ? html`<time datetime=${one.at} title=${fullTime(one.at, zone)}>${shortTime(one.at, now.value, zone)}</time>` : html`<span></span>`}</div>`;
}
