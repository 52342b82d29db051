// Where an item stands in the feed. Pure functions: what is shown follows from the rows alone.
import { ofFilter } from "./clients/which.js";

const UNREAD = "unread";
const EARLIER = "earlier";

/** Newest first; the id decides between equal times, so that two tabs agree. */
function newestFirst(a, b) {
  if (a.at !== b.at) return Date.parse(b.at) - Date.parse(a.at) || (a.at < b.at ? 1 : -1);
  return a.id < b.id ? 1 : -1;
}

/** The block an item belongs to by its own state. */
export function ownBlock(item) {
  return item.unread ? UNREAD : EARLIER;
}

/**
 * The feed's blocks: [{key, items}], empty blocks left out.
 * `pins` (id → block) hold items where they were when they were read or marked unread under the user's hand.
 */
export function arrange(items, unreadFirst, pins = new Map()) {
  const sorted = [...items].sort(newestFirst);
  if (!unreadFirst) return sorted.length ? [{ key: "flat", items: sorted }] : [];
  const block = (key) => ({ key, items: sorted.filter((item) => (pins.get(item.id) ?? ownBlock(item)) === key) });
  return [block(UNREAD), block(EARLIER)].filter(({ items: some }) => some.length);
}

/** Does this item belong to what the tab and the words show? */
export function belongs(item, { tab, q, sub = "", me = null }, now) {
  if (item.archived || item.deleted) return false;
  if (item.chat?.role === "viewer" && tab !== "clients") return false; // seen by who looks for it, nobody's news
  if (tab === "clients" && !ofFilter(item, sub, me)) return false;
  if (item.remind_at && Date.parse(item.remind_at) > now) return false;
  if (tab === "all" ? item.tab === "team" : item.tab !== tab) return false;
  const text = `${item.title} ${item.body}`.toLocaleLowerCase();
  return (q || "").toLocaleLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/**
 * Is this item's place within the part of the feed that has been fetched? Below it, it will come with its page;
 * showing it earlier would leave a hole between it and the last fetched row.
 */
export function withinFetched(item, last, unreadFirst) {
  if (!last) return true;
  if (unreadFirst && ownBlock(item) !== ownBlock(last)) return ownBlock(item) === UNREAD;
  return newestFirst(item, last) < 0;
}
