// What the page tells about its popups and items, so that no device shows the same twice: a popup that was seen needs no
// push to browsers, and what was read here closes what the system still shows.

/** `api.shown(ids)` tells the server; `visible()` whether anybody can have seen the popup. */
export function createPushed({ api, visible, worker = () => navigator.serviceWorker?.controller }) {
  return {
    shown(items) {
      const ids = items.map(({ id }) => id).filter((id) => id.startsWith("n:"));
      if (visible() && ids.length) api.shown(ids).catch(() => {});
    },
    changed(item) {
      if (!item.unread) worker()?.postMessage({ type: "read", items: [item.id] });
    },
  };
}
