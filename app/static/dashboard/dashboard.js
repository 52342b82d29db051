// The dashboard: draws the charts, and keeps the numbers of an open page up to date. A page nobody sees waits.
import { draw, redraw } from "./charts.js";

const EVERY_MS = 60_000;
const root = document.querySelector("[data-dash]");

function fill(cells) {
  for (const cell of document.querySelectorAll("[data-cell]")) {
    const fresh = cells[cell.dataset.cell];
    if (!fresh) continue;
    const [value, change, verdict] = fresh;
    const shown = cell.querySelector("[data-cell-value]");
    const beside = cell.querySelector("[data-cell-change]");
    if (shown.textContent !== value) shown.textContent = value;
    if (beside.textContent !== change) beside.textContent = change;
    beside.dataset.verdict = verdict;
  }
}

async function refresh() {
  const answer = await fetch(root.dataset.dash, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { cells, charts, as_of: asOf } = await answer.json();
  fill(cells);
  draw(charts);
  const time = document.querySelector("[data-dash-as-of]");
  if (!time || !asOf) return;
  time.dateTime = asOf.at;
  time.textContent = asOf.words;
}

function later() {
  const again = () => refresh().catch(() => {}).finally(later);
  setTimeout(() => {
    if (document.hidden) document.addEventListener("visibilitychange", again, { once: true });
    else again();
  }, EVERY_MS);
}

/** Days that somebody enters are a period of their own. */
function followDays() {
  const period = document.querySelector("[data-dash-period]");
  for (const input of document.querySelectorAll(".fd-dash-days input[type=date]"))
    input.addEventListener("change", () => (period.value = "custom"));
}

/** The filter closes like every menu: by Escape and by a click beside it. */
function closeFilter() {
  const filter = document.querySelector(".fd-dash-filter");
  filter.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    filter.open = false;
    filter.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => {
    if (filter.open && !filter.contains(event.target) && event.target.isConnected) filter.open = false;
  });
  const form = filter.querySelector("form");
  form.addEventListener("submit", () => {
    const boxes = [...form.querySelectorAll("[name=sections]")];
    // All is what an address without them means.
    if (boxes.every((box) => box.checked)) for (const box of boxes) box.disabled = true;
    const period = form.querySelector("[data-dash-period]");
    if (period.value !== "custom") for (const day of form.querySelectorAll("input[type=date]")) day.disabled = true;
  });
}

followDays();
closeFilter();
draw(JSON.parse(document.getElementById("dash-charts").textContent));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
if (root) later();
