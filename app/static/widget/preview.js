// The admin's form shows the widget beside it: what is typed there is drawn here, nothing is connected. Language and
// hours come with the page itself: the form asks for it anew.

const SHOWN = ["name", "colour", "greeting", "offline_text"];

export function followPreview({ boot, store, paint, draw }) {
  addEventListener("message", (event) => {
    if (event.origin !== location.origin || event.data?.type !== "frontdesk:preview") return;
    for (const name of SHOWN) if (Object.hasOwn(event.data, name)) boot[name] = event.data[name];
    store.set({ offlineText: boot.offline_text, open: true });
    paint();
    draw();
  });
  parent.postMessage({ type: "frontdesk:preview-ready" }, location.origin);
}
