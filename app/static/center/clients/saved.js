// Saved answers: chosen from a list, or by / and some of the name's letters. They go into the box, to be looked over.
import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../icon.js";
import { Menu } from "../menu.js";

const QUERY = encodeURIComponent(JSON.stringify({ page_size: 100, order_column: "name", columns: ["id", "name", "body"] }));

/** What may be used, fetched when it is asked for first, and again whenever the list is opened. */
export function createSaved({ request }) {
  const answers = signal(null);
  let loading = null;
  const load = () => (loading ??= request("GET", `/saved-answers/?q=${QUERY}`)
    .then(({ result }) => (answers.value = result), () => answers.peek() ?? [])
    .finally(() => (loading = null)));
  return { answers, load, known: async () => answers.peek() ?? load() };
}

/** The text with the client's name and mine in it. */
export function filled(body, chat, me) {
  const name = /^Visitor \d+$/.test(chat?.title ?? "") ? "" : (chat?.title ?? "");
  return body.replaceAll(" {client}", name ? ` ${name.split(" ")[0]}` : "").replaceAll("{client}", name.split(" ")[0] ?? "").replaceAll("{me}", me.name.split(" ")[0]);
}

/** Those whose name or text holds all of the words. */
export function found(answers, words) {
  const all = words.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const inName = ({ name }) => all.every((word) => name.toLocaleLowerCase().includes(word));
  const anywhere = ({ name, body }) => all.every((word) => `${name} ${body}`.toLocaleLowerCase().includes(word));
  return [...answers.filter(inName), ...answers.filter((one) => !inName(one) && anywhere(one))];
}

export function SavedMenu({ ui, chat, onPick }) {
  const content = (close) => html`<${Choice} ui=${ui} onPick=${(one) => { close(false); onPick(filled(one.body, chat, ui.chats.me)); }} />`;
  return html`<${Menu} label="Saved answers" title="Saved answers (/)" content=${content}><${Icon} name="bolt" /><//>`;
}

function Choice({ ui, onPick }) {
  const { saved } = ui.chats;
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  useEffect(() => void saved.load(), []);
  const list = found(saved.answers.value ?? [], words);
  const keys = (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") setAt((at + (event.key === "ArrowDown" ? 1 : -1) + list.length) % Math.max(1, list.length));
    else if (event.key === "Enter" && list[at]) onPick(list[at]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<div class="fd-saved">
    <div class="fd-search"><${Icon} name="search" /><input class="fd-input" type="search" value=${words} placeholder="Find a saved answer" aria-label="Find a saved answer" autocomplete="off"
      role="combobox" aria-expanded="true" aria-controls="fd-saved-list" aria-activedescendant=${list[at] ? `fd-saved-${at}` : undefined}
      onInput=${(event) => { setWords(event.currentTarget.value); setAt(0); }} onKeyDown=${keys} /></div>
    <ul id="fd-saved-list" role="listbox" aria-label="Saved answers">${list.map((one, index) => html`<li key=${one.id} id=${`fd-saved-${index}`} role="option" aria-selected=${String(index === at)} class=${index === at ? "is-hover" : ""}
      onPointerEnter=${() => setAt(index)} onClick=${() => onPick(one)}><b>${one.name}</b><span class="t-2">${one.body}</span></li>`)}</ul>
    ${!list.length && html`<p class="t-3" role="status">${saved.answers.value === null ? "Loading" : words ? "None with these words" : "Nothing is saved yet."}</p>`}
    <a class="fd-saved-foot" href="/savedanswerview/list/">Manage saved answers</a></div>`;
}
