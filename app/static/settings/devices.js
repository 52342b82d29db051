// Browsers and phones that receive pushes: this one on and off, the others removed, and the sound of popups.
import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { Icon } from "../center/icon.js";
import { current, isInstalled, obstacle, subscribe, unsubscribe } from "./push.js";
import { ago } from "./words.js";

export function createDevices({ store, request, say }) {
  const here = signal(null); // id of this browser's device
  const busy = signal(false);
  const push = () => store.state.peek().push;
  const reload = async () => store.set({ devices: (await request("GET", "/devices")).result });

  async function find() {
    const subscription = await current().catch(() => null);
    if (!subscription) return;
    const { result } = await request("POST", "/devices/seen", { endpoint: subscription.endpoint });
    here.value = result?.id ?? null;
  }

  async function attempt(act) {
    busy.value = true;
    try {
      await act();
    } catch (error) {
      say({ text: error.message, bad: true });
    } finally {
      busy.value = false;
    }
  }

  const on = () => attempt(async () => {
    const subscription = await subscribe({ publicKey: push().public_key, worker: push().worker });
    const { id, result } = await request("POST", "/devices", { ...subscription.toJSON(), installed: isInstalled() });
    here.value = id;
    await reload();
    say({ text: `${result.name} now receives notifications` });
  });

  const remove = (device) => attempt(async () => {
    await request("DELETE", `/devices/${device.id}`);
    if (device.id === here.peek()) {
      await unsubscribe();
      here.value = null;
    }
    await reload();
    say({ text: `${device.name} removed` });
  });

  return { here, busy, find, on, remove, why: () => obstacle({ publicKey: push().public_key }) };
}

export function Devices({ page }) {
  const { devices } = page.store.state.value;
  const { here, busy, on, remove, why } = page.devices;
  const reason = why();
  const onHere = devices.some((device) => device.id === here.value);
  return html`<section class="fd-panel" aria-labelledby="set-devices">
    <div class="fd-panel-head">
      <h3 id="set-devices">Browser and mobile</h3>
      ${!onHere && html`<button class="fd-btn fd-btn--sm fd-end" type="button" disabled=${Boolean(reason) || busy.value} onClick=${on}><${Icon} name="plus" />This device</button>`}
    </div>
    ${reason && !onHere && html`<p class="fd-hint fd-set-note">${reason}</p>`}
    ${devices.map((device) => html`<div key=${device.id} class="fd-line">
      <${Icon} name=${device.kind === "mobile" ? "mobile" : "screen"} />
      <div class="fd-grow">
        <div class="t-cut">${device.name}</div>
        <div class="t-3 t-12">${device.kind === "mobile" ? "Mobile" : "Browser"} · ${device.id === here.value ? "this device" : `used ${ago(device.last_used_at)}`}</div>
      </div>
      <button class="fd-icon-btn fd-icon-btn--sm" type="button" aria-label=${`Remove ${device.name}`} disabled=${busy.value} onClick=${() => remove(device)}><${Icon} name="trash" /></button>
    </div>`)}
    ${devices.length === 0 && html`<p class="fd-hint fd-set-note">Open tabs show popups anyway. A device switched on here is told also when no tab is open; on a phone, install Frontdesk from the browser's menu.</p>`}
    <div class="fd-line">
      <${Icon} name="bell" />
      <div class="fd-grow"><div>Sound</div><div class="t-3 t-12">Never for what you did yourself</div></div>
      <button class="fd-btn fd-btn--sm fd-btn--quiet" type="button" onClick=${page.sound.preview}>Listen</button>
      <label class="fd-switch"><input type="checkbox" role="switch" aria-label="Sound" checked=${page.sound.on.value} onChange=${page.sound.toggle} /></label>
    </div>
  </section>`;
}
