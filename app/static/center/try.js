// "Try it" of the demo: buttons that let something happen, each through the entry point that it would come by.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { Icon } from "./icon.js";

const KEPT = "fd-try-hidden";
const ICONS = { lead: "target", call: "phone-in", payment: "card", colleague: "chat", digest: "mail" };
const SHOP_SIZE = "popup,width=440,height=760";

/** `folded`: shows only the button that opens it, until it is pressed. */
export function TryIt({ center, folded = false }) {
  const { demo } = center.boot;
  const [hidden, setHidden] = useState(folded || localStorage.getItem(KEPT) === "1");
  const [busy, setBusy] = useState(null);
  if (!demo) return null;

  const show = (shown) => {
    setHidden(!shown);
    if (!folded) localStorage.setItem(KEPT, shown ? "0" : "1");
  };
  async function happen(name) {
    if (busy) return;
    setBusy(name);
    try {
      const { said } = await center.api.request("POST", `/demo/try/${name}`, undefined, "");
      center.say({ text: said });
    } catch (error) {
      center.say({ text: error.message, bad: true });
    } finally {
      setBusy(null);
    }
  }

  if (hidden) return html`<button type="button" class="fd-btn fd-btn--sm fd-try-again" onClick=${() => show(true)}><${Icon} name="bolt" />Try it</button>`;
  return html`<section class="fd-try" aria-labelledby=${`fd-try${folded}`}>
    <div class="fd-try-head"><h2 id=${`fd-try${folded}`}>Try it</h2><button type="button" class="fd-icon-btn fd-icon-btn--sm" aria-label="Hide" title="Hide" onClick=${() => show(false)}><${Icon} name="x" /></button></div>
    <p>Let something happen and watch it arrive. Each button uses the same way in as the real thing.</p>
    <div class="fd-try-list">
      <a class="fd-btn" href=${demo.shop} target="frontdesk-shop" onClick=${beside}><${Icon} name="globe" />A client writes</a>
      ${demo.tries.map(({ name, label }) => html`<button type="button" class="fd-btn" key=${name} aria-disabled=${busy !== null} aria-busy=${busy === name} onClick=${() => happen(name)}><${Icon} name=${ICONS[name] ?? "bolt"} />${label}</button>`)}
    </div>
  </section>`;
}

/** The shop in a small window beside this one; where windows are not allowed, the link opens a tab. */
function beside(event) {
  const { href } = event.currentTarget;
  if (window.open(href, "frontdesk-shop", SHOP_SIZE)) event.preventDefault();
}
