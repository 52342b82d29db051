// A button with a menu, by the ARIA menu-button pattern. In the browser's top layer, so that no column cuts it off.
import { html } from "htm/preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./icon.js";
import { pushLayer } from "./layers.js";

const GAP = 4;
const PHONE = "(max-width: 640px)";

/**
 * `items`: [{label, icon, onPick, checked?, href?, stay?, danger?}] or null for a line. `stay` keeps the surface open, `content(close)`
 * replaces the list, e.g. by a small form. `head` stands above the list: words only, nothing to operate.
 */
export function Menu({ label, title, buttonClass = "fd-icon-btn fd-icon-btn--sm", items, head, content, onClose, children }) {
  const [open, setOpen] = useState(false);
  const button = useRef(null);
  const surface = useRef(null);

  const close = (refocus = true) => {
    setOpen(false);
    onClose?.();
    if (refocus) button.current?.focus();
  };

  useLayoutEffect(() => {
    if (!open) return undefined;
    const element = surface.current;
    element.showPopover?.();
    if (!matchMedia(PHONE).matches) put(element, button.current);
    const outside = (event) => {
      if (!element.contains(event.target) && !button.current.contains(event.target)) close(false);
    };
    // what scrolls the button away, not a chat that goes on beside it
    const scrolled = (event) => {
      if (event.target.contains(button.current)) close(false);
    };
    const resized = () => matchMedia(PHONE).matches || put(element, button.current);
    // what it shows may come later, or shrink while somebody looks for something in it
    const grown = new ResizeObserver(resized);
    grown.observe(element);
    const unlayer = pushLayer(close);
    document.addEventListener("pointerdown", outside);
    document.addEventListener("scroll", scrolled, true);
    window.addEventListener("resize", resized);
    return () => {
      unlayer();
      grown.disconnect();
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("scroll", scrolled, true);
      window.removeEventListener("resize", resized);
    };
  }, [open]);

  const shown = open && content ? content(close) : null;
  useLayoutEffect(() => {
    if (!open) return;
    surface.current.querySelector("input, [role^=menuitem]")?.focus();
    if (!matchMedia(PHONE).matches) put(surface.current, button.current);
  }, [open, Boolean(shown)]);

  return html`
    <button ref=${button} type="button" class=${buttonClass} aria-label=${label} title=${title} aria-haspopup="menu"
      aria-expanded=${String(open)} onClick=${() => (open ? close() : setOpen(true))}>${children}</button>
    ${open &&
    html`<div ref=${surface} popover="manual" class="fd-menu fd-menu--over" role=${shown ? "dialog" : "menu"} aria-label=${label ?? title}
        onKeyDown=${(event) => walk(event, surface.current, close)}>
      ${!shown && head}${shown ?? items.map((item) => (item ? html`<${Row} item=${item} close=${close} />` : html`<hr />`))}
    </div>`}`;
}

function Row({ item, close }) {
  const role = item.checked === undefined ? "menuitem" : "menuitemcheckbox";
  const inner = html`<${Icon} name=${item.checked === undefined ? item.icon : item.checked ? "check" : "blank"} />${item.label}
    ${item.hint && html`<span class="t-3 fd-end">${item.hint}</span>`}${item.keys && html`<span class="kbd no-phone" aria-hidden="true">${item.keys}</span>`}`;
  if (item.href) return html`<a role=${role} tabindex="-1" href=${item.href}>${inner}</a>`;
  const pick = () => {
    if (!item.stay) close();
    item.onPick();
  };
  return html`<button type="button" role=${role} class=${item.danger ? "bad" : undefined} tabindex="-1"
    aria-checked=${item.checked === undefined ? undefined : String(item.checked)} onClick=${pick}>${inner}</button>`;
}

function walk(event, surface, close) {
  event.stopPropagation(); // the page's keys are off while a menu is open
  if (event.key === "Escape") {
    event.preventDefault();
    return close();
  }
  const rows = [...surface.querySelectorAll("[role^=menuitem]")];
  if (!rows.length) return undefined; // a form: Tab walks its fields
  const at = rows.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    rows[(to + rows.length) % rows.length].focus();
  } else if (event.key === "Tab") close();
  return undefined;
}

/** Below the button, right edges aligned; above it or shifted where the window ends. */
function put(element, button) {
  const from = button.getBoundingClientRect();
  const { width, height } = element.getBoundingClientRect();
  const below = from.bottom + GAP;
  const top = below + height > innerHeight - GAP && from.top - GAP - height > 0 ? from.top - GAP - height : below;
  const left = from.left + width > innerWidth - GAP ? from.right - width : from.left;
  element.style.top = `${Math.max(GAP, top)}px`;
  element.style.left = `${Math.max(GAP, left)}px`;
}
