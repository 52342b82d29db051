// The center's keys on every page. Off while somebody types, or with Ctrl, Alt or Meta.
import { closeTopLayer } from "./layers.js";
import { chatOf } from "./chat/chats.js";
import { talkKey } from "./clients/talk-menu.js";
import { rowId } from "./item.js";

const TYPING = "input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable=''], [contenteditable=true]";

export function startKeys(center) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    // a dialog lies over everything: the browser closes it by Escape, and no other key means what is behind it
    if (document.querySelector("dialog:modal")) return;
    if (event.key === "Escape") {
      if (closeTopLayer()) event.preventDefault();
      return;
    }
    if (event.target.closest?.(TYPING)) return;
    if (event.key === "f" || event.key === "F") return use(event, () => center.find());
    if (!center.shown()) return;
    const chatId = chatOf(center.store.opened.peek());
    if (chatId && !event.target.closest(".fd-item, dialog") && talkKey(center.chatUi, chatId, event.key)) return event.preventDefault();
    const id = current(center, event.target);
    const act = {
      j: () => step(center, id, 1),
      k: () => step(center, id, -1),
      r: () => mine(center, id) && center.actions.toggleRead(id),
      e: () => mine(center, id) && center.leave(id, () => center.actions.archive(id)),
      enter: () => id && event.target.closest(".fd-item") === event.target && center.open(id),
    }[event.key.toLowerCase()];
    if (act && (event.key !== "Enter" || event.target.classList.contains("fd-item"))) use(event, act);
  });
}

function use(event, act) {
  event.preventDefault();
  act();
}

/** The team's stream is only looked at: nothing in it is mine to read or to put away. Nor is what has no row of mine. */
const mine = (center, id) => !["team", undefined].includes(center.store.item(id)?.kind);

/** The item that a key means: the focused row, else the one that is open. */
function current(center, target) {
  const row = target.closest?.(".fd-item");
  const ids = center.store.order.peek();
  return ids.find((id) => row?.id === rowId(id)) ?? (ids.includes(center.focused.peek()) ? center.focused.peek() : center.store.opened.peek());
}

function step(center, id, by) {
  const ids = center.store.order.peek();
  const at = ids.indexOf(id);
  const focusedRow = document.activeElement?.closest?.(".fd-item");
  const to = at < 0 || (!focusedRow && at === 0 && by > 0 && center.store.opened.peek() !== id) ? 0 : Math.min(ids.length - 1, Math.max(0, at + by));
  if (document.getElementById(rowId(ids[to]))) return focusRow(ids[to]);
  center.focused.value = ids[to]; // far from the window: drawn first, because somebody is about to stand on it
  return requestAnimationFrame(() => requestAnimationFrame(() => focusRow(ids[to])));
}

export function focusRow(id) {
  const row = id && document.getElementById(rowId(id));
  row?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: "nearest" });
}

/** The row to stand on when this one leaves the list. */
export function neighbour(center, id) {
  const ids = center.store.order.peek();
  const at = ids.indexOf(id);
  return ids[at + 1] ?? ids[at - 1] ?? null;
}
