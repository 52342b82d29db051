// The chats of a record on its card, with the client and among colleagues: the same messages and box as in the center.
import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { TalkMenu } from "../clients/talk-menu.js";
import { Icon } from "../icon.js";
import { lasting } from "../time.js";
import { chatOf } from "./chats.js";
import { Composer } from "./composer.js";
import { Thread } from "./thread.js";
import { typingWords } from "./typing.js";

const ON_SCREEN = 0.4; // so much of the section has to be seen before its messages count as read

/** `root`: `data-url` opens the internal chat by POST, `data-chat` is its id where there is one, `data-clients` the chats with the client. */
export function startCardChat(center, root) {
  const { chatUi: ui } = center;
  const chatId = signal(Number(root.dataset.chat) || null);
  const clients = JSON.parse(root.dataset.clients || "[]");
  const shown = signal(clients.some(({ open }) => open) ? clients[0].id : null); // null: the internal one
  const failed = signal(null);
  let wanted = null;

  /** Made by the first one who wants to write. */
  async function begin() {
    failed.value = null;
    wanted ??= center.api.request("POST", root.dataset.url, undefined, "");
    try {
      const { id } = await wanted;
      ui.focusNext();
      chatId.value = id;
    } catch (error) {
      failed.value = error.message;
    }
    wanted = null;
  }

  render(html`<${CardChat} center=${center} root=${root} clients=${clients} shown=${shown} chatId=${chatId} failed=${failed} begin=${begin} />`, root);
}

function CardChat({ center, root, clients, shown, chatId, failed, begin }) {
  const client = clients.find(({ id }) => id === shown.value);
  const id = client?.id ?? chatId.value;
  const tabs = clients.length > 0 && html`<div class="fd-card-chats"><div class="fd-seg" role="group" aria-label="Which chat">
    ${clients.map((one) => html`<button type="button" key=${one.id} aria-pressed=${String(one.id === client?.id)} onClick=${() => (shown.value = one.id)}>Client · ${one.number}</button>`)}
    <button type="button" aria-pressed=${String(!client)} onClick=${() => (shown.value = null)}>Internal</button></div>
    ${client && html`<${TalkOf} ui=${center.chatUi} id=${client.id} now=${center.now} />`}</div>`;
  if (!id) {
    return html`${tabs}<button type="button" class="fd-card-chat-start" onClick=${begin}><${Icon} name="chats" />${root.dataset.start}</button>
      ${failed.value && html`<p class="fd-error" role="alert">The chat could not be opened: ${failed.value}</p>`}`;
  }
  // one thread at a time: while a chat is open in the panel, the card's waits
  if (center.panelOpen.value && chatOf(center.store.opened.value)) return html`${tabs}<div class="fd-card-chat"></div>`;
  return html`${tabs}<${OpenChat} key=${id} center=${center} id=${id} kind=${client ? "client" : "card"} />`;
}

function TalkOf({ ui, id, now }) {
  const talk = ui.chats.talks.of(id);
  if (!talk) return null;
  return html`<span class="fd-end fd-row">${talk.waiting_since && html`<span class="fd-chip fd-chip--warn"><${Icon} name="clock" />Waiting ${lasting(talk.waiting_since, now.value)}</span>`}<${TalkMenu} ui=${ui} chatId=${id} talk=${talk} /></span>`;
}

function OpenChat({ center, id, kind }) {
  const { chatUi: ui } = center;
  const { chats } = ui;
  const box = useRef(null);
  const chat = chats.infos.value.get(id) ?? null;
  const problem = chats.problems.value.get(id) ?? null;
  const typing = chats.typing.shown.value.get(id) ?? [];

  useEffect(() => {
    ui.opened(id);
    const seen = new IntersectionObserver(([entry]) => {
      chats.beside.value = entry.isIntersecting ? id : null;
      ui.tellFocus();
    }, { threshold: ON_SCREEN });
    seen.observe(box.current);
    return () => {
      seen.disconnect();
      chats.beside.value = null;
      ui.left(id);
    };
  }, [id]);

  if (problem && !chat) return html`<p class="fd-panel-body t-3" role="alert" ref=${box}>The chat could not be loaded: ${problem.message}</p>`;
  return html`<div class="fd-card-chat" ref=${box}>
    <${Thread} chatId=${id} chat=${chat} kind=${kind} ui=${ui} />
    <div class="fd-typing fd-typing-line" aria-live="polite">${typing.length > 0 && html`<i aria-hidden="true"><u></u></i>${typingWords(typing)}`}</div>
    ${(chat?.can?.send || chat?.can?.note) && html`<${Composer} chatId=${id} chat=${chat} ui=${ui} />`}
  </div>`;
}
