// A select that is searched by typing: the ARIA 1.2 combobox with a list, over a <select> that keeps name and value.
//   <select class="fd-lookup" data-url="/lookup/contacts">   options come from data-url?q=, {"results": [{id, text, sub?}]}
//   <select class="fd-zone">, FAB's "my_select2">           options are already there
// With "multiple" the chosen ones stand before the field as chips. Without JavaScript the plain select remains.
import { el } from "./elements.js";

const WAIT_MS = 150;
const LONG_LIST = 8;
let counter = 0;

const chosen = (select) => [...select.selectedOptions].filter((option) => option.value && option.value !== "__None");

/** Returns the matching entries: from the server, or from the options that the page came with. */
async function find(select, text, signal) {
  if (!select.dataset.url) {
    const wanted = text.toLowerCase();
    return [...select.options]
      .filter((option) => option.value && option.value !== "__None" && option.text.toLowerCase().includes(wanted))
      .map((option) => ({ id: option.value, text: option.text }));
  }
  const url = new URL(select.dataset.url, location.href);
  url.searchParams.set("q", text);
  const response = await fetch(url, { headers: { Accept: "application/json" }, signal });
  if (!response.ok) throw new Error(`lookup answered ${response.status}`);
  return (await response.json()).results;
}

class Lookup {
  constructor(select) {
    this.select = select;
    this.multiple = select.multiple;
    const id = select.id || `lookup-${++counter}`;
    select.id = `${id}-select`;
    this.list = el("ul", { role: "listbox", id: `${id}-list`, class: "fd-menu fd-combo-list", "aria-label": this.label(id) });
    this.list.hidden = true;
    this.status = el("span", { role: "status", class: "fd-sr" });
    this.chips = el("span", { class: "fd-combo-chips" });
    this.input = el("input", {
      id, type: "text", role: "combobox", class: "fd-input fd-combo-input", autocomplete: "off", spellcheck: "false",
      "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id,
      placeholder: select.dataset.placeholderText || (this.multiple ? "Add…" : "Type to search"),
    });
    if (!document.querySelector(`label[for="${CSS.escape(id)}"]`)) this.input.setAttribute("aria-label", this.label(id));
    for (const name of ["aria-describedby", "aria-invalid", "disabled", "autofocus"]) {
      if (select.hasAttribute(name)) this.input.setAttribute(name, select.getAttribute(name));
    }
    this.input.required = select.required;
    select.required = false;
    select.hidden = true;
    select.after(el("div", { class: "fd-combo" }, this.chips, this.input, this.list, this.status));
    this.input.addEventListener("input", () => this.search());
    this.input.addEventListener("click", () => this.search(true));
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.leave());
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => this.pick(event.target.closest('[role="option"]')));
    this.show();
  }

  label(id) {
    return document.querySelector(`label[for="${CSS.escape(id)}"]`)?.textContent.replace("*", "").trim() || "Choose";
  }

  /** Writes what is chosen into the field, or as chips before it. */
  show() {
    const picked = chosen(this.select);
    if (!this.multiple) {
      this.input.value = picked[0]?.text ?? "";
      return;
    }
    this.input.value = "";
    this.chips.replaceChildren(
      ...picked.map((option) => {
        const remove = el("button", { type: "button", "aria-label": `Remove ${option.text}` }, "×");
        remove.addEventListener("click", () => this.unpick(option));
        return el("span", { class: "fd-chip" }, option.text, remove);
      }),
    );
  }

  /** What is still being looked for opens the list no more. */
  stop() {
    clearTimeout(this.timer);
    this.running?.abort();
    this.looking = false;
  }

  async search(all = false) {
    this.stop();
    this.looking = true;
    const text = all ? "" : this.input.value.trim();
    if (!all && this.select.dataset.url) await new Promise((done) => (this.timer = setTimeout(done, WAIT_MS)));
    this.running = new AbortController();
    try {
      this.offer(await find(this.select, text, this.running.signal));
    } catch (error) {
      if (error.name !== "AbortError") this.offer([], "The search is not reachable. Try again.");
    }
  }

  offer(results, message = "Nothing found") {
    this.looking = false;
    const picked = new Set(chosen(this.select).map((option) => option.value));
    this.list.replaceChildren(
      ...results.map((entry, index) => {
        const option = el("li", {
          role: "option", id: `${this.list.id}-${index}`, "aria-selected": String(picked.has(String(entry.id))),
        }, el("span", {}, entry.text));
        if (entry.sub) option.append(el("span", { class: "t-3 t-12" }, entry.sub));
        option.dataset.id = entry.id;
        option.dataset.text = entry.text;
        return option;
      }),
    );
    if (!results.length) this.list.append(el("li", { role: "option", "aria-disabled": "true", class: "t-3" }, message));
    this.status.textContent = results.length ? `${results.length} found` : message;
    this.setOpen(document.activeElement === this.input);
  }

  setOpen(open) {
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    this.mark(null);
  }

  mark(option) {
    this.list.querySelector(".is-hover")?.classList.remove("is-hover");
    this.active = option;
    if (!option) return this.input.removeAttribute("aria-activedescendant");
    option.classList.add("is-hover");
    option.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option.id);
  }

  key(event) {
    const options = [...this.list.querySelectorAll('[role="option"]:not([aria-disabled])')];
    const at = options.indexOf(this.active);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.list.hidden) return void this.search(true);
      const step = event.key === "ArrowDown" ? at + 1 : at < 0 ? options.length - 1 : at - 1 + options.length;
      this.mark(options[step % options.length] ?? null);
    } else if (event.key === "Enter" && (this.looking || !this.list.hidden)) {
      event.preventDefault(); // what is still being looked for is neither chosen nor sent
      const option = this.list.hidden ? null : (this.active ?? (options.length === 1 ? options[0] : null));
      if (option && (!this.looking || option.textContent.toLowerCase().includes(this.input.value.trim().toLowerCase()))) this.pick(option);
    } else if (event.key === "Escape" && (this.looking || !this.list.hidden)) {
      event.preventDefault();
      event.stopPropagation();
      this.stop();
      this.show();
      this.setOpen(false);
    } else if (event.key === "Backspace" && this.multiple && !this.input.value) {
      const last = chosen(this.select).at(-1);
      if (last) this.unpick(last);
    }
  }

  pick(option) {
    if (!option?.dataset.id) return;
    this.stop();
    const { id, text } = option.dataset;
    let target = [...this.select.options].find((known) => known.value === id);
    if (!target) this.select.add((target = new Option(text, id)));
    target.selected = this.multiple ? !target.selected : true;
    this.changed();
    this.setOpen(false); // what stands below, Save often, must not stay covered
  }

  unpick(option) {
    option.selected = false;
    this.changed();
    this.input.focus();
  }

  changed() {
    this.show();
    this.select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** Text that names nothing is taken back; an emptied field means "nobody". */
  leave() {
    this.stop();
    this.setOpen(false);
    if (!this.multiple && !this.input.value.trim() && chosen(this.select).length) {
      const none = [...this.select.options].find((option) => !option.value || option.value === "__None");
      if (none) none.selected = true;
      else this.select.prepend(new Option("", "", true, true));
      this.changed();
    }
    this.show();
  }
}

// Who has not chosen a zone yet lives where the browser says.
function chooseZone(select) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = [...select.options].some((option) => option.value === here);
  if (known && !select.querySelector("option[selected]")) select.value = here;
}

function enhance(root) {
  root.querySelectorAll("select.fd-zone").forEach(chooseZone);
  for (const select of root.querySelectorAll("select.fd-lookup, select.fd-zone, select.my_select2")) {
    if (select.hidden) continue;
    if (select.dataset.url || select.multiple || select.options.length > LONG_LIST) new Lookup(select);
  }
}

enhance(document);
document.addEventListener("fd:added", (event) => enhance(event.detail));
