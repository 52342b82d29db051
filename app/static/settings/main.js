// Starts the notification settings on the profile page: reads what the server sent along and draws the parts.
import { html } from "htm/preact";
import { render } from "preact";
import { createApi } from "../center/api.js";
import { Icon } from "../center/icon.js";
import { createSound } from "../center/sound.js";
import { say } from "../center/toast.js";
import { createDevices, Devices } from "./devices.js";
import { Digest } from "./digest.js";
import { Matrix, SetAll } from "./matrix.js";
import { HASH, Missed } from "./missed.js";
import { DoNotDisturb, QuietHours } from "./quiet.js";
import { Simulator } from "./simulator.js";
import { createStore } from "./store.js";
import { createTelegram, Telegram } from "./telegram.js";
import { createTrial, TrialButton, TrialResult } from "./trial.js";

const settings = JSON.parse(document.getElementById("fd-settings-data").textContent);
const csrf = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
const { request } = createApi({ csrf, base: "/api/v1/me", timeoutMs: 30_000 }); // a test waits for what providers answer
const store = createStore({ settings, request, say, tabs: otherTabs() });
const sound = createSound(localStorage);
const page = {
  request,
  store,
  trial: createTrial({ request, say }),
  devices: createDevices({ store, request, say }),
  telegram: createTelegram({ store, request, say }),
  sound,
};

function Settings() {
  const { preferences, email } = store.state.value;
  const receive = (event) => {
    const on = event.currentTarget.checked;
    store.save({ receive: on }, on ? "You receive notifications" : "Only the center, and what admins require");
  };
  const confirm = async () => {
    await request("POST", "/email/confirm", {}).catch((error) => say({ text: error.message, bad: true }));
    await store.refresh();
  };
  return html`
    <div class="fd-row fd-wrap">
      <h2 class="fd-h2" id="notifications-title">Notification settings</h2><span class="fd-grow"></span>
      <${DoNotDisturb} page=${page} /><${TrialButton} page=${page} />
    </div>
    <${TrialResult} page=${page} />
    ${email.paused && html`<div class="fd-set-paused" role="alert">
      <${Icon} name="alert" /><span class="fd-grow">Mails to ${email.address} are paused. ${email.paused.reason}</span>
      <button class="fd-btn fd-btn--sm" type="button" onClick=${confirm}>My address works</button>
    </div>`}
    <${Simulator} page=${page} />
    <${Missed} page=${page} />
    <div class="fd-panel">
      <div class="fd-line">
        <label class="fd-switch"><input type="checkbox" role="switch" checked=${preferences.receive} onChange=${receive} /><b>Receive notifications</b></label>
        <span class="t-3 no-phone">Off leaves only the center and what admins require.</span>
        <span class="only-phone fd-row fd-end t-2">Email <${SetAll} page=${page} /></span>
      </div>
      <${Matrix} page=${page} />
    </div>
    <div class="fd-set-grid">
      <${Digest} page=${page} /><${QuietHours} page=${page} /><${Devices} page=${page} /><${Telegram} page=${page} />
    </div>`;
}

const root = document.getElementById("fd-settings-root");
root.replaceChildren();
render(html`<${Settings} />`, root);
page.devices.find().catch(() => {});
// What was changed on another device meanwhile is shown when one comes back to this tab.
document.addEventListener("visibilitychange", () => document.hidden || store.refresh());
for (const hash of ["#notifications", HASH]) if (location.hash === hash) document.getElementById(hash.slice(1))?.scrollIntoView();

/** The same page in other tabs of this browser: they hear that something was saved. */
function otherTabs() {
  const channel = globalThis.BroadcastChannel ? new BroadcastChannel("fd-settings") : null;
  return { saved: () => channel?.postMessage("saved"), onSaved: (act) => channel?.addEventListener("message", act) };
}
