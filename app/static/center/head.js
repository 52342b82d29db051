// The head of the feed column: what it is, who waits, and its few settings.
import { html } from "htm/preact";
import { Banner } from "./banner.js";
import { ClientFilters } from "./clients/filters.js";
import { Feed } from "./feed.js";
import { Find } from "./find.js";
import { Icon } from "./icon.js";
import { Menu } from "./menu.js";
import { Tabs } from "./tabs.js";
import { lasting } from "./time.js";
import { TryIt } from "./try.js";

/** The whole feed column, the same in the panel and on the page. `children` are the head's own buttons. */
export function FeedColumn({ center, children }) {
  return html`<section class="fd-col" aria-label="Feed">
    <div class="fd-col-head">
      <div class="fd-grow"><h2 id="fd-center-title">Center</h2><${Waiting} center=${center} /></div>
      ${center.chatUi.mayStart && html`<button type="button" class="fd-icon-btn fd-icon-btn--sm" aria-label="New chat" title="New chat" onClick=${center.chatUi.newChat}><${Icon} name="plus" /></button>`}
      <${Settings} center=${center} />${children}
    </div>
    <${Banner} center=${center} />
    ${center.onPage && html`<div class="fd-try-phone only-phone"><${TryIt} center=${center} folded /></div>`}
    <${Find} center=${center} />
    <${Tabs} center=${center} />
    <${ClientFilters} center=${center} />
    <${Feed} center=${center} />
  </section>`;
}

function Waiting({ center }) {
  const { waiting, longest_waiting_at: since } = center.store.counters.value;
  if (!waiting) return null;
  const words = `${waiting} waiting${since ? `, longest ${lasting(since, center.now.value)}` : ""}`;
  if (center.boot.user.free) return html`<span class="fd-waiting"><${Icon} name="clock" />${words}</span>`;
  const show = () => center.loader.show({ tab: "clients", sub: "open" });
  return html`<button type="button" class="fd-waiting" title="Show all open talks" onClick=${show}><${Icon} name="clock" />${words}</button>`;
}

function Settings({ center }) {
  const { store, actions, sound, boot } = center;
  const items = [
    { label: "Mark all read", icon: "check2", onPick: actions.readAll },
    null,
    { label: "Show unread first", checked: store.view.value.unreadFirst, onPick: () => actions.setUnreadFirst(!store.view.peek().unreadFirst) },
    { label: "Sound for new items", checked: sound.on.value, onPick: () => sound.toggle() },
    ...(boot.urls.settings ? [null, { label: "Notification settings", icon: "sliders", href: boot.urls.settings }] : []),
  ];
  return html`<${Menu} label="Center settings" title="Center settings" items=${items}><${Icon} name="sliders" /><//>`;
}
