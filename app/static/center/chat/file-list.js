// The files of a chat in its details: the newest ones, and all when asked for. A name leads to its message.
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../icon.js";
import { fullTime, shortTime } from "../time.js";
import { namedWords } from "./named.js";
import { fileSize } from "./text.js";

const FEW = 4;
const PAGE = 30;

export function FileList({ chat, ui }) {
  const [state, setState] = useState({ files: [], more: false, limit: FEW, error: null, busy: false });
  const load = async (limit, before) => {
    setState((old) => ({ ...old, busy: true, error: null }));
    try {
      const answer = await ui.chats.calls.files(chat.id, { limit, before });
      setState((old) => ({ files: before ? [...old.files, ...answer.files] : answer.files, more: answer.more, limit, error: null, busy: false }));
    } catch (error) {
      setState((old) => ({ ...old, error: error.message, busy: false }));
    }
  };
  // a message with files, or one that is gone, changes the list; so does a preview that is ready
  const newest = filesOf(ui.chats.historyOf(chat.id).state.value.messages);
  useEffect(() => {
    load(Math.min(Math.max(state.limit, state.files.length), 100));
  }, [chat.id, newest]);

  const { files, more, error, busy } = state;
  if (!files.length && !error) return null;
  const all = () => load(PAGE, state.limit === FEW ? undefined : files.at(-1).id);
  return html`<section class="fd-details-part" aria-labelledby="fd-chat-files"><h3 id="fd-chat-files">Files</h3>
    <ul>${files.map((file) => html`<li key=${file.id} class="fd-person fd-filed">
      <${Icon} name=${file.kind === "image" ? "image" : "file"} />
      <button type="button" class="fd-filed-name t-cut" title=${`${file.name}, ${fileSize(file.size)}, from ${namedWords(file.author)}. Go to the message`} onClick=${() => ui.jump(chat.id, file.seq)}>${file.name}</button>
      <time class="t-3 t-12" datetime=${file.at} title=${fullTime(file.at, ui.zone)}>${shortTime(file.at, ui.now.value, ui.zone)}</time>
      <a class="fd-icon-btn fd-icon-btn--sm" href=${file.url} download=${file.name} aria-label=${`Download ${file.name}`} title="Download"><${Icon} name="download" /></a></li>`)}</ul>
    ${error ? html`<p class="fd-error" role="alert">The files could not be loaded: ${error} <button type="button" class="fd-btn fd-btn--quiet fd-btn--sm" onClick=${() => load(state.limit)}>Try again</button></p>`
      : more && html`<button type="button" class=${`fd-btn fd-btn--quiet fd-btn--sm${busy ? " is-busy" : ""}`} disabled=${busy} onClick=${all}>${state.limit === FEW ? "See all" : "Show more"}</button>`}
  </section>`;
}

const filesOf = (messages) => messages.flatMap(({ files }) => files ?? []).map(({ id }) => id).join();
