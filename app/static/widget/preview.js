// The admin's form shows the widget beside it: what is typed there is drawn here, nothing is connected.

const SHOWN = ["name", "colour", "greeting", "online", "offline_text"];

export function followPreview({ boot, store, paint, draw }) {
  addEventListener("message", (event) => {
    if (event.origin !== location.origin || event.data?.type !== "frontdesk:preview") return;
    for (const name of SHOWN) if (Object.hasOwn(event.data, name)) boot[name] = event.data[name];
    store.set({ online: boot.online, offlineText: boot.offline_text, open: true });
    paint();
    draw();
  });
}
