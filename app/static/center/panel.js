// The center as a panel over the page. Not modal: the page beside it stays usable.
import { html } from "htm/preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { leave, onBack } from "./back.js";
import { ChatColumn } from "./chat/chat.js";
import { chatOf } from "./chat/chats.js";
import { Detail } from "./detail.js";
import { FeedColumn } from "./head.js";
import { Icon } from "./icon.js";
import { pushLayer } from "./layers.js";

export function Panel({ center }) {
  return center.panelOpen.value ? html`<${OpenPanel} center=${center} />` : null;
}

function OpenPanel({ center }) {
  const { store, boot } = center;
  const root = useRef(null);
  const chatId = chatOf(store.opened.value);
  const item = chatId ? null : store.item(store.opened.value);
  const open = Boolean(chatId || item);

  useLayoutEffect(() => {
    const unlayer = pushLayer(center.closePanel);
    const unback = onBack(center.closePanel);
    document.body.classList.add("has-center");
    if (!center.findFirst) root.current.focus();
    return () => {
      unlayer();
      unback();
      document.body.classList.remove("has-center");
    };
  }, []);
  useLayoutEffect(() => {
    if (!open) return undefined;
    const unlayer = pushLayer(center.closeDetail);
    const unback = onBack(center.closeDetail);
    return () => {
      unlayer();
      unback();
    };
  }, [open]);

  const classes = ["fd-center", open ? "show-chat" : "fd-center--feed"].join(" ");
  return html`<div class=${classes} id="fd-center" role="dialog" aria-labelledby="fd-center-title" tabindex="-1" ref=${root} onClick=${leave}>
    <${FeedColumn} center=${center}>
      <a class="fd-icon-btn fd-icon-btn--sm no-phone" href=${boot.urls.center} aria-label="Open full page" title="Open full page"><${Icon} name="open" /></a>
      <button type="button" class="fd-icon-btn fd-icon-btn--sm" aria-label="Close" title="Close (Esc)" onClick=${center.closePanel}><${Icon} name="x" /></button>
    <//>
    ${chatId && html`<${ChatColumn} key=${chatId} center=${center} chatId=${chatId} onClose=${center.closeDetail} />`}
    ${item && html`<${Detail} center=${center} item=${item} onClose=${center.closeDetail} />`}
  </div>`;
}
