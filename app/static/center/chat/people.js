// Choosing colleagues: a field that finds them as one types, and chips of who was chosen.
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../icon.js";
import { FreeBadge } from "./badge.js";
import { namedWords } from "./named.js";
import { PersonAvatar } from "./avatar.js";
import { fits } from "./search.js";

const PAUSE_MS = 150;

/** `chosen`: [{id, name, …}]; `except`: ids not offered. Also user groups where `groups` is true: then `{id, name, members, group: true}`. */
export function PeoplePicker({ ui, chosen, onChange, except = [], groups = false, label = "People" }) {
  const [words, setWords] = useState("");
  const [found, setFound] = useState([]);
  const [foundFor, setFoundFor] = useState("");
  const [state, setState] = useState(null);
  const [at, setAt] = useState(0);
  const input = useRef(null);
  const taken = new Set([...except, ...chosen.filter(({ group }) => !group).map(({ id }) => id)]);

  useEffect(() => {
    if (!words.trim()) {
      setFound(ui.partners());
      return setState(null);
    }
    let current = true;
    const timer = setTimeout(async () => {
      try {
        const answer = await ui.chats.calls.search(words.trim());
        if (!current) return;
        const people = answer.people.filter(({ id }) => id !== ui.chats.me.id);
        setFound([...(groups ? answer.groups.map((one) => ({ ...one, group: true })) : []), ...people]);
        setFoundFor(words);
        setState(null);
        setAt(0);
        ui.chats.presence.show("picker", people.map(({ id }) => id));
      } catch (error) {
        if (current) setState(error.message);
      }
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [words]);
  useEffect(() => () => ui.chats.presence.show("picker", []), []);

  const whole = chosen[0]?.group && !words.trim(); // a user group is everybody that is needed
  const options = whole ? [] : found.filter((one) => one.group || !taken.has(one.id));
  const pick = (one) => {
    onChange(one.group ? [one] : [...chosen.filter(({ group }) => !group), one]);
    setWords("");
    input.current.focus();
  };
  const keys = (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") setAt((at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % Math.max(1, options.length));
    else if (event.key === "Enter" && words.trim()) {
      if (options[at] && (foundFor === words || fits(options[at], words))) pick(options[at]); // not who was found for other letters
    } else if (event.key === "Backspace" && !words && chosen.length) return onChange(chosen.slice(0, -1));
    else return undefined;
    return event.preventDefault();
  };

  return html`<div class="fd-pick">
    <div class="fd-pick-box" onClick=${() => input.current.focus()}>
      ${chosen.map((one) => html`<span class="fd-chip fd-chip--accent" key=${one.group ? `g${one.id}` : one.id}>${one.group && html`<${Icon} name="users" />`}${namedWords(one)}
        <button type="button" aria-label=${`Remove ${one.name}`} onClick=${() => onChange(chosen.filter((other) => other !== one))}><${Icon} name="x" size="14" /></button></span>`)}
      <input ref=${input} data-first type="text" value=${words} aria-label=${label} placeholder=${chosen.length ? "" : groups ? "Names, or a user group" : "Names"} autocomplete="off" spellcheck="false"
        role="combobox" aria-expanded="true" aria-controls="fd-pick-list" aria-autocomplete="list" aria-activedescendant=${options[at] ? `fd-pick-${at}` : undefined}
        onInput=${(event) => setWords(event.currentTarget.value)} onKeyDown=${keys} />
    </div>
    <ul class="fd-pick-list" id="fd-pick-list" role="listbox" aria-label=${label}>
      ${options.map((one, index) => html`<li key=${one.group ? `g${one.id}` : one.id} id=${`fd-pick-${index}`} role="option" aria-selected=${String(index === at)} class=${index === at ? "fd-person is-hover" : "fd-person"}
          onPointerEnter=${() => setAt(index)} onClick=${() => pick(one)}>
        ${one.group ? html`<span class="fd-av fd-av--28 fd-av--sq" data-c="8" aria-hidden="true"><${Icon} name="users" /></span>` : html`<${PersonAvatar} id=${one.id} name=${one.name} picture=${one.picture_url} size=${28} presence=${ui.chats.presence.of(one.id)} />`}
        <span class="t-cut">${one.name}</span><${FreeBadge} free=${one.free} /><span class="t-3 t-12 fd-end">${one.group ? `User group${one.members === undefined ? "" : ` · ${one.members}`}` : ""}</span></li>`)}
    </ul>
    ${!options.length && html`<p class="t-3" role="status">${state ?? (words.trim() ? `Nobody found for “${words.trim()}”` : whole ? "" : "Type a name to find somebody.")}</p>`}
  </div>`;
}
