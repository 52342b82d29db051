// Files: on their way up with progress, beside the text before it is sent, and in messages.
import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { Icon } from "../icon.js";
import { fileSize } from "./text.js";

const MOST = 10;

/** Uploads of all chats of this page. Finished ones move into the chat's draft. */
export function createUploads({ calls, drafts, settings, say }) {
  const running = signal([]); // {key, chatId, name, size, part, error, cancel, file}
  const previews = new Map(); // file id → object URL, until the server's own thumbnail is there
  let keys = 0;

  const update = (key, part) => (running.value = running.peek().map((one) => (one.key === key ? { ...one, ...part } : one)));
  const drop = (key) => (running.value = running.peek().filter((one) => one.key !== key));
  const inChat = (chatId) => running.value.filter((one) => one.chatId === chatId);

  function add(chatId, list) {
    const free = MOST - drafts.peek(chatId).files.length - running.peek().filter((one) => one.chatId === chatId).length;
    const files = [...list];
    if (files.length > free) say({ text: `A message takes at most ${MOST} files.`, bad: true });
    for (const file of files.slice(0, Math.max(0, free))) start(chatId, file);
  }

  function start(chatId, file) {
    const key = ++keys;
    const entry = { key, chatId, name: file.name || "picture.png", size: file.size, part: 0, error: null, cancel: () => drop(key), file };
    running.value = [...running.peek(), entry];
    const limit = settings.max_file_bytes;
    if (limit && file.size > limit) return update(key, { error: `Too big: at most ${fileSize(limit)}` });
    if (!file.size) return update(key, { error: "This file is empty" });
    const { done, cancel } = calls.upload(`/chats/${chatId}/files`, file, (part) => update(key, { part }));
    update(key, { cancel });
    return done.then(
      (stored) => {
        if (file.type.startsWith("image/")) previews.set(stored.id, URL.createObjectURL(file));
        drop(key);
        drafts.set(chatId, { files: [...drafts.peek(chatId).files, stored] });
      },
      (error) => (error.code === "cancelled" ? drop(key) : update(key, { error: error.message, retriable: error.status === 0 })),
    );
  }

  function again({ key, chatId, file }) {
    drop(key);
    start(chatId, file);
  }

  function remove(entry) {
    if (entry.error) drop(entry.key);
    else entry.cancel();
  }

  return { add, again, remove, inChat, previews, busy: (chatId) => inChat(chatId).some(({ error }) => !error) };
}

/** What will go with the next message. */
export function Attachments({ chatId, chats, uploads }) {
  const { files } = chats.drafts.get(chatId);
  const running = uploads.inChat(chatId);
  if (!files.length && !running.length) return null;
  const without = (id) => chats.drafts.set(chatId, { files: files.filter((file) => file.id !== id) });
  return html`<ul class="fd-ups" aria-label="Files of this message">
    ${files.map((file) => html`<li key=${file.id} class="fd-up"><${Icon} name=${file.kind === "image" ? "image" : "file"} size="16" />
      <span class="t-cut">${file.name}</span><span class="t-3">${fileSize(file.size)}</span>
      <button type="button" class="fd-icon-btn fd-icon-btn--sm" aria-label=${`Remove ${file.name}`} onClick=${() => without(file.id)}><${Icon} name="x" /></button></li>`)}
    ${running.map((one) => html`<li key=${`up-${one.key}`} class=${one.error ? "fd-up is-failed" : "fd-up"}><${Icon} name=${one.error ? "alert" : "up"} size="16" />
      <span class="t-cut">${one.name}</span>
      ${one.error ? html`<span role="alert">${one.error}</span>` : html`<progress max="1" value=${one.part} aria-label=${`Uploading ${one.name}`}></progress>`}
      ${one.retriable && html`<button type="button" class="fd-icon-btn fd-icon-btn--sm" aria-label=${`Upload ${one.name} again`} onClick=${() => uploads.again(one)}><${Icon} name="refresh" /></button>`}
      <button type="button" class="fd-icon-btn fd-icon-btn--sm" aria-label=${`${one.error ? "Remove" : "Cancel"} ${one.name}`} onClick=${() => uploads.remove(one)}><${Icon} name="x" /></button></li>`)}
  </ul>`;
}

/** Files in a message. `onLook(file)` shows a picture large. */
export function Files({ files, previews, onLook }) {
  if (!files?.length) return null;
  return html`<div class="fd-files">${files.map((file) => html`<${OneFile} key=${file.id} file=${file} preview=${previews.get(file.id)} onLook=${onLook} />`)}</div>`;
}

function OneFile({ file, preview, onLook }) {
  const picture = file.kind === "image";
  const source = file.thumbnail_url && file.thumbnail !== "pending" ? file.thumbnail_url : preview;
  const { width, height } = fitted(file.width, file.height);
  return html`<div class="fd-file">
    ${picture && html`<button type="button" class="fd-file-pic" style=${{ aspectRatio: `${width} / ${height}`, width: `${width}px` }} aria-label=${`Show ${file.name} large`} onClick=${() => onLook(file)}>
      ${source ? html`<img src=${source} alt=${file.name} loading="lazy" decoding="async" />` : html`<${Icon} name="image" />`}</button>`}
    <div class="fd-file-meta"><${Icon} name=${picture ? "image" : "file"} size="16" /><span class="t-cut fd-grow" title=${file.name}>${file.name}</span><span class="t-3 t-num">${fileSize(file.size)}</span>
      ${file.url && html`<a class="fd-icon-btn fd-icon-btn--sm" href=${file.url} download=${file.name} aria-label=${`Download ${file.name}`} title="Download"><${Icon} name="download" /></a>`}</div>
  </div>`;
}

/** The place of a picture is known before it is there, so that nothing jumps. */
function fitted(width, height) {
  if (!width || !height) return { width: 278, height: 150 };
  const scale = Math.min(1, 278 / width, 220 / height);
  return { width: Math.max(160, Math.round(width * scale)), height: Math.max(60, Math.round(height * scale)) };
}
