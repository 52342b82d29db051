// What "Find user" and the search of a chat find: people, groups, chats, messages, with the words marked.
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../icon.js";
import { fullTime, shortTime } from "../time.js";
import { ChatAvatar, PersonAvatar } from "./avatar.js";
import { FreeBadge } from "./badge.js";
import { highlighted } from "./text.js";

const PAUSE_MS = 180;

/** Searches as one types: {state: "idle"|"loading"|"ready"|"error", answer, error, q}. */
export function useSearch(ui, words, chatId = null) {
  const [result, setResult] = useState({ state: "idle" });
  const q = words.trim();
  useEffect(() => {
    if (!q) return setResult({ state: "idle" });
    let current = true;
    setResult((before) => ({ ...before, state: before.answer ? "ready" : "loading" }));
    const timer = setTimeout(() => ui.chats.calls.search(q, chatId).then(
      (answer) => current && setResult({ state: "ready", answer, q }),
      (error) => current && setResult({ state: "error", error, q }),
    ), PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [q, chatId]);
  return result;
}

/** The answer as rows in their order: [{key, kind, head?, pick(), …}]. */
export function rowsOf(answer, ui) {
  if (!answer) return [];
  const rows = [
    ...(answer.people ?? []).map((one) => ({ key: `p${one.id}`, kind: "People", one, pick: () => ui.openPerson(one.id) })),
    ...(answer.groups ?? []).map((one) => ({ key: `g${one.id}`, kind: "User groups", one, pick: () => ui.openGroup(one) })),
    ...(answer.chats ?? []).map((one) => ({ key: `c${one.id}`, kind: "Chats", one, pick: () => ui.openChat(one.id) })),
    ...(answer.clients ?? []).map((one) => ({ key: `k${one.id}`, kind: "Clients", one, pick: () => (one.chat_id ? ui.openChat(one.chat_id, one.seq ?? null) : location.assign(one.url)) })),
    ...(answer.messages ?? []).map((one) => ({ key: `m${one.id}`, kind: "Messages", one, pick: () => ui.openChat(one.chat_id, one.seq) })),
  ];
  return rows;
}

export function Results({ ui, result, rows, at, id, onPick, inChat = false }) {
  const box = useRef(null);
  useEffect(() => box.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [at, rows]);
  const people = rows.filter(({ kind }) => kind === "People").map(({ one }) => one.id);
  useEffect(() => {
    ui.chats.presence.show(id, people);
    return () => ui.chats.presence.show(id, []);
  }, [people.join()]);
  if (result.state === "idle") return null;
  const kinds = [...new Set(rows.map(({ kind }) => kind))];
  return html`<div class="fd-found" ref=${box}>
    <div id=${id} role="listbox" aria-label="Found">
      ${kinds.map((kind) => html`<div key=${kind} role="group" aria-label=${kind}>${!inChat && html`<div class="fd-block" role="presentation">${kind}</div>`}
        ${rows.map((row, index) => row.kind === kind && html`<div key=${row.key} id=${`${id}-${index}`} role="option" aria-selected=${String(index === at)} class=${index === at ? "fd-hit is-hover" : "fd-hit"}
          onClick=${() => onPick(row)}><${Row} row=${row} ui=${ui} inChat=${inChat} /></div>`)}</div>`)}
    </div>
    <div role="status" class="fd-found-state">${result.state === "loading" ? "Searching" : result.state === "error" ? result.error.message
      : rows.length ? html`<span class="fd-sr">${rows.length} found</span>` : `Nothing found for “${result.q}”`}</div>
  </div>`;
}

function Row({ row: { kind, one }, ui, inChat }) {
  if (kind === "People") {
    return html`<${PersonAvatar} id=${one.id} name=${one.name} picture=${one.picture_url} size=${28} presence=${ui.chats.presence.states.value.get(one.id) ?? one.state ?? "offline"} />
      <span class="t-cut">${one.name}</span><${FreeBadge} free=${one.free} /><span class="t-3 t-12 fd-end">@${one.username}</span>`;
  }
  if (kind === "User groups") {
    return html`<span class="fd-av fd-av--28 fd-av--sq" data-c="8" aria-hidden="true"><${Icon} name="users" /></span><span class="t-cut">${one.name}</span><span class="t-3 t-12 fd-end">${one.members} ${one.members === 1 ? "person" : "people"}</span>`;
  }
  if (kind === "Chats") {
    return html`<${ChatAvatar} kind=${one.kind === "direct" ? "direct" : "group"} id=${one.id} personId=${one.person_id} name=${one.title} picture=${one.picture_url} size=${28} />
      <span class="t-cut">${one.title}</span><span class="t-3 t-12 fd-end">${one.archived ? "Archived" : one.kind === "direct" ? "Direct chat" : `${one.members} members`}</span>`;
  }
  if (kind === "Clients") {
    return html`<${PersonAvatar} id=${one.id} name=${one.name} size=${28} /><span class="t-cut">${one.name}</span>
      <span class="t-3 t-12 t-cut fd-end">${one.talk ? `Talk ${one.talk}` : one.chat_id ? "Client chat" : one.email || "Contact"}</span>`;
  }
  return html`<span class="fd-hit-message"><span class="fd-row"><b class="t-cut">${one.author.name}</b><${FreeBadge} free=${one.author.free} />${!inChat && html`<span class="t-3 t-cut">in ${one.chat_title}</span>`}
    <time class="t-3 t-12 fd-end" datetime=${one.at} title=${fullTime(one.at, ui.zone)}>${shortTime(one.at, ui.now.value, ui.zone)}</time></span>
    <span class="fd-snippet">${highlighted(one.snippet, one.highlights).map(({ text, hit }) => (hit ? html`<mark>${text}</mark>` : text))}</span></span>`;
}

/** Is everything that was typed in its name? Then Enter may choose it, though it was found for fewer letters. */
export function fits({ name = "", title = "", username = "" }, words) {
  const text = `${name} ${title} ${username}`.toLocaleLowerCase();
  return words.toLocaleLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** Arrow keys and Enter of a field over its results, which may still be the ones of other words. True when the key was meant for them. */
export function walkResults(event, { rows, result, words, at, setAt, onPick }) {
  if (!rows.length) return false;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") setAt(((at < 0 && event.key === "ArrowUp" ? 0 : at) + (event.key === "ArrowDown" ? 1 : -1) + rows.length) % rows.length);
  else if (event.key === "Enter" && rows[at]) {
    if (result.q === words.trim() || fits(rows[at].one, words)) onPick(rows[at]);
  } else return false;
  event.preventDefault();
  return true;
}

/** The search inside one chat, below its head. */
export function ChatSearch({ chatId, ui, onClose }) {
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  const [shown, setShown] = useState(true);
  const result = useSearch(ui, words, chatId);
  const rows = rowsOf(result.answer && { messages: result.answer.messages }, ui);
  const input = useRef(null);
  useEffect(() => input.current.focus(), []);
  const pick = (row) => {
    setShown(matchMedia("(min-width: 641px)").matches);
    ui.jump(chatId, row.one.seq);
  };
  const keys = (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      return onClose();
    }
    return walkResults(event, { rows, result, words, at, setAt, onPick: pick });
  };
  return html`<div class="fd-chat-search" role="search" aria-label="Search in this chat" onKeyDown=${keys}>
    <div class="fd-row"><div class="fd-search fd-grow"><${Icon} name="search" /><input ref=${input} class="fd-input" type="text" value=${words} placeholder="Search in this chat" aria-label="Search in this chat" autocomplete="off"
        role="combobox" aria-expanded=${String(Boolean(rows.length))} aria-controls="fd-chat-found" aria-activedescendant=${rows[at] ? `fd-chat-found-${at}` : undefined}
        onFocus=${() => setShown(true)} onInput=${(event) => { setWords(event.currentTarget.value); setAt(0); setShown(true); }} /></div>
      <button type="button" class="fd-icon-btn fd-icon-btn--sm" aria-label="Close the search" onClick=${onClose}><${Icon} name="x" /></button></div>
    ${shown && html`<${Results} ui=${ui} result=${result} rows=${rows} at=${at} id="fd-chat-found" onPick=${pick} inChat />`}
  </div>`;
}
