// The box that one writes in. What is in it is a draft until the server has it, and nothing is lost by a refusal.
import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { AnswerOrNote, Others } from "../clients/composer.js";
import { filled, found, SavedMenu } from "../clients/saved.js";
import { placeholder } from "../clients/words.js";
import { Icon } from "../icon.js";
import { Attachments } from "./files.js";
import { callsAll, Completion, useCompletion } from "./mentions.js";
import { EmojiButton } from "./reactions.js";

const NEARLY = 500; // from so many characters before the limit on, what is left is shown

export function Composer({ chatId, chat, ui }) {
  const { chats, uploads } = ui;
  const { drafts, settings } = chats;
  const editing = ui.editing.value?.chat_id === chatId ? ui.editing.value : null;
  const draft = drafts.get(chatId);
  const [edited, setEdited] = useState("");
  const [asking, setAsking] = useState(false);
  const box = useRef(null);
  const picker = useRef(null);
  const value = editing ? edited : draft.body;
  const max = settings.max_body ?? 10_000;
  // before the chat itself is there: a note that was begun must not go to the client because somebody is fast
  const client = (chat?.kind ?? ui.kindOf(chatId)) === "client" || (!chat && draft.note);
  const note = client && !editing && (draft.note || (Boolean(chat) && !chat.can?.send));

  const write = (text) => (editing ? setEdited(text) : drafts.set(chatId, { body: text }));
  const insert = (start, end, text) => {
    const before = box.current.value;
    write(before.slice(0, start) + text + before.slice(end));
    const caret = start + text.length;
    requestAnimationFrame(() => {
      box.current?.focus();
      box.current?.setSelectionRange(caret, caret);
    });
  };
  const completion = useCompletion({
    chatId, insert, calls: chats.calls, mentions: !client || note,
    saved: client && !chats.me.free && !note && !editing && chat?.can?.send ? async (query) => found(await chats.saved.known(), query).slice(0, 8).map((one) => ({ key: `s${one.id}`, text: filled(one.body, chat, chats.me), whole: true, label: one.name, hint: one.body, thing: "bolt" })) : null,
  });

  useLayoutEffect(() => {
    box.current.style.height = "auto";
    box.current.style.height = `${Math.min(220, Math.max(40, box.current.scrollHeight))}px`;
  }, [value]);
  useLayoutEffect(() => {
    if (!editing) return;
    setEdited(editing.body);
    box.current.focus();
  }, [editing?.id]);
  useEffect(() => {
    ui.boxes.set(chatId, box.current);
    if (ui.wantsFocus()) box.current.focus();
    return () => ui.boxes.delete(chatId);
  }, [chatId]);

  const typed = (event) => {
    write(event.currentTarget.value);
    if (asking) setAsking(false);
    completion.changed(event.currentTarget);
    if (!editing && event.currentTarget.value.trim()) chats.typing.pressed(chatId, note);
  };

  const many = chat?.kind === "group" && chat.members > (settings.confirm_all_above ?? 15);
  const tooLong = value.length > max;
  const ready = !tooLong && (editing ? value.trim() && value !== editing.body : (value.trim() || draft.files.length) && !uploads.busy(chatId));

  async function send(confirmed = false) {
    if (!ready) return;
    completion.close();
    if (editing) {
      const { id } = editing;
      if (await chats.edit(id, value.trim())) ui.editing.value = null;
      return;
    }
    if (many && callsAll(value) && !confirmed) return setAsking(true);
    setAsking(false);
    chats.send({ chat_id: chatId, body: value.trim(), reply_to: draft.reply_to, files: draft.files, confirm_all: confirmed, note });
    drafts.clear(chatId);
    if (draft.note) drafts.set(chatId, { note: true }); // the next one is a note, too, until one says otherwise
    box.current.focus();
  }

  const keys = (event) => {
    if (event.isComposing || completion.keys(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      send(asking);
    } else if (event.key === "ArrowUp" && !value && !editing) {
      const last = ui.lastOfMine(chatId);
      if (!last) return;
      event.preventDefault();
      ui.editing.value = last;
    } else if (event.key === "Escape" && (editing || asking || draft.reply_to)) {
      event.preventDefault();
      event.stopPropagation();
      if (asking) setAsking(false);
      else if (editing) ui.editing.value = null;
      else drafts.set(chatId, { reply_to: null });
    }
  };
  const pasted = (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || editing) return;
    event.preventDefault();
    uploads.add(chatId, files);
  };

  const title = chat?.title ?? "this chat";
  const label = editing ? "Edit your message" : client ? placeholder(chat, note) : `Message to ${title}`;
  return html`<div class=${`fd-composer${editing ? " is-editing" : ""}${note ? " is-note" : ""}`}>
    ${client && !editing && html`<${Others} chatId=${chatId} talks=${chats.talks} />${chat && html`<${AnswerOrNote} chat=${chat} ui=${ui} note=${note} onChange=${(on) => { drafts.set(chatId, { note: on }); box.current.focus(); }} />`}`}
    ${editing && html`<div class="fd-composer-top"><${Icon} name="edit" size="14" /><span class="t-cut">Editing your message</span>
      <button type="button" class="fd-icon-btn fd-icon-btn--sm" aria-label="Stop editing" onClick=${() => (ui.editing.value = null)}><${Icon} name="x" /></button></div>`}
    ${!editing && draft.reply_to && html`<div class="fd-composer-top"><${Icon} name="reply" size="14" /><span class="t-cut">Replying to <b>${draft.reply_to.author.name}</b> ${draft.reply_to.body}</span>
      <button type="button" class="fd-icon-btn fd-icon-btn--sm" aria-label="Do not reply to it" onClick=${() => drafts.set(chatId, { reply_to: null })}><${Icon} name="x" /></button></div>`}
    ${asking && html`<div class="fd-composer-top is-warn" role="alert"><${Icon} name="users" size="14" /><span>Tell all ${chat.members} members of ${title}?</span>
      <button type="button" class="fd-btn fd-btn--sm fd-btn--primary fd-end" onClick=${() => send(true)}>Send to all</button>
      <button type="button" class="fd-btn fd-btn--sm" onClick=${() => { setAsking(false); box.current.focus(); }}>Cancel</button></div>`}
    <div class="fd-composer-box">
      <textarea ref=${box} rows="1" aria-label=${label} placeholder=${client ? label : `Message ${title}`} value=${value} enterkeyhint="send"
        aria-autocomplete="list" aria-haspopup="listbox" aria-controls=${completion.options ? "fd-complete" : undefined}
        aria-activedescendant=${completion.options ? `fd-complete-${completion.at}` : undefined} aria-invalid=${tooLong ? "true" : undefined}
        onInput=${typed} onKeyDown=${keys} onKeyUp=${(event) => /^Arrow(Left|Right)$|^Home$|^End$/.test(event.key) && completion.changed(event.currentTarget)}
        onPaste=${pasted} onBlur=${completion.close}></textarea>
      <${Completion} id="fd-complete" completion=${completion} />
    </div>
    ${!editing && html`<${Attachments} chatId=${chatId} chats=${chats} uploads=${uploads} />`}
    <div class="fd-composer-bar">
      ${!editing && html`<button type="button" class="fd-icon-btn fd-icon-btn--sm" aria-label="Attach file" title="Attach file" onClick=${() => picker.current.click()}><${Icon} name="clip" /></button>
        <input ref=${picker} type="file" multiple hidden onChange=${(event) => { uploads.add(chatId, event.currentTarget.files); event.currentTarget.value = ""; box.current.focus(); }} />`}
      <${EmojiButton} label="Emoji" buttonClass="fd-icon-btn fd-icon-btn--sm" onPick=${(char) => insert(box.current.selectionStart, box.current.selectionEnd, char)}><${Icon} name="smile" /><//>
      ${client && !note && !editing && !chats.me.free && html`<${SavedMenu} ui=${ui} chat=${chat} onPick=${(text) => insert(value.trim() ? box.current.selectionStart : 0, value.trim() ? box.current.selectionEnd : value.length, text)} />`}
      ${(!client || note) && html`<button type="button" class="fd-icon-btn fd-icon-btn--sm" aria-label="Mention" title="Mention" onClick=${() => mentionHere(box.current, insert, completion)}><${Icon} name="at" /></button>`}
      <span class="fd-grow"></span>
      ${value.length > max - NEARLY ? html`<span class=${tooLong ? "fd-composer-hint t-bad" : "fd-composer-hint t-3"} role=${tooLong ? "alert" : undefined}>${tooLong ? `${value.length - max} characters too long` : `${max - value.length} characters left`}</span>`
        : html`<span class="fd-composer-hint t-3 no-phone">${editing ? "Enter saves, Esc leaves it as it was" : client ? (note ? "Only your team sees it" : "Enter sends") : "Enter sends, Shift+Enter breaks the line"}</span>`}
      <button type="button" class="fd-btn fd-btn--primary fd-btn--sm" aria-disabled=${ready ? undefined : "true"} onClick=${() => send(asking)}><${Icon} name=${editing ? "check" : "send"} />${editing ? "Save" : note ? "Add note" : "Send"}</button>
    </div>
  </div>`;
}

function mentionHere(box, insert, completion) {
  const { selectionStart: at, value } = box;
  insert(at, box.selectionEnd, at && !/\s/u.test(value[at - 1]) ? " @" : "@");
  setTimeout(() => completion.changed(box), 60);
}
