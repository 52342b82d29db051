// Telegram: + gives a one-time link; the page notices by itself when it was used.
import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { Icon } from "../center/icon.js";

const LOOK_EVERY_MS = 3_000;

export function createTelegram({ store, request, say }) {
  const code = signal(null); // {url, expires_at} while it can be used
  let timer = null;

  async function link() {
    try {
      code.value = await request("POST", "/telegram", {});
      wait();
    } catch (error) {
      say({ text: error.message, bad: true });
    }
  }

  function wait() {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      if (!code.peek() || Date.parse(code.peek().expires_at) < Date.now()) return (code.value = null);
      const fresh = document.hidden ? null : await store.refresh();
      if (!fresh?.telegram.link) return wait();
      code.value = null;
      return say({ text: "Telegram is linked" });
    }, LOOK_EVERY_MS);
  }

  async function unlink() {
    try {
      await request("DELETE", "/telegram");
      await store.refresh();
      say({ text: "Telegram is no longer linked" });
    } catch (error) {
      say({ text: error.message, bad: true });
    }
  }

  return { code, link, unlink };
}

export function Telegram({ page }) {
  const { available, link } = page.store.state.value.telegram;
  const { code } = page.telegram;
  return html`<section class="fd-panel" aria-labelledby="set-telegram">
    <div class="fd-panel-body fd-set-telegram">
      ${!link && html`<button class="fd-btn fd-set-plus" type="button" aria-label="Connect Telegram" disabled=${!available} onClick=${page.telegram.link}><${Icon} name="plus" /></button>`}
      <h3 id="set-telegram">Receive notifications via Telegram</h3>
      ${!available && html`<p class="t-2">There is no bot yet: ask your admin to set one up.</p>`}
      ${available && !link && !code.value && html`<p class="t-2">Opens the bot with a one-time link, good for 10 minutes. Answering a chat notice there answers in the chat.</p>`}
      ${!link && code.value && html`<div class="fd-row fd-wrap">
        <a class="fd-btn fd-btn--primary" href=${code.value.url} target="_blank" rel="noopener">Open the bot</a>
        <span class="t-3 t-12 fd-set-about">Then press Start. Works once, for 10 minutes.</span>
      </div>`}
      ${link && html`<div class="fd-row fd-wrap"><span class="fd-chip fd-chip--ok"><${Icon} name="check" />Linked${link.name ? ` with ${link.name}` : ""}</span>
        <button class="fd-btn fd-btn--sm" type="button" onClick=${page.telegram.unlink}>Unlink</button></div>`}
    </div>
  </section>`;
}
