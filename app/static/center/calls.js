// What rings for this person and whom the person talks to. Knows no DOM. The count in the counters tells when to look.
import { computed, signal } from "@preact/signals";

/** `load()` answers {ringing: items, talking: calls}; `onRing()` is called for each call that begins to ring. */
export function createCalls({ load, onRing = () => {} }) {
  const list = signal([]); // items, the newest first
  const talking = signal([]);
  let asked = false;
  let again = false; // something changed while the answer was on its way

  const ringing = computed(() => list.value.filter((item) => item.unread && item.event === "call:ringing"));
  const busy = computed(() => talking.value.length > 0);

  /** An item with the server's word that it pops up. Returns whether it has a slot here, and no popup. */
  function onItem(item, popup) {
    const known = list.peek().some((one) => one.id === item.id);
    if (item.event !== "call:ringing" || !item.unread) {
      if (known) list.value = list.peek().filter((one) => one.id !== item.id);
      return false;
    }
    if (!known && !popup) return false;
    const before = list.peek().find((one) => one.id === item.id);
    if (before?.at !== item.at) onRing(item);
    list.value = [item, ...list.peek().filter((one) => one.id !== item.id)];
    return true;
  }

  /** The counters were pushed or fetched: what they count is fetched when it is not what is shown. */
  function onCounters(counters) {
    if (asked) again = true;
    else if ((counters.calls ?? 0) !== ringing.peek().length + talking.peek().length) refresh();
  }

  async function refresh() {
    asked = true;
    again = false;
    try {
      const now = await load();
      for (const item of now.ringing) if (!list.peek().some((one) => one.id === item.id)) onRing(item);
      list.value = now.ringing;
      talking.value = now.talking;
    } catch {
      // the next counters bring it
    } finally {
      asked = false;
    }
    if (again) refresh();
  }

  return { ringing, talking, busy, onItem, onCounters };
}

/** How long something has lasted: "0:14", "1:02:05". */
export function lasted(since, now) {
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
