// What the page tells about its popups and items, so that no device shows the same twice: a popup that was seen needs no
// push to browsers, and what was read here closes what the system still shows.

/** `api.shown(ids)` tells the server; `visible()` whether anybody can have seen the popup. */
export function createPushed({ api, visible, worker = () => navigator.serviceWorker?.controller }) {
  return {
    shown(item) {
      if (visible() && String(item.id).startsWith("n:")) api.shown([item.id]).catch(() => {});
    },
    changed(item) {
      if (!item.unread) worker()?.postMessage({ type: "read", items: [item.id] });
    },
  };
}
