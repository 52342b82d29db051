// The one script tag of a host page: a round button and, behind it, the chat in a frame of ours. Classic script, so that
// it runs everywhere; it sets no cookie, changes nothing of the page but its own element, and waits for the page.
(() => {
  "use strict";
  const script = document.currentScript || document.querySelector('script[data-key][src*="/widget/loader.js"]');
  if (!script || !script.dataset.key || window.Frontdesk) return;

  const home = new URL(script.src, location.href);
  const base = home.href.slice(0, home.href.indexOf("/widget/loader.js"));
  const MARK = "frontdesk-widget";
  const OPEN_HERE = `frontdesk-open:${script.dataset.key}`;
  const LATEST_START_MS = 4000; // a page whose pictures never end still gets its button
  const phone = matchMedia("(max-width: 640px), (max-height: 480px)");

  // Only the CSSOM is used, which a page's Content-Security-Policy does not restrict.
  const STYLE = `
    :host { all: initial; }
    button { position: fixed; right: 20px; bottom: 20px; z-index: 2147483000; width: 52px; height: 52px; padding: 0; border: 0; border-radius: 50%;
      background: var(--fill, #4250c9); color: var(--ink, #fff); display: grid; place-items: center; cursor: pointer;
      box-shadow: 0 4px 14px rgb(0 0 0 / .18), 0 1px 3px rgb(0 0 0 / .14); transition: transform 120ms, opacity 120ms; }
    button:hover { transform: scale(1.05); }
    button:focus-visible { outline: 2px solid var(--fill, #4250c9); outline-offset: 3px; box-shadow: 0 0 0 3px #fff; }
    svg { width: 24px; height: 24px; fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round; }
    .count { position: absolute; top: -3px; right: -3px; min-width: 20px; height: 20px; box-sizing: border-box; padding: 0 5px; border-radius: 10px; border: 2px solid #fff;
      background: #c92f3d; color: #fff; font: 600 11px/16px system-ui, sans-serif; }
    [hidden] { display: none; }
    iframe { position: fixed; right: 20px; bottom: 84px; z-index: 2147483001; width: min(360px, calc(100vw - 40px)); height: min(560px, calc(100vh - 104px)); border: 0;
      border-radius: 16px; background: transparent; box-shadow: 0 18px 48px rgb(22 24 35 / .18), 0 3px 10px rgb(22 24 35 / .08);
      visibility: hidden; opacity: 0; transform: translateY(8px); transition: opacity 160ms, transform 160ms, visibility 0s 160ms; }
    .open iframe { visibility: visible; opacity: 1; transform: none; transition: opacity 160ms, transform 160ms; }
    .sheet iframe { inset: 0 auto auto 0; width: 100vw; height: var(--seen, 100%); max-height: none; border-radius: 0; box-shadow: none; }
    .sheet.open button { display: none; }
    @media print { :host { display: none; } }
    @media (prefers-reduced-motion: reduce) { button, iframe, .open iframe { transition: none; } button:hover { transform: none; } }
    @media (forced-colors: active) { button { border: 2px solid ButtonText; } }`;
  const OPEN = "M16.5 9.7c0 3.2-2.9 5.7-6.5 5.7-.9 0-1.7-.1-2.5-.4L4 16.300l.9-2.800a5.300 5.300 0 0 1-1.400-3.800C3.500 6.500 6.400 4 10 4s6.500 2.500 6.500 5.700z";
  const CLOSE = "m5.500 8 4.500 4.500L14.500 8";

  let frame = null;
  let box = null;
  let button = null;
  let count = null;
  let path = null;
  let labels = { open: "", close: "", title: "" };
  let unread = { count: 0, words: "" };
  let isOpen = false;
  let wanted = false; // somebody asked for the chat before it was there
  let scrolling = null; // the page's own setting, given back when the sheet closes

  const make = (tag, attributes = {}) => {
    const svg = tag === "svg" || tag === "path";
    const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const name of Object.keys(attributes)) element.setAttribute(name, attributes[name]);
    return element;
  };

  const say = (type, data) => frame && frame.contentWindow && frame.contentWindow.postMessage({ mark: MARK, type, ...data }, home.origin);

  const storage = (act) => {
    try {
      return act();
    } catch (refused) {
      return null; // full, or forbidden to this page too
    }
  };

  /** Browsers may refuse storage to a frame of another site: then this page keeps for it what is its own, and only that. */
  const isItsOwn = (name) => typeof name === "string" && name.startsWith("frontdesk-") && name.endsWith(`:${script.dataset.key}`);
  const kept = () => {
    const found = {};
    storage(() => Object.keys(localStorage).filter(isItsOwn).forEach((name) => (found[name] = localStorage.getItem(name))));
    return found;
  };

  function build() {
    const host = make("frontdesk-widget");
    const root = host.attachShadow({ mode: "open" });
    if (root.adoptedStyleSheets && "replaceSync" in CSSStyleSheet.prototype) {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
    } else {
      root.appendChild(make("style")).textContent = STYLE;
    }
    box = root.appendChild(make("div"));
    button = box.appendChild(make("button", { type: "button", "aria-haspopup": "dialog", "aria-expanded": "false", hidden: "" }));
    const svg = button.appendChild(make("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }));
    path = svg.appendChild(make("path", { d: OPEN }));
    count = button.appendChild(make("span", { class: "count", "aria-hidden": "true", hidden: "" }));
    button.addEventListener("click", () => (isOpen ? close() : open()));
    const address = new URL(`${base}/widget/frame`);
    address.searchParams.set("key", script.dataset.key);
    address.searchParams.set("origin", location.origin);
    if (script.dataset.theme) address.searchParams.set("theme", script.dataset.theme);
    frame = box.appendChild(make("iframe", { src: address.href, allow: "clipboard-write", tabindex: "-1", referrerpolicy: "origin" }));
    document.body.appendChild(host);
  }

  function label() {
    const shown = unread.count && !isOpen;
    button.setAttribute("aria-label", isOpen ? labels.close : shown ? `${labels.open}, ${unread.words}` : labels.open);
    count.textContent = unread.count > 99 ? "99+" : String(unread.count);
    count.hidden = !shown;
  }

  function fit() {
    const sheet = phone.matches;
    box.classList.toggle("sheet", sheet);
    // The keyboard of a phone covers the page: only what is seen may be filled.
    const seen = window.visualViewport;
    if (seen) frame.style.setProperty("--seen", `${seen.height}px`);
    const lock = sheet && isOpen;
    if (lock && scrolling === null) {
      scrolling = document.documentElement.style.overflow;
      document.documentElement.style.overflow = "hidden";
    } else if (!lock && scrolling !== null) {
      document.documentElement.style.overflow = scrolling;
      scrolling = null;
    }
  }

  function show(now, focus) {
    isOpen = now;
    box.classList.toggle("open", now);
    button.setAttribute("aria-expanded", String(now));
    path.setAttribute("d", now ? CLOSE : OPEN);
    frame.setAttribute("tabindex", now ? "0" : "-1");
    label();
    fit();
    storage(() => (now ? sessionStorage.setItem(OPEN_HERE, "1") : sessionStorage.removeItem(OPEN_HERE)));
    say(now ? "open" : "close", { focus });
    if (now && focus) frame.focus();
  }

  function open() {
    wanted = true;
    if (!button || button.hidden || isOpen) return;
    show(true, true);
  }

  function close(refocus) {
    wanted = false;
    if (!isOpen) return;
    show(false, false);
    if (refocus) button.focus();
  }

  const heard = {
    ready(data) {
      labels = data.labels;
      frame.title = labels.title;
      box.style.setProperty("--fill", data.fill);
      box.style.setProperty("--ink", data.ink);
      button.hidden = false;
      label();
      fit();
      say("hello", { page: { url: location.origin + location.pathname, title: document.title }, kept: kept() });
      if (wanted) open();
      // it was open on the page before this one; the new page keeps the keyboard
      else if (!phone.matches && storage(() => sessionStorage.getItem(OPEN_HERE))) show(true, false);
    },
    unread(data) {
      unread = { count: Number(data.count) || 0, words: String(data.words) };
      label();
    },
    close: (data) => close(data.refocus),
    keep(data) {
      if (!isItsOwn(data.name)) return;
      storage(() => (data.value === null ? localStorage.removeItem(data.name) : localStorage.setItem(data.name, String(data.value))));
    },
  };

  function start() {
    if (frame) return;
    addEventListener("message", (event) => {
      if (event.origin !== home.origin || !frame || event.source !== frame.contentWindow) return;
      const data = event.data;
      if (data && data.mark === MARK && Object.prototype.hasOwnProperty.call(heard, data.type)) heard[data.type](data);
    });
    build();
    phone.addEventListener("change", fit);
    if (window.visualViewport) window.visualViewport.addEventListener("resize", fit);
  }

  // The page comes first: its own load, then a quiet moment.
  const soon = () => (window.requestIdleCallback ? requestIdleCallback(start, { timeout: 1000 }) : setTimeout(start, 200));
  if (document.readyState === "complete") soon();
  else {
    addEventListener("load", soon, { once: true });
    if (document.body) setTimeout(soon, LATEST_START_MS);
    else addEventListener("DOMContentLoaded", () => setTimeout(soon, LATEST_START_MS), { once: true });
  }

  /** For links of the page's own: `Frontdesk.open()`. */
  window.Frontdesk = Object.freeze({ open, close: () => close(false) });
})();
