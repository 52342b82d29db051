// This browser's own subscription. Permission is asked for only after somebody switched it on.

/** Why pushes cannot be switched on here, as a sentence with what to do; null when they can. */
export function obstacle({ publicKey }) {
  if (!publicKey) return "Web Push is not set up here: ask your admin for a VAPID key.";
  if (!globalThis.isSecureContext) return "Browsers allow this over HTTPS only. Open Frontdesk by an https:// address, or ask your admin for one.";
  if (!("serviceWorker" in navigator) || !("PushManager" in globalThis)) {
    return /iPhone|iPad/.test(navigator.userAgent)
      ? "On iPhone and iPad: add Frontdesk to the home screen first (Share, then Add to Home Screen), and open it from there."
      : "This browser cannot receive pushes.";
  }
  if (Notification.permission === "denied") return "Notifications are blocked for this site. Allow them in the address bar's site settings, then try again.";
  return null;
}

export const isInstalled = () => matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;

export async function current() {
  const registration = await navigator.serviceWorker?.getRegistration("/");
  return (await registration?.pushManager?.getSubscription()) ?? null;
}

/** Switch on: ask, register, subscribe. Throws an Error with a sentence. */
export async function subscribe({ publicKey, worker }) {
  if ((await Notification.requestPermission()) !== "granted") throw new Error("Notifications were not allowed.");
  await navigator.serviceWorker.register(worker, { scope: "/" });
  const registration = await navigator.serviceWorker.ready;
  const key = bytes(publicKey);
  const old = await registration.pushManager.getSubscription();
  if (old && !same(old.options.applicationServerKey, key)) await old.unsubscribe();
  try {
    return await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  } catch (error) {
    throw new Error(`The browser's push service refused: ${error.message}`);
  }
}

export async function unsubscribe() {
  await (await current())?.unsubscribe();
}

export function bytes(text) {
  const padded = text.replaceAll("-", "+").replaceAll("_", "/").padEnd(Math.ceil(text.length / 4) * 4, "=");
  return Uint8Array.from(atob(padded), (char) => char.charCodeAt(0));
}

function same(buffer, key) {
  const known = new Uint8Array(buffer ?? new ArrayBuffer(0));
  return known.length === key.length && known.every((byte, at) => byte === key[at]);
}
