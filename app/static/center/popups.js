// Which popups stand at the right of the screen. Knows no DOM; the view tells when one's time is over.
import { computed, signal } from "@preact/signals";

/**
 * `seen`: {has(key), add(key)} shared by all tabs of this browser. `looking(id)` tells whether the item is being looked at
 * here, `visible()` whether this tab is, `limit()` how many fit, `onShow(items)` that these have begun to stand,
 * `onMissed()` that something came while the tab was hidden,
 * `busy()` whether the person is on the phone: what comes meanwhile is counted, and shown as one line after it.
 */
export function createPopups({ store, seen, looking, visible, limit = () => 3, busy = () => false, onShow = () => {}, onMissed = () => {} }) {
  const list = signal([]); // ids, newest first
  const hidden = signal(0);
  const during = signal(0); // arrived while the person was on the phone
  const waiting = new Map(); // id → its newest state that arrived while this tab was hidden

  const shown = computed(() => list.value.map((id) => store.item(id)).filter((item) => item && item.unread && !item.archived && !item.remind_at));
  const more = computed(() => (shown.value.length ? hidden.value : 0));
  const keyOf = (item) => `${item.id}@${item.at}`;

  /** A new item with the word of the server that it pops up. A hidden tab keeps it until somebody looks. */
  function offer(item) {
    if (!item.unread || looking(item.id)) return;
    if (busy()) during.value += 1;
    else if (visible()) show([item]);
    else {
      waiting.delete(item.id); // the newest goes last
      waiting.set(item.id, item);
    }
  }

  /** Several at once are one sound, however many they are. */
  function show(items) {
    const fresh = items.filter((item) => !(list.peek().includes(item.id) && seen.has(keyOf(item))));
    for (const item of fresh) put(item);
    const standing = fresh.filter(({ id }) => list.peek().includes(id));
    if (standing.length) onShow(standing);
  }

  function put(item) {
    seen.add(keyOf(item));
    const alive = new Set(shown.peek().map(({ id }) => id));
    if (!alive.size) hidden.value = 0;
    const ids = [item.id, ...list.peek().filter((id) => id !== item.id && alive.has(id))];
    hidden.value += Math.max(0, ids.length - limit());
    list.value = ids.slice(0, limit());
  }

  /** The tab is looked at again: what came meanwhile and is neither read nor was shown in another tab. */
  function wake() {
    const missed = [...waiting.values()].filter((item) => !seen.has(keyOf(item)) && store.item(item.id)?.unread && !looking(item.id));
    waiting.clear();
    if (busy()) during.value += missed.length;
    else show(missed);
    if (missed.length) onMissed();
  }

  function dismiss(id) {
    list.value = list.peek().filter((one) => one !== id);
  }

  function clear() {
    list.value = [];
    hidden.value = 0;
    during.value = 0;
  }

  return { shown, more, during, offer, wake, dismiss, clear };
}

/** The keys of shown popups in the browser's storage, the newest 200; without storage, this tab's alone. */
export function createSeen(storage, name = "fd-popups-seen") {
  let own = [];
  const load = () => {
    try {
      return JSON.parse(storage.getItem(name)) ?? own;
    } catch {
      return own;
    }
  };
  return {
    has: (key) => load().includes(key),
    add(key) {
      own = [...load().filter((one) => one !== key), key].slice(-200);
      try {
        storage.setItem(name, JSON.stringify(own));
      } catch {
        // private mode or full: this tab still remembers
      }
    },
  };
}
