// The service worker: shows pushes when no tab does, opens what they are about, closes what was read elsewhere, and
// answers with a page of its own when there is no network. Classic script, no imports: browsers keep it as one file.
const OFFLINE = "/offline";
const CACHE = "frontdesk-offline-1";

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.add(new Request(OFFLINE, { cache: "reload" })))
      .catch(() => {}) // no network right now: pushes work all the same
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name.startsWith("frontdesk-") && name !== CACHE) await caches.delete(name);
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("fetch", (event) => {
  if (event.request.mode !== "navigate" || event.request.method !== "GET") return;
  event.respondWith(fetch(event.request).catch(async () => (await caches.match(OFFLINE)) ?? Response.error()));
});

self.addEventListener("push", (event) => {
  const news = read(event.data);
  event.waitUntil(news.type === "read" ? close(new Set(news.items), news.at) : show(news));
});

function read(data) {
  try {
    return data.json();
  } catch {
    return { title: "Frontdesk", body: data ? data.text() : "", url: "/center" };
  }
}

async function show(news) {
  // A tab that is looked at shows the popup itself.
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (pages.some((page) => page.visibilityState === "visible" && page.focused) && news.tag !== "test") return;
  await self.registration.showNotification(news.title || "Frontdesk", {
    body: news.body || "",
    tag: news.tag || undefined,
    renotify: Boolean(news.tag),
    requireInteraction: Boolean(news.urgent),
    icon: "/assets/now/icons/icon-192.png",
    badge: "/assets/now/icons/badge-96.png",
    data: { url: news.url || "/center", item: news.item || "", at: news.at || 0 },
  });
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.url || "/center"));
});

async function open(address) {
  const url = new URL(address, self.location.origin);
  if (url.origin !== self.location.origin) return self.clients.openWindow("/center");
  // only a page of the center is led elsewhere: another one may hold what somebody has half written
  const pages = (await self.clients.matchAll({ type: "window" })).filter((one) => /^\/center\/?$/.test(new URL(one.url).pathname));
  const page = pages.find((one) => one.focused) ?? pages[0];
  if (!page) return self.clients.openWindow(url.href);
  await page.focus();
  return page.navigate(url.href).catch(() => self.clients.openWindow(url.href));
}

// Read elsewhere: an open page hears of it by its socket and says so here; where none is open, a push does.
self.addEventListener("message", (event) => {
  if (event.data?.type === "read") event.waitUntil(close(new Set(event.data.items)));
});

/** What left after `until` is about something newer than what was read. */
async function close(items, until = Infinity) {
  for (const shown of await self.registration.getNotifications()) {
    if (items.has(shown.data?.item) && (shown.data.at ?? 0) <= until) shown.close();
  }
}

// The browser has renewed the subscription by itself; the old endpoint proves that it is the same device.
self.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil(
    (async () => {
      const old = event.oldSubscription;
      if (!old) return;
      const fresh = event.newSubscription ?? (await self.registration.pushManager.subscribe(old.options));
      await fetch("/push/renew", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ old_endpoint: old.endpoint, subscription: fresh.toJSON() }),
      });
    })(),
  );
});
