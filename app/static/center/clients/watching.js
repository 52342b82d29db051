// Tells the server while the list of clients is on the screen: only then it hears who is answering whom.
import { effect } from "@preact/signals";

export function startWatching(center) {
  const { boot, store } = center;
  let told = false;

  const tell = (on) => {
    if (on === told) return;
    told = on;
    center.chatUi.chats.calls.watchClients(on);
  };
  const look = (tab, open) => tell(!boot.user.free && tab === "clients" && open && !document.hidden);
  const again = () => look(store.view.peek().tab, center.shown());

  effect(() => look(store.view.value.tab, center.panelOpen.value || center.onPage));
  document.addEventListener("visibilitychange", again);
  /** A new connection knows nothing of what the last one was told. */
  return () => {
    told = false;
    again();
  };
}
