// The table "kind of news × channel". Every cell saves at once; locked ones say who decided.
import { html } from "htm/preact";
import { Icon } from "../center/icon.js";
import { LeadTimes } from "./lead-times.js";

const CHANNELS = [["browser", "Browser"], ["mobile", "Mobile"], ["telegram", "Telegram"]];
const MAILS = [["off", "Off"], ["now", "At once"], ["unread", "15 min"], ["digest", "Digest"]];
const MAIL_WORDS = { off: "no mail", now: "mail at once", unread: "mail if still unread after 15 minutes", digest: "part of the digest" };

export function Matrix({ page }) {
  const { rows, preferences } = page.store.state.value;
  return html`<table class="fd-matrix">
    <caption class="fd-sr">What reaches you, and by which channel</caption>
    <thead>
      <tr>
        <th scope="col">Tell me about</th>
        <th scope="col">Center</th>
        ${CHANNELS.map(([key, name]) => html`<th scope="col" key=${key}>${name}</th>`)}
        <th scope="col">Email <${SetAll} page=${page} /></th>
      </tr>
    </thead>
    <tbody>${rows.map((row) => html`<${Row} key=${row.key} page=${page} row=${row} chosen=${preferences.matrix[row.key]} />`)}</tbody>
  </table>
  <p class="fd-hint fd-set-note">Email “15 min” comes only if you have not read it within 15 minutes; “Digest” waits for the hours below.</p>`;
}

function Row({ page, row, chosen }) {
  const by = Object.values(row.cells).find((cell) => cell.locked)?.required_by;
  return html`<tr>
    <td>
      <span class="fd-set-name">${row.name}</span>
      ${row.hint && html`<span class="t-3 t-12 no-phone fd-set-about">${row.hint}</span>`}
      ${by && html`<span class="t-3 t-12 fd-set-about">Required by ${by}</span>`}
      ${row.key === "task_before" && html`<${LeadTimes} page=${page} />`}
    </td>
    <td data-l="Center"><span class="fd-cell is-always" title="Always on"><${Icon} name="check" /><span class="fd-sr">always on</span></span></td>
    ${CHANNELS.map(([channel, name]) => html`<td key=${channel} data-l=${name}>
      <${Tick} page=${page} row=${row} channel=${channel} name=${name} on=${chosen[channel]} />
    </td>`)}
    <td data-l="Email">${row.cells.email && (row.key === "report" ? html`<${ReportCell} page=${page} row=${row} value=${chosen.email} />` : html`<${MailCell} page=${page} row=${row} value=${chosen.email} />`)}</td>
  </tr>`;
}

function Tick({ page, row, channel, name, on }) {
  const cell = row.cells[channel];
  if (!cell) return null;
  const save = (event) => {
    const value = event.currentTarget.checked;
    page.store.save({ matrix: { [row.key]: { [channel]: value } } }, `${row.name}: ${name} ${value ? "on" : "off"}`);
  };
  return html`<span class=${cell.locked ? "fd-cell is-locked" : "fd-cell"} title=${cell.locked ? `Required by ${cell.required_by}` : null}>
    <input type="checkbox" aria-label=${`${row.name}: ${name}`} checked=${on} disabled=${cell.locked} onChange=${save} />
    <${Icon} name=${cell.locked ? "lock" : "check"} />
  </span>`;
}

function MailCell({ page, row, value }) {
  const { locked, required_by: by } = row.cells.email;
  const choose = (next) => {
    if (next !== value) page.store.save({ matrix: { [row.key]: { email: next } } }, `${row.name}: ${MAIL_WORDS[next]}`);
  };
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = MAILS.findIndex(([key]) => key === value);
    const next = (at + step + MAILS.length) % MAILS.length;
    event.currentTarget.children[next].focus();
    choose(MAILS[next][0]);
  };
  return html`<span class="fd-four" role="radiogroup" aria-label=${`${row.name}: email`} aria-disabled=${locked}
      title=${locked ? `Required by ${by}` : null} onKeyDown=${locked ? null : move}>
    ${MAILS.map(([key, name]) => html`<button key=${key} type="button" role="radio" class=${key === "off" ? "off" : ""}
      title=${locked ? null : MAIL_WORDS[key]}
      aria-checked=${key === value} tabindex=${key === value ? 0 : -1} disabled=${locked} onClick=${() => choose(key)}>${name}</button>`)}
  </span>`;
}

/** Reports have times of their own: on or off. Ticking before there is one opens the set-up. */
function ReportCell({ page, row, value }) {
  const { set_up: setUp, url } = page.store.state.value.report;
  const { locked, required_by: by } = row.cells.email;
  const save = (event) => {
    if (!setUp) {
      event.preventDefault();
      location.assign(url);
      return;
    }
    const on = event.currentTarget.checked;
    page.store.save({ matrix: { report: { email: on ? "now" : "off" } } }, on ? "Reports come by mail" : "No reports by mail");
  };
  return html`<span class="fd-row fd-set-report">
    <span class=${locked ? "fd-cell is-locked" : "fd-cell"} title=${locked ? `Required by ${by}` : null}>
      <input type="checkbox" aria-label=${`${row.name}: email`} checked=${setUp && value !== "off"} disabled=${locked && setUp} onClick=${save} />
      <${Icon} name=${locked ? "lock" : "check"} />
    </span>
    <a href=${url}>setup</a>
  </span>`;
}

export function SetAll({ page }) {
  const set = (event) => {
    const value = event.currentTarget.value;
    event.currentTarget.value = "";
    const open = page.store.state.peek().rows.filter((row) => row.cells.email && !row.cells.email.locked && row.key !== "report");
    if (value) page.store.save({ matrix: Object.fromEntries(open.map((row) => [row.key, { email: value }])) }, `All: ${MAIL_WORDS[value]}`);
  };
  return html`<select class="fd-select fd-set-all" aria-label="Set all email cells" onChange=${set}>
    <option value="">Set all</option>
    ${MAILS.map(([key, name]) => html`<option key=${key} value=${key}>${name}</option>`)}
  </select>`;
}
