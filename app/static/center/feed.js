// The list itself: blocks, the next page when its end comes near, and what is said when there is nothing to list.
import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./icon.js";
import { Item } from "./item.js";
import { focusRow } from "./keys.js";

const PART = 25; // rows that come and go together
const ALWAYS = 100; // so many rows are always there
const NEAR = "1500px"; // how far from the window a part is drawn already
const ROW_HEIGHT = 61;

const EMPTY = {
  all: ["inbox", "Nothing here yet", "Tasks, leads, calls and messages that concern you will show up here."],
  chats: ["chats", "No chats yet", "Talks with colleagues and groups will show up here."],
  clients: ["globe", "No client has written yet", "Their conversations will show up here."],
  tasks: ["check-circle", "No news about tasks", "Tasks that others give you, and what becomes of yours, will show up here."],
  leads: ["target", "No news about leads or calls", "Incoming leads and missed calls will show up here."],
  system: ["check-circle", "All is well", "Errors, limits and payments that you should know of will show up here."],
  clients_mine: ["globe", "No open talk is yours", "The ones that you take or that are passed on to you will show up here."],
  clients_unassigned: ["check-circle", "Somebody has every talk", "Clients whom nobody has taken yet will show up here."],
  clients_open: ["check-circle", "No talk is open", "Clients who write in will show up here."],
  team: ["users", "Nothing from your team yet", "What your colleagues complete and answer will show up here, silently."],
};

export function Feed({ center }) {
  const { store, loader } = center;
  const { state } = store.loading.value;
  const { tab } = store.view.value;
  return html`<div class="fd-scroll" id="fd-feed" role="tabpanel" aria-labelledby=${`fd-tab-${tab}`} aria-busy=${String(state === "loading")}>
    ${state === "error" ? html`<${Failed} loader=${loader} error=${store.loading.value.error} />`
      : state !== "ready" ? html`<${Skeleton} />` : html`<${Blocks} center=${center} />`}
  </div>`;
}

function Blocks({ center }) {
  const { store, loader, actions } = center;
  const blocks = store.blocks.value;
  const { more, error } = store.loading.value;
  const { tab, sub, q } = store.view.value;
  // of a part of the clients nobody counts more than what is shown
  const unread = sub ? blocks.flatMap(({ items }) => items).filter((item) => item.unread).length
    : tab === "all" ? store.counters.value.total : (store.counters.value.tabs?.[tab] ?? 0);
  useKeptFocus(center.focused);
  const markAll = unread > 0 && !q && html`<button type="button" onClick=${actions.readAll}>Mark all read</button>`;
  if (!blocks.length) return html`<${Empty} tab=${sub ? `${tab}_${sub}` : tab} q=${q} onClear=${() => center.clearFind()} />`;
  const ids = store.order.value;
  const current = ids.includes(center.focused.value) ? center.focused.value : ids[0];
  const total = store.listed.value.nextCursor ? -1 : ids.length;
  const parts = (items, before) => Array.from({ length: Math.ceil(items.length / PART) }, (_, part) => {
    const rows = items.slice(part * PART, (part + 1) * PART);
    return html`<${Part} key=${part} center=${center} items=${rows} before=${before + part * PART} total=${total} current=${current} />`;
  });
  const before = (block) => blocks.slice(0, block).reduce((sum, { items }) => sum + items.length, 0);
  return html`
    ${blocks.map(({ key, items }, block) => html`<section key=${key}>
      <div class="fd-block"><h2>${heading(tab === "team" ? "flat" : key, unread, q)}</h2>${(key === "unread" || key === "flat") && markAll}</div>
      <div role="feed" aria-label=${{ unread: "Unread", earlier: "Earlier", flat: "Newest first" }[key]}>
        ${parts(items, before(block))}
      </div>
    </section>`)}
    <${End} busy=${more} error=${error} more=${Boolean(store.listed.value.nextCursor)} loader=${loader} />`;
}

/** Some rows of a long feed. Far from the window only their height stays, unless somebody stands on one of them. */
function Part({ center, items, before, total, current }) {
  const box = useRef(null);
  const drawn = useRef(new Map()); // a row that is as it was is the same vnode: nothing of it is compared again
  const [far, setFar] = useState(null); // how high it was when it left the window
  const always = before < ALWAYS;
  useEffect(() => {
    if (always) return undefined;
    const seen = ([entry]) => {
      if (entry.isIntersecting) setFar(null);
      else if (!box.current.contains(document.activeElement)) setFar((height) => height ?? box.current.offsetHeight);
    };
    const watch = new IntersectionObserver(seen, { root: box.current.closest(".fd-scroll"), rootMargin: NEAR });
    watch.observe(box.current);
    return () => watch.disconnect();
  }, [always]);
  const shown = always || far === null || items.some(({ id }) => id === current);
  if (!shown) drawn.current.clear();
  return html`<div ref=${box} role="presentation" style=${shown ? undefined : { height: `${far || items.length * ROW_HEIGHT}px` }}>
    ${shown && items.map((item, row) => draw(drawn.current, center, item, before + row + 1, total, item.id === current))}</div>`;
}

function draw(drawn, center, item, position, total, current) {
  const known = drawn.get(item.id);
  if (known && known.item === item && known.position === position && known.total === total && known.current === current) return known.vnode;
  const vnode = html`<${Item} key=${item.id} item=${item} center=${center} position=${position} total=${total} current=${current} />`;
  drawn.set(item.id, { item, position, total, current, vnode });
  return vnode;
}

/** A row that moves to another block is drawn anew and would lose the focus to the page: it is given back. */
function useKeptFocus(focused) {
  const inside = useRef(false);
  useEffect(() => {
    const follow = (event) => (inside.current = Boolean(event.target.closest?.(".fd-item")));
    document.addEventListener("focusin", follow);
    document.addEventListener("pointerdown", follow);
    return () => {
      document.removeEventListener("focusin", follow);
      document.removeEventListener("pointerdown", follow);
    };
  }, []);
  useLayoutEffect(() => {
    if (inside.current && document.activeElement === document.body) focusRow(focused.peek());
  });
}

function heading(key, unread, q) {
  if (key === "earlier") return "Earlier";
  if (key === "flat") return unread && !q ? `Newest first · ${unread} unread` : "Newest first";
  return unread && !q ? `Unread · ${unread}` : "Unread";
}

/** Fetches the next page a screen before its end is reached. */
function End({ busy, error, more, loader }) {
  const mark = useRef(null);
  useEffect(() => {
    if (!more || busy === "error") return undefined;
    const near = { root: mark.current.closest(".fd-scroll"), rootMargin: "600px" };
    const watch = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && loader.more(), near);
    watch.observe(mark.current);
    return () => watch.disconnect();
  }, [more, busy]);
  if (busy === "error") {
    return html`<div class="fd-feed-end" role="alert">${error.message}
      <button type="button" class="fd-btn fd-btn--sm" onClick=${loader.more}><${Icon} name="refresh" />Try again</button></div>`;
  }
  return html`<div ref=${mark}>${busy === "loading" && html`<${Skeleton} rows=${2} />`}</div>`;
}

function Empty({ tab, q, onClear }) {
  if (q) {
    return html`<div class="fd-empty"><${Icon} name="search" /><b>Nothing in the feed for “${q}”</b><span>Rows of the feed are narrowed to what holds these words.</span>
      <button type="button" class="fd-btn fd-btn--sm" onClick=${onClear}>Show everything</button></div>`;
  }
  const [icon, title, text] = EMPTY[tab] ?? EMPTY.all;
  return html`<div class="fd-empty"><${Icon} name=${icon} /><b>${title}</b><span>${text}</span></div>`;
}

function Failed({ loader, error }) {
  return html`<div class="fd-empty" role="alert"><${Icon} name="offline" /><b>The center could not be loaded</b><span>${error.message}</span>
    <button type="button" class="fd-btn fd-btn--sm" onClick=${loader.load}><${Icon} name="refresh" />Try again</button></div>`;
}

function Skeleton({ rows = 7 }) {
  return html`<div><span class="fd-sr" role="status">Loading</span>${Array.from({ length: rows }, (_, row) => html`
    <div class="fd-item fd-item--skel" key=${row} aria-hidden="true"><span class="fd-skel fd-skel--av"></span>
      <div><span class="fd-skel" data-w=${row % 3}></span><span class="fd-skel fd-skel--second" data-w=${(row + 1) % 3}></span></div></div>`)}</div>`;
}
