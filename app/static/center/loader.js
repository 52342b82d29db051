// Fetches the feed's pages into the store. An answer that comes after the view has moved on is thrown away.

const PAGE = 50;
const PAGE_MAX = 100;

export function createLoader({ store, api }) {
  let latest = 0;

  async function fetchPage({ cursor, limit = PAGE }) {
    const { tab, sub, q, unreadFirst } = store.view.peek();
    return api.feed({ tab: tab === "clients" && sub ? `clients_${sub}` : tab, q, unreadFirst, cursor, limit });
  }

  /** First page of the current view, with the skeleton where nothing is shown yet. */
  async function load() {
    const mine = ++latest;
    store.expectPage();
    store.loading.value = { state: "loading", error: null, more: "idle" };
    try {
      const page = await fetchPage({});
      if (mine === latest) store.addPage(page, { first: true });
    } catch (error) {
      if (mine === latest) store.loading.value = { state: "error", error, more: "idle" };
    }
  }

  /** The same rows anew, without moving what the user looks at. Errors stay silent: what is shown is still right. */
  async function refresh() {
    if (store.loading.peek().state !== "ready") return store.loading.peek().state === "loading" ? undefined : load();
    const mine = ++latest;
    store.expectPage();
    try {
      const page = await fetchPage({ limit: Math.min(PAGE_MAX, Math.max(PAGE, store.listed.peek().ids.size)) });
      if (mine === latest) store.addPage(page, { first: true, keepPlaces: true });
    } catch {
      // the connection's banner tells; the next sync brings it. The next page, whose answer this call has thrown away,
      // may be asked for again.
      if (mine === latest && store.loading.peek().more === "loading") store.loading.value = { state: "ready", error: null, more: "idle" };
    }
    return undefined;
  }

  async function more() {
    const { nextCursor } = store.listed.peek();
    const { state, more: busy } = store.loading.peek();
    if (!nextCursor || state !== "ready" || busy === "loading") return;
    const mine = ++latest;
    store.loading.value = { state, error: null, more: "loading" };
    try {
      const page = await fetchPage({ cursor: nextCursor });
      if (mine === latest) store.addPage(page, { first: false });
    } catch (error) {
      if (mine === latest) store.loading.value = { state: "ready", error, more: "error" };
    }
  }

  /** Another tab, other words, another order: the old rows leave, the new ones come. */
  function show(part) {
    store.view.value = { ...store.view.peek(), ...part };
    store.listed.value = { ids: new Set(), last: null, nextCursor: null };
    return load();
  }

  return { load, refresh, more, show };
}
