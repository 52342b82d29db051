// The search at the top of every page: the ARIA combobox pattern over /api/v1/search/records. Text only, never markup.
import { el, icon } from "./elements.js";

const WAIT_MS = 180;
const LABELS = { leads: "Leads", contacts: "Contacts", companies: "Companies", talks: "Talks", chats: "Chats" };
const ICONS = { talks: "chat", leads: "target", contacts: "user", companies: "building", chats: "chats" };

class Search {
  constructor(root) {
    this.root = root;
    this.input = root.querySelector("input");
    this.list = root.querySelector("[role=listbox]");
    this.state = root.querySelector("[role=status]");
    this.at = 0;
    this.input.addEventListener("input", () => this.type());
    this.input.addEventListener("focus", () => this.options().length && this.open(true));
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    root.addEventListener("focusout", (event) => root.contains(event.relatedTarget) || this.open(false));
    root.addEventListener("submit", (event) => event.preventDefault());
    document.querySelector("[data-search-open]")?.addEventListener("click", () => this.input.focus());
  }

  options() {
    return [...this.list.querySelectorAll("[role=option]")];
  }

  open(shown) {
    this.list.hidden = !shown;
    this.input.setAttribute("aria-expanded", String(shown));
    if (!shown) this.input.removeAttribute("aria-activedescendant");
  }

  type() {
    clearTimeout(this.timer);
    this.request?.abort();
    const words = this.input.value.trim();
    if (!words) {
      this.list.replaceChildren();
      this.state.textContent = "";
      return this.open(false);
    }
    this.timer = setTimeout(() => this.find(words), WAIT_MS);
    return undefined;
  }

  async find(words) {
    this.request = new AbortController();
    const url = new URL("/api/v1/search/records", location.href);
    url.searchParams.set("q", words);
    try {
      const response = await fetch(url, { headers: { Accept: "application/json" }, signal: this.request.signal });
      const answer = await response.json();
      if (response.ok) this.show(answer, words);
      else this.say(answer.error?.message ?? "The search did not answer.");
    } catch (error) {
      if (error.name !== "AbortError") this.say("No connection to the server.");
    }
  }

  show(answer, words) {
    let count = 0;
    // A number means a talk; words mean a record rather than what was said about it.
    const kinds = Object.keys(LABELS);
    const order = /^#?\d+$/.test(words) ? ["talks", ...kinds.filter((kind) => kind !== "talks")] : kinds;
    const groups = order.map((kind) => [kind, answer[kind] ?? []]).filter(([, hits]) => hits.length);
    this.list.replaceChildren(...groups.map(([kind, hits]) => {
      const head = el("div", { class: "fd-top-kind", id: `fd-top-${kind}`, role: "presentation" }, LABELS[kind]);
      const rows = hits.map((hit) => {
        const option = el("a", { role: "option", id: `fd-top-hit-${count}`, href: hit.url, tabindex: "-1", "aria-selected": "false" },
          icon(ICONS[kind]), el("span", { class: "t-cut" }, hit.title), el("span", { class: "t-3 t-12 t-cut" }, hit.sub));
        count += 1;
        return option;
      });
      return el("div", { role: "group", "aria-labelledby": head.id }, head, ...rows);
    }));
    this.shown = words;
    if (!count) return this.say(`Nothing is called “${words}”.`);
    this.state.textContent = count === 1 ? "1 result" : `${count} results`;
    this.open(true);
    return this.choose(0);
  }

  say(text) {
    this.list.replaceChildren(el("div", { class: "fd-top-none", role: "presentation" }, text));
    this.state.textContent = text;
    this.open(true);
  }

  choose(at) {
    const all = this.options();
    if (!all.length) return;
    this.at = (at + all.length) % all.length;
    all.forEach((option, number) => option.setAttribute("aria-selected", String(number === this.at)));
    this.input.setAttribute("aria-activedescendant", all[this.at].id);
    all[this.at].scrollIntoView({ block: "nearest" });
  }

  /** What was found for fewer letters may be chosen while it has those that stand there now. */
  fits(option) {
    const words = this.input.value.trim();
    return this.shown === words || words.toLowerCase().split(/\s+/).every((word) => option.textContent.toLowerCase().includes(word));
  }

  key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps && !this.list.hidden) {
      event.preventDefault();
      this.choose(this.at + steps[event.key]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const option = this.list.hidden ? null : this.options()[this.at];
      if (option && this.fits(option)) option.click();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      if (this.list.hidden) this.input.blur();
      this.input.value = "";
      this.type();
    }
  }
}

for (const root of document.querySelectorAll("[data-top-search]")) new Search(root);
