// Ticked rows of a list: their colour, "select all" (ticked, mixed, empty), and the bar with what can be done to them.
const rows = (view) => [...document.querySelectorAll(`[data-select="${view}"]`)];

function refresh(view) {
  const all = rows(view);
  const ticked = all.filter((box) => box.checked);
  for (const box of all) box.closest("tr")?.classList.toggle("is-selected", box.checked);
  const every = document.querySelector(`[data-select-all="${view}"]`);
  if (every) {
    const mixed = ticked.length > 0 && ticked.length < all.length;
    every.checked = ticked.length > 0 && !mixed;
    every.indeterminate = mixed;
    every.classList.toggle("is-mixed", mixed);
  }
  const bar = document.querySelector(`[data-bulk="${view}"]`);
  if (!bar) return;
  bar.hidden = ticked.length === 0;
  const count = bar.querySelector("[data-bulk-count]");
  count.textContent = count.dataset.bulkCount.replace("{n}", ticked.length);
}

function tickAll(view, checked) {
  for (const box of rows(view)) box.checked = checked;
  refresh(view);
}

let last = null;
document.addEventListener("click", (event) => {
  const box = event.target.closest("[data-select]");
  if (!box) return;
  if (event.shiftKey && last && last.dataset.select === box.dataset.select) {
    const all = rows(box.dataset.select);
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    for (const between of all.slice(from, to + 1)) between.checked = box.checked;
  }
  last = box;
  refresh(box.dataset.select);
});

document.addEventListener("change", (event) => {
  const every = event.target.closest("[data-select-all]");
  if (every) tickAll(every.dataset.selectAll, every.checked);
});

document.addEventListener("click", (event) => {
  const clear = event.target.closest("[data-bulk-clear]");
  if (!clear) return;
  const view = clear.closest("[data-bulk]").dataset.bulk;
  tickAll(view, false);
  document.querySelector(`[data-select-all="${view}"]`)?.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  for (const bar of document.querySelectorAll("[data-bulk]:not([hidden])")) tickAll(bar.dataset.bulk, false);
});

// Coming back with the browser's button may bring ticks along.
for (const bar of document.querySelectorAll("[data-bulk]")) refresh(bar.dataset.bulk);
