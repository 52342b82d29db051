// The top: who answers, whether somebody is there, and the way out.
import { h, icon, iconButton, setText } from "./dom.js";

export function createHead({ boot, texts, onClose }) {
  const letters = h("span", { "aria-hidden": "true" });
  const dot = h("span", { class: "p" });
  const title = h("h1", { id: "title" });
  const status = h("p", { class: "t-3 t-12" });
  const element = h("header", { class: "w-head" }, h("span", { class: "fd-av" }, letters, dot), h("div", { class: "fd-grow" }, title, status), iconButton("x", texts.close, onClose));

  function draw({ talk, online, connection }) {
    const agent = talk?.state === "closed" ? null : talk?.agent?.name;
    const short = agent?.split(" ")[0];
    setText(title, agent ? texts.from(short, boot.name) : boot.name);
    setText(status, connection === "offline" ? texts.unconnected : online ? texts.online : texts.away);
    dot.dataset.p = online && connection !== "offline" ? "active" : "off";
    const words = initials(agent ?? boot.name);
    if (words) setText(letters, words);
    else if (!letters.firstElementChild) letters.replaceChildren(icon("chat"));
  }

  return { element, draw };
}

/** "Milo Saddler" → "MS". */
function initials(name) {
  const words = (name ?? "").split(/\s+/u).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  return [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => [...(word ?? "")][0] ?? "").join("").toUpperCase();
}
