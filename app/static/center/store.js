// What the center knows: items, the shown part of the feed, counters. Knows no DOM and no network.
//
// Truth comes from the server and is merged by id, the newest changed_at wins. What the user has just done lies over it
// as a change that is later kept (the server agreed) or dropped (it refused), so that nothing has to be undone by hand.
import { batch, computed, signal } from "@preact/signals";
import { arrange, belongs, ownBlock, withinFetched } from "./order.js";

export function createStore({ counters, tab = "all", unreadFirst = true, me = null, clock = Date.now }) {
  const truth = new Map(); // id → item as the server last said
  const changes = new Map(); // token → {ids, fields, delta}
  const version = signal(0); // moves whenever truth or changes do
  const serverCounters = signal(counters);
  const view = signal({ tab, sub: "", q: "", unreadFirst, me }); // `sub`: within the clients, whose
  const listed = signal({ ids: new Set(), last: null, nextCursor: null });
  const loading = signal({ state: "idle", error: null, more: "idle" });
  const opened = signal(null); // id of the item in the detail column
  let pins = new Map();
  let came = new Set(); // ids that something was said about since a first page was asked for
  let tokens = 0;

  const touch = () => (version.value = version.peek() + 1);

  function item(id) {
    version.value; // subscribes the caller to every later change
    const known = truth.get(id);
    if (!known) return null;
    let shown = known;
    for (const { ids, fields } of changes.values()) if (ids.has(id)) shown = { ...shown, ...fields(shown) };
    return shown;
  }

  const blocks = computed(() => {
    const shown = [...listed.value.ids].map(item).filter((one) => one && belongs(one, { ...view.value, q: "" }, clock()));
    return arrange(shown, view.value.unreadFirst, pins);
  });

  const shownCounters = computed(() => {
    version.value;
    const sum = { ...serverCounters.value, tabs: { ...serverCounters.value.tabs } };
    for (const { delta } of changes.values()) addTo(sum, delta);
    return sum;
  });

  /** One item from the server. Answers "new", "changed" or "old" (an older or the same state of what is known). */
  function merge(data) {
    const known = truth.get(data.id);
    if (known && Date.parse(data.changed_at) < Date.parse(known.changed_at)) return "old";
    if (known && data.changed_at === known.changed_at && data.unread === known.unread) return "old";
    const before = item(data.id);
    truth.set(data.id, { ...known, ...data });
    place(data.id, before);
    touch();
    return known ? "changed" : "new";
  }

  function place(id, before) {
    came.add(id);
    const now = item(id);
    const { ids, last, nextCursor } = listed.peek();
    if (before && ids.has(id)) {
      if (now.at !== before.at) pins.delete(id); // something new happened: it goes to the top
      else if (now.unread !== before.unread && !pins.has(id)) pins.set(id, ownBlock(before));
      return;
    }
    if (loading.peek().state !== "ready" || !belongs(now, view.peek(), clock())) return;
    if (nextCursor && !withinFetched(now, last, view.peek().unreadFirst)) return;
    listed.value = { ids: new Set([...ids, id]), last, nextCursor };
  }

  /** What follows from something else that the server said (a message, a read mark), until its word about the item comes. */
  function patch(id, fields) {
    const before = item(id);
    if (!before) return;
    truth.set(id, { ...truth.get(id), ...fields });
    const now = item(id);
    const step = counted(now) - counted(before);
    if (step) {
      const sum = { ...serverCounters.peek(), tabs: { ...serverCounters.peek().tabs } };
      addTo(sum, { total: step, tabs: { [now.tab]: step } });
      serverCounters.value = sum;
    }
    place(id, before);
    touch();
  }

  /** A first page is asked for: what comes before its answer may be missing in it. */
  function expectPage() {
    came = new Set();
  }

  /** The first page of a view replaces what is shown, a later one is added. */
  function addPage(page, { first, keepPlaces = false }) {
    const last = page.items.at(-1) ?? null;
    const nextCursor = page.next_cursor ?? null;
    const below = (id) => Boolean(nextCursor) && !withinFetched(item(id), last, view.peek().unreadFirst);
    batch(() => {
      if (first && !keepPlaces) pins = new Map();
      for (const data of page.items) {
        const known = truth.get(data.id);
        if (!known || !(Date.parse(data.changed_at) < Date.parse(known.changed_at))) truth.set(data.id, data);
      }
      const old = listed.peek();
      const ids = new Set(first ? [] : old.ids);
      for (const { id } of page.items) ids.add(id);
      // somebody has scrolled further than a page reaches: what stands below it stays
      const rest = first && keepPlaces ? [...old.ids].filter((id) => !ids.has(id) && below(id)) : [];
      for (const id of rest) ids.add(id);
      if (first) for (const id of came) if (belongs(item(id), view.peek(), clock()) && !below(id)) ids.add(id);
      listed.value = rest.length ? { ids, last: old.last, nextCursor: old.nextCursor } : { ids, last, nextCursor };
      if (page.counters) setCounters(page.counters);
      loading.value = { state: "ready", error: null, more: "idle" };
      touch();
    });
  }

  /** A part of the counters that no change of the user's touches. */
  function addCounters(part) {
    serverCounters.value = { ...serverCounters.peek(), ...part };
    touch();
  }

  /** Counters from the server are whole: what was added to the old ones in advance is in them already. */
  function setCounters(data) {
    for (const change of changes.values()) change.delta = noDelta();
    serverCounters.value = data;
    touch();
  }

  /**
   * The user's change, shown at once. `fields(item)` gives what differs. Answers a token for keep() or drop().
   * `wholeDelta` replaces the counted difference where rows that are not fetched change as well.
   */
  function change(ids, fields, wholeDelta = null) {
    const known = ids.filter((id) => truth.has(id));
    const delta = wholeDelta ?? noDelta();
    const before = new Map(known.map((id) => [id, item(id)]));
    const token = ++tokens;
    changes.set(token, { ids: new Set(known), fields, delta });
    for (const id of known) {
      const now = item(id);
      const step = wholeDelta ? 0 : counted(now) - counted(before.get(id));
      delta.total += step;
      if (step) delta.tabs[now.tab] = (delta.tabs[now.tab] ?? 0) + step;
      if (listed.peek().ids.has(id)) place(id, before.get(id));
    }
    touch();
    return token;
  }

  /** The server agreed: the change becomes truth until its own word, with a newer changed_at, arrives. */
  function keep(token) {
    const { ids, fields, delta } = changes.get(token);
    changes.delete(token);
    for (const id of ids) truth.set(id, { ...truth.get(id), ...fields(truth.get(id)) });
    const sum = { ...serverCounters.peek(), tabs: { ...serverCounters.peek().tabs } };
    addTo(sum, delta);
    serverCounters.value = sum;
    touch();
  }

  /** The server refused: everything is as before. */
  function drop(token) {
    changes.delete(token);
    touch();
  }

  /** Every item to the block of its own state, when the user asked for the order (mark all read, opening the panel). */
  function settle() {
    pins = new Map();
    touch();
  }

  /** Ids as they stand on the screen, for J and K. */
  const order = computed(() => blocks.value.flatMap(({ items }) => items.map(({ id }) => id)));

  return {
    view, loading, listed, opened, blocks, order, counters: shownCounters,
    item, merge, patch, expectPage, addPage, setCounters, addCounters, change, keep, drop, settle,
    known: () => [...truth.keys()].map(item),
  };
}

const counted = (item) => (item.unread && !item.archived && !item.remind_at ? 1 : 0);
const noDelta = () => ({ total: 0, tabs: {} });

function addTo(sum, delta) {
  sum.total = Math.max(0, sum.total + delta.total);
  for (const [tab, step] of Object.entries(delta.tabs)) sum.tabs[tab] = Math.max(0, (sum.tabs[tab] ?? 0) + step);
}
