// Emoji under a message, and the picker for them and for the text box.
import { html } from "htm/preact";
import { useRef, useState } from "preact/hooks";
import { Icon } from "../icon.js";
import { Menu } from "../menu.js";
import { emojiName, findEmoji, GROUPS } from "./emoji.js";

const COLUMNS = 8;
const RECENT = "fd-emoji-recent";

function recent() {
  try {
    return JSON.parse(localStorage.getItem(RECENT)) ?? [];
  } catch {
    return [];
  }
}

function remember(char) {
  try {
    localStorage.setItem(RECENT, JSON.stringify([char, ...recent().filter((one) => one !== char)].slice(0, COLUMNS)));
  } catch {
    // not remembered
  }
}

/** A button that opens the picker. `onPick(char)`. */
export function EmojiButton({ label, buttonClass, onPick, onClose, children }) {
  const content = (close) => html`<${Picker} onPick=${(char) => { remember(char); close(); onPick(char); }} />`;
  return html`<${Menu} label=${label} title=${label} buttonClass=${buttonClass} items=${[]} content=${content} onClose=${onClose}>${children}<//>`;
}

function Picker({ onPick }) {
  const [query, setQuery] = useState("");
  const root = useRef(null);
  const found = query.trim() ? [{ name: "Found", emoji: findEmoji(query) }] : groupsWithRecent();

  const keys = (event) => {
    const all = [...root.current.querySelectorAll(".fd-emoji button")];
    const at = all.indexOf(document.activeElement);
    if (event.target.tagName === "INPUT") {
      if (event.key === "Enter") {
        event.preventDefault();
        event.stopPropagation();
        all[0]?.click();
      } else if (event.key === "ArrowDown") {
        event.preventDefault();
        all[0]?.focus();
      }
      return;
    }
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + COLUMNS, ArrowUp: at - COLUMNS, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (to < 0) root.current.querySelector("input").focus();
    else all[Math.min(to, all.length - 1)].focus();
  };

  return html`<div class="fd-emoji" ref=${root} onKeyDown=${keys}>
    <div class="fd-search"><${Icon} name="search" /><input class="fd-input" type="text" placeholder="Find an emoji" aria-label="Find an emoji" autocomplete="off"
      value=${query} onInput=${(event) => setQuery(event.currentTarget.value)} /></div>
    <div class="fd-emoji-list">
      ${found.map(({ name, emoji }) => html`<section key=${name}><h3>${name}</h3><div class="fd-emoji-grid" role="group" aria-label=${name}>
        ${emoji.map(({ char, words }) => html`<button type="button" key=${char} aria-label=${words} title=${words} onClick=${() => onPick(char)}>${char}</button>`)}
      </div></section>`)}
      ${!found[0].emoji.length && html`<p class="t-3" role="status">No emoji for “${query}”</p>`}
    </div>
  </div>`;
}

function groupsWithRecent() {
  const chars = recent();
  return chars.length ? [{ name: "Yours", emoji: chars.map((char) => ({ char, words: emojiName(char) })) }, ...GROUPS] : GROUPS;
}

/** `nameOf(userId)` for the words of who reacted. */
export function Reactions({ message, me, nameOf, onReact, disabled }) {
  if (!message.reactions?.length) return null;
  return html`<div class="fd-reacts" role="group" aria-label="Reactions">
    ${message.reactions.map(({ emoji, count, user_ids: ids = [] }) => {
      const mine = ids.includes(me.id);
      const names = who(ids, me, nameOf, count);
      return html`<button type="button" key=${emoji} class="fd-react" aria-pressed=${String(mine)} disabled=${disabled} title=${`${names}: ${emojiName(emoji)}`}
        aria-label=${`${emojiName(emoji)}, ${count}: ${names}`} onClick=${() => onReact(emoji, !mine)}>${emoji} ${count}</button>`;
    })}
    ${!disabled && html`<${EmojiButton} label="Add reaction" buttonClass="fd-react" onPick=${(char) => onReact(char, true)}><${Icon} name="smile" size="14" /><//>`}
  </div>`;
}

function who(ids, me, nameOf, count) {
  const others = ids.filter((id) => id !== me.id).map(nameOf).filter(Boolean);
  const names = [...(ids.includes(me.id) ? ["you"] : []), ...others].slice(0, 8);
  const more = count - names.length;
  return more > 0 ? `${names.join(", ")}${names.length ? " and " : ""}${more} more` : names.join(", ");
}
