// Completion while somebody writes: @ for people, user groups and everybody, : for emoji. By the ARIA combobox pattern.
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../icon.js";
import { PersonAvatar } from "./avatar.js";
import { FreeBadge } from "./badge.js";
import { findEmoji } from "./emoji.js";

const PAUSE_MS = 120;
const MENTION = /(?:^|[\s([{"'])@([\p{L}\p{N}._-]*(?: [\p{L}\p{N}._-]+){0,2})$/u;
const EMOJI = /(?:^|\s):([\p{L}_]{2,20})$/u;

const SAVED = /^\/([\p{L}\p{N}._ -]{0,40})$/u;

/** What is being completed before the caret: {kind, query, start}, or null. `saved`: a / at the very beginning looks for saved answers. */
export function tokenAt(text, caret, saved = false) {
  const before = text.slice(0, caret);
  const answer = saved && caret === text.length && SAVED.exec(before);
  if (answer) return { kind: "saved", query: answer[1], start: 0 };
  const mention = MENTION.exec(before);
  if (mention) return { kind: "mention", query: mention[1], start: caret - mention[1].length - 1 };
  const emoji = EMOJI.exec(before);
  return emoji ? { kind: "emoji", query: emoji[1], start: caret - emoji[1].length - 1 } : null;
}

/** Does this text call everybody? Then more than a few are asked about first. */
export const callsAll = (text) => /(?:^|[^\p{L}\p{N}_@])@all(?![\p{L}\p{N}_-])/iu.test(text);

/** `insert(start, end, text)` writes into the box, `saved(query)` answers what a / finds, where it may. Answers {options, at, keys(event), changed(element), close}. */
export function useCompletion({ chatId, calls, insert, mentions = true, saved = null }) {
  const [found, setFound] = useState(null); // {token, caret, options}
  const [at, setAt] = useState(0);
  const timer = useRef(null);
  const asked = useRef(0);
  const empty = useRef(null); // words that found nobody: longer ones are not asked for

  const close = () => {
    clearTimeout(timer.current);
    asked.current += 1;
    setFound(null);
  };
  useEffect(() => close, [chatId]);

  function changed(element) {
    const caret = element.selectionStart;
    const token = element.selectionEnd === caret ? tokenAt(element.value, caret, Boolean(saved)) : null;
    if (!token) return found && close();
    if (token.kind === "mention" && !mentions) return found && close();
    if (found && token.kind !== "emoji") narrow(token, caret);
    if (token.kind === "emoji") return show(token, caret, findEmoji(token.query, 8).map(({ char, words }) => ({ key: char, text: char, icon: char, label: words })));
    if (empty.current && token.start === empty.current.start && token.query.startsWith(empty.current.query)) return found && close();
    clearTimeout(timer.current);
    const mine = ++asked.current;
    timer.current = setTimeout(async () => {
      const list = await (token.kind === "saved" ? saved(token.query) : calls.mentionable(chatId, token.query).then(options)).catch(() => null);
      if (mine !== asked.current || !list) return;
      show(token, caret, list);
    }, PAUSE_MS);
    return undefined;
  }

  /** Until the answer comes, only what still fits the letters stays: Enter must not choose what was found for fewer. */
  function narrow(token, caret) {
    const fits = ({ text, label }) => `${text} ${label}`.toLocaleLowerCase().includes(token.query.toLocaleLowerCase());
    const list = found.token.kind === token.kind && found.token.start === token.start ? found.options.filter(fits) : [];
    setAt(0);
    setFound(list.length ? { token, caret, options: list } : null);
  }

  function show(token, caret, list) {
    empty.current = list.length || !token.query ? null : token;
    setAt(0);
    setFound(list.length ? { token, caret, options: list } : null);
  }

  function pick(option) {
    insert(found.token.start, found.caret, option.whole ? option.text : `${option.text} `);
    close();
  }

  /** True when the key was meant for the list. */
  function keys(event) {
    if (!found) return false;
    const { length } = found.options;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") setAt((at + (event.key === "ArrowDown" ? 1 : -1) + length) % length);
    else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") pick(found.options[at]);
    else if (event.key === "Escape") close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  return { options: found?.options ?? null, at, keys, changed, close, pick };
}

function options({ people, groups, all }) {
  return [
    ...people.map((one) => ({ key: `u${one.id}`, text: `@${one.username}`, label: one.name, hint: `@${one.username}`, person: one })),
    ...groups.map((one) => ({ key: `g${one.id}`, text: `@${one.name}`, label: one.name, hint: "Group", thing: "users" })),
    ...(all ? [{ key: "all", text: "@all", label: "@all", hint: "Everybody in this chat", thing: "at" }] : []),
  ];
}

export function Completion({ id, completion }) {
  const { options: list, at, pick } = completion;
  const box = useRef(null);
  useEffect(() => box.current?.children[at]?.scrollIntoView({ block: "nearest" }), [at, list]);
  if (!list) return null;
  return html`<ul class="fd-menu fd-complete" id=${id} role="listbox" aria-label="Suggestions" ref=${box}>
    ${list.map((one, index) => html`<li key=${one.key} id=${`${id}-${index}`} role="option" aria-selected=${String(index === at)} class=${index === at ? "is-hover" : ""}
        onPointerDown=${(event) => { event.preventDefault(); pick(one); }}>
      ${one.person ? html`<${PersonAvatar} id=${one.person.id} name=${one.label} picture=${one.person.picture_url} size=${24} />` : one.thing ? html`<${Icon} name=${one.thing} />` : html`<span class="fd-complete-emoji" aria-hidden="true">${one.icon}</span>`}
      <span class="t-cut">${one.label}</span><${FreeBadge} free=${one.person?.free} />${one.hint && html`<span class="t-3 t-12 fd-end t-cut">${one.hint}</span>`}</li>`)}
  </ul>`;
}
