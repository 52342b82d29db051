// Test notification: what each channel answered stays on the page until the next test.
import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { Icon } from "../center/icon.js";

const NAMES = { center: "Center", browser: "Browser", mobile: "Mobile", telegram: "Telegram", email: "Email" };
const LOOKS = { sent: ["fd-chip--ok", "check"], pending: ["fd-chip--warn", "clock"], failed: ["fd-chip--bad", "alert"], skipped: ["", "bell-off"] };

export function createTrial({ request, say }) {
  const result = signal(null);
  const busy = signal(false);
  async function run() {
    busy.value = true;
    try {
      result.value = (await request("POST", "/test-notification", {})).result;
    } catch (error) {
      say({ text: error.message, bad: true });
    } finally {
      busy.value = false;
    }
  }
  return { result, busy, run };
}

export function TrialButton({ page }) {
  const { busy, run } = page.trial;
  return html`<button class="fd-btn" type="button" aria-busy=${busy.value} disabled=${busy.value} onClick=${run}><${Icon} name="send" />${busy.value ? "Sending…" : "Test notification"}</button>`;
}

export function TrialResult({ page }) {
  const result = page.trial.result.value;
  return html`<div class="fd-set-answers" role="status">
    ${result && Object.keys(NAMES).filter((channel) => result[channel]).map((channel) => {
      const { state, text } = result[channel];
      const [look, icon] = LOOKS[state] ?? ["", "bell"];
      return html`<span key=${channel} class=${`fd-chip ${look}`}><${Icon} name=${icon} />${NAMES[channel]}: ${text}</span>`;
    })}
  </div>`;
}
