// Within *Clients*: mine, nobody's, all that are open.
import { html } from "htm/preact";

const FILTERS = [["", "All"], ["mine", "Mine"], ["unassigned", "Unassigned"], ["open", "All open"]];

export function ClientFilters({ center }) {
  const { store, loader, boot } = center;
  const { tab, sub } = store.view.value;
  if (tab !== "clients" || boot.user.free) return null;
  return html`<div class="fd-client-filters"><div class="fd-seg" role="group" aria-label="Which clients">${FILTERS.map(([key, name]) =>
    html`<button type="button" key=${key} aria-pressed=${String((sub ?? "") === key)} onClick=${() => loader.show({ sub: key })}>${name}</button>`)}</div></div>`;
}
