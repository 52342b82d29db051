// The center as a full page: the feed, and beside it the item that is open.
import { html } from "htm/preact";
import { useLayoutEffect } from "preact/hooks";
import { Detail } from "./detail.js";
import { FeedColumn } from "./head.js";
import { Icon } from "./icon.js";
import { pushLayer } from "./layers.js";

export function Page({ center }) {
  const { store } = center;
  const item = store.item(store.opened.value);
  useLayoutEffect(() => (item ? pushLayer(center.closeDetail) : undefined), [Boolean(item)]);
  return html`<div class=${item ? "fd-two" : "fd-two show-feed"}>
    <${FeedColumn} center=${center} />
    ${item ? html`<${Detail} center=${center} item=${item} onClose=${center.closeDetail} />` : html`<${NothingOpen} />`}
  </div>`;
}

function NothingOpen() {
  return html`<section class="fd-col fd-nothing" aria-label="Item">
    <div class="fd-empty"><${Icon} name="inbox" /><b>Choose an item</b><span>Its text, what can be done with it and why you got it are shown here.</span>
      <div class="fd-keys"><span><span class="kbd">J</span> <span class="kbd">K</span> next, previous</span><span><span class="kbd">Enter</span> open</span>
        <span><span class="kbd">R</span> read</span><span><span class="kbd">E</span> archive</span><span><span class="kbd">F</span> find</span></div></div>
  </section>`;
}

/** The item that the address names may be older than the rows that are fetched first. */
export async function reveal(center, id) {
  const { store, api, actions, say } = center;
  if (!id) return;
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
  const fromAddress = () => new URLSearchParams(location.search).get("item");
  const show = () => {
    center.store.opened.value = fromAddress();
    reveal(center, fromAddress());
  };
  center.store.opened.value = fromAddress();
  window.addEventListener("popstate", show);
  center.store.opened.subscribe((id) => {
    if (id === fromAddress()) return;
    const url = new URL(location.href);
    if (id) url.searchParams.set("item", id);
    else url.searchParams.delete("item");
    const deeper = id && !fromAddress();
    history[deeper ? "pushState" : "replaceState"](null, "", url);
  });
}
