// One message as a bubble: text with links, files, and below it who, when and how far it has come.
import { fileSize, pieces } from "../center/chat/text.js";
import { h, icon, setText } from "./dom.js";

/** Rows for `arrange`. `onRetry(id)`, `onDiscard(id)`: of a message that was not sent. */
export function createSay({ texts, times, onRetry, onDiscard }) {
  function link(piece) {
    return h("a", { href: piece.href, target: "_blank", rel: "noopener noreferrer nofollow" }, piece.text);
  }

  function words(body) {
    return h("p", {}, pieces(body).map((piece) => (piece.kind === "link" ? link(piece) : piece.text)));
  }

  function file(one) {
    const about = h("span", { class: "w-file-name" }, one.name);
    const picture = one.kind === "image" && one.thumbnail === "done" && one.thumbnail_url;
    if (picture) {
      const scale = Math.min(1, 220 / (one.width || 220), 180 / (one.height || 180));
      const size = one.width && one.height ? { width: Math.round(one.width * scale), height: Math.round(one.height * scale) } : {};
      return h("a", { class: "w-pic", href: one.url, download: one.name, "aria-label": texts.download(one.name) }, h("img", { src: picture, alt: one.name, loading: "lazy", ...size }));
    }
    return h("a", { class: "w-file", href: one.url, download: one.name, "aria-label": texts.download(one.name) }, icon(one.kind === "image" ? "image" : "file"), about, h("span", { class: "t-3" }, fileSize(one.size)));
  }

  function content(message) {
    if (message.deleted) return [h("p", { class: "is-deleted" }, texts.deleted)];
    return [message.body ? words(message.body) : null, message.files?.length ? h("div", { class: "w-files" }, message.files.map(file)) : null];
  }

  /** A message that the server has. `last`: of several in a row, the one that says who and when. */
  function row(message, { mine, last, seen }) {
    const name = mine ? texts.you : message.author.name || texts.team;
    const state = seen ? texts.seen : texts.delivered;
    const parts = [mine ? null : name.split(" ")[0], times.clock(message.created_at), message.edited_at && !message.deleted ? texts.edited : null, mine ? state : null];
    const below = last ? parts.filter(Boolean).join(" · ") : "";
    const files = (message.files ?? []).map(({ id, thumbnail }) => `${id}${thumbnail}`).join();
    const what = `${message.body}|${message.deleted}|${files}`;
    return {
      key: mine && message.client_id ? message.client_id : `m${message.id}`,
      sign: `${what}|${below}`,
      draw: () => bubble(mine, name),
      update: (element) => fill(element, what, () => content(message), below, times.full(message.created_at)),
    };
  }

  /** A message on its way. */
  function pending(entry) {
    const failed = entry.state === "failed";
    const what = `${entry.body}|false|`;
    const name = `${entry.body}|${entry.files.length}|${entry.state}|${entry.error}`;
    return {
      key: entry.client_id,
      sign: name,
      draw: () => bubble(true, texts.you),
      update: (element) => {
        const files = entry.files.map((one) => h("span", { class: "w-file" }, icon("file"), h("span", { class: "w-file-name" }, one.name)));
        fill(element, what, () => [entry.body ? words(entry.body) : null, files.length ? h("div", { class: "w-files" }, files) : null], "", "");
        const meta = element.lastElementChild;
        meta.hidden = false;
        meta.classList.toggle("is-failed", failed);
        if (!failed) return setText(meta, entry.state === "waiting" ? texts.waiting : texts.sending);
        return meta.replaceChildren(
          h("span", {}, icon("alert"), `${texts.failed} ${entry.error ?? ""}`.trim()),
          h("button", { type: "button", onclick: () => onRetry(entry.client_id) }, texts.retry),
          h("button", { type: "button", onclick: () => onDiscard(entry.client_id) }, texts.discard),
        );
      },
    };
  }

  function bubble(mine, name) {
    return h("div", { class: mine ? "fd-say fd-say--us" : "fd-say" }, h("span", { class: "fd-sr" }, `${name}: `), h("div", { class: "w-said" }), h("div", { class: "fd-say-meta", hidden: true }));
  }

  /** Changes only what differs: the same element goes from "sending" to "seen". */
  function fill(element, what, draw, below, title) {
    const [, said, meta] = element.children;
    if (element.fdWhat !== what) said.replaceChildren(...draw().filter(Boolean));
    element.fdWhat = what;
    meta.classList.remove("is-failed");
    setText(meta, below);
    meta.hidden = !below;
    if (title) meta.title = title;
  }

  /** What nobody wrote: the greeting. */
  const plain = (key, text) => ({ key, sign: text, draw: () => h("div", { class: "fd-say" }, h("span", { class: "fd-sr" }, `${texts.team}: `), h("div", { class: "w-said" }, words(text))) });

  return { row, pending, plain };
}
