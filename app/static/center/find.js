// "Find user": opens the filter, finds people, groups, chats and messages, and narrows the feed to what contains the words.
import { html } from "htm/preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Results, rowsOf, useSearch, walkResults } from "./chat/search.js";
import { Icon } from "./icon.js";
import { pushLayer } from "./layers.js";

const TYPING_PAUSE_MS = 250;

export function Find({ center }) {
  const { store, loader, actions } = center;
  const { q, unreadFirst } = store.view.value;
  const [open, setOpen] = useState(false);
  const [words, setWords] = useState(q);
  const root = useRef(null);
  const input = useRef(null);
  const timer = useRef(null);

  const [at, setAt] = useState(0);
  const ui = center.chatUi;
  const result = useSearch(ui, center.boot.search ? words : "");
  const rows = rowsOf(result.answer, ui);

  const search = (value) => {
    setWords(value);
    setAt(0);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => value.trim() !== store.view.peek().q && loader.show({ q: value.trim() }), TYPING_PAUSE_MS);
  };
  const clear = () => {
    clearTimeout(timer.current);
    setWords("");
    if (store.view.peek().q) loader.show({ q: "" });
  };
  center.clearFind = clear;
  center.focusFind = () => input.current?.focus();
  useLayoutEffect(() => center.findFirst && center.focusFind(), []);

  useLayoutEffect(() => {
    if (!open) return undefined;
    const unlayer = pushLayer(() => {
      if (input.current.value) return clear();
      setOpen(false);
      return input.current.blur();
    });
    // on click, not earlier: closing moves what is below, and would take it from under the pointer
    const outside = (event) => root.current.contains(event.target) || setOpen(false);
    document.addEventListener("click", outside);
    return () => {
      unlayer();
      document.removeEventListener("click", outside);
    };
  }, [open]);

  const pick = (row) => {
    clear();
    setOpen(false);
    input.current.blur();
    row.pick();
  };
  const tabbed = (event) => {
    if (event.target === input.current && walkResults(event, { rows, result, words, at, setAt, onPick: pick })) return;
    if (event.key === "Tab") requestAnimationFrame(() => root.current?.contains(document.activeElement) || setOpen(false));
  };

  const shown = open || Boolean(words);
  return html`<div class="fd-find-row" ref=${root} onKeyDown=${tabbed} role="search" aria-label="Find in the center">
    <div class=${shown ? "fd-find is-open" : "fd-find"}>
      <div class="fd-search"><${Icon} name="search" />
        <input ref=${input} class="fd-input" type="text" value=${words} placeholder="Find user, group or chat" aria-label="Find user"
          autocomplete="off" spellcheck="false" enterkeyhint="search" role="combobox" aria-autocomplete="list" aria-controls="fd-find-list"
          aria-expanded=${String(rows.length > 0)} aria-activedescendant=${rows[at] ? `fd-find-list-${at}` : undefined}
          onFocus=${() => setOpen(true)} onClick=${() => setOpen(true)} onInput=${(event) => search(event.currentTarget.value)} />
        ${words ? html`<button type="button" class="fd-icon-btn fd-icon-btn--sm fd-find-clear" aria-label="Clear" onClick=${() => { clear(); input.current.focus(); }}><${Icon} name="x" /></button>`
          : !shown && html`<span class="kbd no-phone" aria-hidden="true">F</span>`}
      </div>
      <div class="fd-find-filter" id="fd-find-filter" hidden=${!shown}>
        <label class="fd-check"><input type="checkbox" checked=${unreadFirst} onChange=${(event) => actions.setUnreadFirst(event.currentTarget.checked)} /> Show unread first</label>
        <span class="kbd no-phone" aria-hidden="true">F</span>
      </div>
    </div>
    ${words.trim() && html`<div class="fd-find-found"><${Results} ui=${ui} result=${result} rows=${rows} at=${at} id="fd-find-list" onPick=${pick} /></div>`}
  </div>`;
}
