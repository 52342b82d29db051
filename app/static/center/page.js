// The center as a full page: the feed, and beside it the item that is open.
import { html } from "htm/preact";
import { useLayoutEffect } from "preact/hooks";
import { ChatColumn } from "./chat/chat.js";
import { chatOf } from "./chat/chats.js";
import { Detail } from "./detail.js";
import { FeedColumn } from "./head.js";
import { Icon } from "./icon.js";
import { pushLayer } from "./layers.js";
import { TryIt } from "./try.js";

export function Page({ center }) {
  const { store } = center;
  const chatId = chatOf(store.opened.value);
  const item = chatId ? null : store.item(store.opened.value);
  const open = Boolean(chatId || item);
  useLayoutEffect(() => (open ? pushLayer(center.closeDetail) : undefined), [open]);
  const classes = ["fd-two", !open && "show-feed", chatId && center.chatUi.details.value && "has-details"].filter(Boolean).join(" ");
  return html`<div class=${classes}>
    <${FeedColumn} center=${center} />
    ${chatId ? html`<${ChatColumn} key=${chatId} center=${center} chatId=${chatId} onClose=${center.closeDetail} />` : item ? html`<${Detail} center=${center} item=${item} onClose=${center.closeDetail} />` : html`<${NothingOpen} center=${center} />`}
  </div>`;
}

function NothingOpen({ center }) {
  return html`<section class="fd-col fd-nothing" aria-label="Item">
    <${TryIt} center=${center} />
    <div class="fd-empty"><${Icon} name="inbox" /><b>Choose an item</b><span>Its text, what can be done with it and why you got it are shown here.</span>
      <div class="fd-keys"><span><span class="kbd">J</span> <span class="kbd">K</span> next, previous</span><span><span class="kbd">Enter</span> open</span>
        <span><span class="kbd">R</span> read</span><span><span class="kbd">E</span> archive</span><span><span class="kbd">F</span> find</span></div></div>
  </section>`;
}

/** The item that the address names may be older than the rows that are fetched first. */
export async function reveal(center, id) {
  const { store, api, actions, say } = center;
  if (!id || chatOf(id)) return;
  try {
    if (!store.item(id)) store.merge((await api.trace(id)).item);
    await actions.read(id);
  } catch (error) {
    if (store.opened.peek() === id) store.opened.value = null;
    say({ text: error.status === 404 ? "This item is no longer in your center." : `The item could not be opened: ${error.message}`, bad: true });
  }
}

/** The open item in the address, so that it can be reloaded, shared with oneself, and left with "back". */
export function followAddress(center) {
  const fromAddress = () => named(location.search);
  const show = () => {
    center.store.opened.value = addressed(center);
    reveal(center, fromAddress());
  };
  center.store.opened.value = addressed(center);
  window.addEventListener("popstate", show);
  const begun = center.store.view.peek().tab;
  center.store.view.subscribe(({ tab }) => {
    const url = new URL(location.href);
    if (tab === begun || !url.searchParams.has("tab")) return;
    url.searchParams.delete("tab"); // it named where to begin
    history.replaceState(history.state, "", url);
  });
  center.store.opened.subscribe((id) => {
    if (id === fromAddress()) return;
    const url = new URL(location.href);
    for (const name of ["item", "chat", "seq"]) url.searchParams.delete(name);
    if (chatOf(id)) url.searchParams.set("chat", chatOf(id));
    else if (id) url.searchParams.set("item", id);
    const deeper = id && !fromAddress();
    history[deeper ? "pushState" : "replaceState"](null, "", url);
  });
}

const named = (search) => {
  const params = new URLSearchParams(search);
  const chat = Number(params.get("chat"));
  return Number.isInteger(chat) && chat > 0 ? `c:${chat}` : params.get("item");
};

/** Which item the address names; of a chat's message, the place in the chat is kept for when the chat is shown. */
function addressed(center) {
  const id = named(location.search);
  if (chatOf(id)) center.chatUi.aim(chatOf(id), Number(new URLSearchParams(location.search).get("seq")) || null);
  return id;
}

/** The chat (and message) that a link of ours leads to: {chatId, seq}, else null. */
export function chatAddress(url, centerUrl) {
  if (!url) return null;
  const target = new URL(url, location.href);
  if (target.origin !== location.origin || target.pathname.replace(/\/$/, "") !== new URL(centerUrl, location.href).pathname.replace(/\/$/, "")) return null;
  const chatId = chatOf(named(target.search));
  return chatId ? { chatId, seq: Number(target.searchParams.get("seq")) || null } : null;
}
