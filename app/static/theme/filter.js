// "Filter" above a list: pick a field, then its condition and value; the page is loaded with one filter more.
for (const root of document.querySelectorAll("[data-filter]")) {
  const button = root.querySelector("[data-filter-open]");
  const panel = root.querySelector("form");
  const column = root.querySelector("[data-filter-column]");
  const rest = root.querySelector("[data-filter-rest]");

  const showRest = () => {
    const template = panel.querySelector(`template[data-column="${CSS.escape(column.value)}"]`);
    rest.replaceChildren(template.content.cloneNode(true));
    const holder = rest.querySelector("[data-filter-value]");
    const value = holder.querySelector("input, select, textarea");
    const operation = rest.querySelector("[data-filter-operation]");
    value.id = "filter-value";
    value.required = true;
    const rename = () => (value.name = operation.value);
    operation.addEventListener("change", rename);
    rename();
    document.dispatchEvent(new CustomEvent("fd:added", { detail: rest }));
  };

  const setOpen = (open) => {
    panel.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (open) column.focus();
  };

  column.addEventListener("change", showRest);
  button.addEventListener("click", () => {
    if (!rest.childElementCount) showRest();
    setOpen(panel.hidden);
  });
  root.querySelector("[data-filter-close]").addEventListener("click", () => {
    setOpen(false);
    button.focus();
  });
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || panel.hidden || event.defaultPrevented) return;
    event.stopPropagation();
    setOpen(false);
    button.focus();
  });
  document.addEventListener("click", (event) => {
    if (!panel.hidden && !event.composedPath().includes(root)) setOpen(false);
  });
}
