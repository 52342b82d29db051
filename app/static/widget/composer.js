// Where the visitor writes. Enter sends where there is a real keyboard; what was typed outlives the page.
import { arrange, h, icon, iconButton, setText } from "./dom.js";

const TYPING_EVERY_MS = 3_000;
const HIGHEST_PX = 140;

/**
 * `onSend(body, files)`, `onTyping()`; `uploads`: createUploads; `hasChat()`; `onItsWay()`: is a message under way
 * that will open one? Without a chat the words go first and open it, then the files follow in a message of their own.
 */
export function createComposer({ boot, texts, storage, uploads, hasChat, onItsWay, onSend, onTyping, touch, clock = Date.now }) {
  const name = `frontdesk-draft:${boot.key}`;
  const text = h("textarea", { rows: "1", "aria-label": texts.message, placeholder: texts.write, autocomplete: "off", enterkeyhint: touch ? "enter" : "send", "aria-describedby": "composer-error" });
  const files = h("ul", { class: "w-ups", "aria-label": texts.filesOf, hidden: true });
  const error = h("p", { class: "w-error", role: "alert", id: "composer-error" });
  const picker = h("input", { type: "file", multiple: true, hidden: true, tabindex: "-1", "aria-label": texts.attach });
  const attach = iconButton("clip", texts.attach, () => picker.click(), "fd-icon-btn fd-icon-btn--sm");
  const send = h("button", { class: "fd-icon-btn fd-icon-btn--sm w-send", "aria-label": texts.send, title: texts.send }, icon("send"));
  const element = h("form", { class: "fd-composer" }, files, text, error, h("div", { class: "fd-composer-bar" }, attach, picker, h("span", { class: "fd-grow" }), send));
  let lastTyping = 0;
  let following = null; // what goes as soon as the files are up: "files", whose words went ahead, or "all"

  text.value = storage.getItem(name) ?? "";

  function grow() {
    text.style.height = "auto";
    text.style.height = `${Math.min(HIGHEST_PX, text.scrollHeight)}px`;
  }

  function keepDraft() {
    if (text.value) storage.setItem(name, text.value);
    else storage.removeItem(name);
  }

  const problem = (words) => setText(error, words);

  function submit(event) {
    event?.preventDefault();
    const body = text.value.trim();
    const waiting = uploads.busy();
    if (!body && !uploads.entries().some(({ state }) => state !== "failed")) return text.focus();
    if (body.length > boot.max_body) return problem(texts.tooLong(boot.max_body));
    if (!hasChat() && uploads.busy()) {
      if (!body && !onItsWay()) return problem(texts.wordsFirst), text.focus();
      following = "files";
      if (body) onSend(body, []);
    } else if (waiting) {
      following = "all"; // sent as soon as the last one is up, unless the visitor goes on writing
      return undefined;
    } else {
      onSend(body, uploads.takeDone());
    }
    text.value = "";
    problem("");
    keepDraft();
    grow();
    text.focus();
    return undefined;
  }

  element.addEventListener("submit", submit);
  element.addEventListener("mousedown", (event) => event.target === element && (event.preventDefault(), text.focus()));
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !touch) submit(event);
  });
  text.addEventListener("input", () => {
    keepDraft();
    grow();
    problem("");
    if (following === "all") following = null;
    if (text.value.trim() && clock() - lastTyping > TYPING_EVERY_MS) {
      lastTyping = clock();
      onTyping();
    }
  });
  text.addEventListener("paste", (event) => {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    uploads.add(event.clipboardData.files);
  });
  picker.addEventListener("change", () => {
    uploads.add(picker.files);
    picker.value = "";
    text.focus();
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer?.files.length && !text.disabled) uploads.add(event.dataTransfer.files);
  });

  function row(one) {
    const waits = one.state === "waiting";
    return {
      key: one.key,
      sign: `${one.state}|${one.part}|${one.error}`,
      draw: () => h("li", { class: "w-up" }, icon("file"), h("span", { class: "w-file-name" }, one.name), h("span", { class: "w-up-state" }), iconButton("x", texts.remove(one.name), () => uploads.remove(one.key), "fd-icon-btn fd-icon-btn--sm")),
      update(item) {
        item.classList.toggle("is-failed", one.state === "failed");
        const how = item.querySelector(".w-up-state");
        if (one.state === "going") {
          if (!how.querySelector("progress")) how.replaceChildren(h("progress", { max: "1", "aria-label": texts.uploading(one.name) }));
          how.firstChild.value = one.part;
        } else {
          how.setAttribute("role", one.error ? "alert" : "presentation");
          how.replaceChildren(one.error ?? (waits ? texts.fileWaits : ""), one.again ? iconButton("refresh", texts.uploadAgain(one.name), () => uploads.again(one.key), "fd-icon-btn fd-icon-btn--sm") : "");
        }
      },
    };
  }

  /** Files have moved on, or the state of the chat has. */
  function draw(state) {
    arrange(files, uploads.entries().map(row));
    files.hidden = !uploads.entries().length;
    if (following && !uploads.busy()) {
      const what = following;
      following = null;
      if (!uploads.entries().some(({ state: how }) => how === "failed")) {
        const any = uploads.entries().length > 0;
        if (what === "all" && (any || text.value.trim())) submit();
        if (what === "files" && any) onSend("", uploads.takeDone()); // what is being written meanwhile stays
      }
    }
    const closed = state.talk && state.talk.state !== "open";
    text.placeholder = closed ? texts.writeMore : texts.write;
    for (const control of [text, attach, send]) control.disabled = state.connection === "ended";
  }

  return { element, text, draw, grow, problem };
}
