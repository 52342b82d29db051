// System notifications for hidden tabs: offered once in a browser, after the first item that came while nobody looked. The
// browser's own question comes only when somebody wants them.
import { current, isInstalled, obstacle, subscribe } from "../settings/push.js";

const OFFERED = "fd-push-offered";

/** Answers the function that offers them, if they can be switched on here and were never offered. */
export function createOffer({ api, say, storage, permission = () => globalThis.Notification?.permission }) {
  function isFirst() {
    try {
      if (storage.getItem(OFFERED)) return false;
      storage.setItem(OFFERED, "1");
      return true;
    } catch {
      return false; // what cannot be remembered would be offered again and again
    }
  }

  async function switchOn({ public_key: publicKey, worker }) {
    try {
      const subscription = await subscribe({ publicKey, worker });
      const { result } = await api.request("POST", "/me/devices", { ...subscription.toJSON(), installed: isInstalled() });
      say({ text: `${result.name} now receives notifications` });
    } catch (error) {
      say({ text: error.message, bad: true });
    }
  }

  return async function offer() {
    if (permission() !== "default" || !isFirst()) return;
    const settings = await api.request("GET", "/me/notification-settings").catch(() => null);
    if (!settings || obstacle({ publicKey: settings.push.public_key }) || (await current().catch(() => null))) return;
    say({ text: "Something came while this tab was hidden. Be told by the system, too?", action: "Switch on", onAction: () => switchOn(settings.push) });
  };
}
