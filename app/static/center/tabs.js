// The feed's tabs, by the ARIA tabs pattern: arrows move and choose.
import { html } from "htm/preact";

const NAMES = { all: "All", chats: "Chats", clients: "Clients", tasks: "Tasks", leads: "Leads & calls", system: "System", team: "Team" };

export function Tabs({ center }) {
  const { store, loader, boot } = center;
  const selected = store.view.value.tab;
  const counts = store.counters.value.tabs ?? {};
  // a free user has clients from the moment on that somebody lets them answer one
  const tabs = counts.clients && !boot.tabs.includes("clients") ? [...boot.tabs, "clients"] : boot.tabs;
  const choose = (tab) => tab !== selected && loader.show({ tab, sub: "" });

  const walk = (event) => {
    const to = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!to && event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    const at = event.key === "Home" ? 0 : event.key === "End" ? tabs.length - 1 : (tabs.indexOf(selected) + to + tabs.length) % tabs.length;
    choose(tabs[at]);
    event.currentTarget.children[at].focus();
  };

  return html`<div class="fd-tabs" role="tablist" aria-label="Kinds of news" onKeyDown=${walk}>
    ${tabs.map((tab) => {
      const unread = tab === "all" || tab === "team" ? 0 : (counts[tab] ?? 0);
      const name = NAMES[tab] ?? tab;
      return html`<button type="button" role="tab" key=${tab} id=${`fd-tab-${tab}`} class=${unread ? "has-new" : ""} aria-selected=${String(tab === selected)}
        aria-controls="fd-feed" tabindex=${tab === selected ? "0" : "-1"} aria-label=${unread ? `${name}, ${unread} unread` : undefined}
        onClick=${() => choose(tab)}>${name}</button>`;
    })}
  </div>`;
}
