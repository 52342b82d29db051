// The board of leads: a card goes to another stage by dragging, by Shift and an arrow, or by its own list of stages.
// It moves at once and comes back with a sentence when the server refuses.
const board = document.querySelector("[data-board]");
const said = document.querySelector("[data-board-said]");
const csrf = document.querySelector("meta[name=csrf-token]").content;

const columns = () => [...board.querySelectorAll("[data-column]")];
const columnOf = (stage) => board.querySelector(`[data-column="${CSS.escape(stage)}"]`);
const nameOf = (card) => card.querySelector(".main").textContent;

function say(text, kind = "info", action) {
  said.textContent = text;
  document.dispatchEvent(new CustomEvent("fd:toast", { detail: { text, kind, action } }));
}

function put(card, stage) {
  const list = columnOf(stage).querySelector("ul");
  card.dataset.stage = stage;
  card.querySelector("[data-move]").value = stage;
  list.prepend(card);
}

async function move(card, stage, { undoable = true } = {}) {
  const before = card.dataset.stage;
  if (stage === before) return;
  if (card.ariaBusy === "true") return void (card.querySelector("[data-move]").value = before);
  const next = card.nextElementSibling;
  const focused = card.contains(document.activeElement) ? document.activeElement : null;
  put(card, stage);
  focused?.focus();
  card.ariaBusy = "true";
  try {
    const answer = await fetch(`/api/v1/leads/${card.dataset.lead}`, {
      method: "PUT",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify({ stage_id: Number(stage) }),
    });
    if (!answer.ok) throw new Error((await answer.json().catch(() => null))?.error?.message ?? `${answer.status}`);
    const name = columnOf(stage).getAttribute("aria-label");
    const undo = undoable ? { label: board.dataset.undo, run: () => move(card, before, { undoable: false }) } : undefined;
    say(board.dataset.moved.replace("{lead}", nameOf(card)).replace("{stage}", name), "info", undo);
  } catch (error) {
    put(card, before);
    if (next?.isConnected) next.before(card);
    say(board.dataset.refused.replace("{reason}", error.message), "danger", { label: "OK", run: () => {} });
  } finally {
    card.ariaBusy = null;
  }
  await refreshTotals().catch(() => {}); // the card has moved, whatever the sums say
}

async function refreshTotals() {
  const answer = await fetch(board.dataset.totals).catch(() => null);
  if (!answer?.ok) return;
  for (const [stage, totals] of Object.entries(await answer.json())) {
    const column = columnOf(stage);
    if (!column) continue; // a stage that came after this page
    column.querySelector("[data-count]").textContent = totals.count;
    column.querySelector("[data-sums]").textContent = totals.sums;
  }
}

// -- dragging

let dragged = null;

const mark = (column) => {
  for (const one of columns()) one.classList.toggle("is-over", one === column);
};

board.addEventListener("dragstart", (event) => {
  dragged = event.target.closest("[data-lead]");
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", nameOf(dragged));
  dragged.classList.add("is-dragged");
});

board.addEventListener("dragover", (event) => {
  const column = event.target.closest("[data-column]");
  if (!dragged || !column) return;
  event.preventDefault();
  mark(column);
});

board.addEventListener("drop", (event) => {
  const column = event.target.closest("[data-column]");
  if (!dragged || !column) return;
  event.preventDefault();
  void move(dragged, column.dataset.column);
});

board.addEventListener("dragend", () => {
  dragged?.classList.remove("is-dragged");
  dragged = null;
  mark(null);
});

// -- keys and the list of stages

board.addEventListener("keydown", (event) => {
  const card = event.target.closest("[data-lead]");
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!card || !step || !event.shiftKey || event.target.matches("select")) return;
  event.preventDefault();
  const all = columns();
  const target = all[all.indexOf(columnOf(card.dataset.stage)) + step];
  if (target) void move(card, target.dataset.column);
});

board.addEventListener("change", (event) => {
  const select = event.target.closest("[data-move]");
  if (select) void move(select.closest("[data-lead]"), select.value);
});

// -- each column loads as it scrolls

async function load(row) {
  if (row.ariaBusy === "true") return;
  row.ariaBusy = "true";
  const answer = await fetch(row.dataset.more).then((got) => (got.ok ? got.text() : null)).catch(() => null);
  if (answer === null) return void (row.ariaBusy = null);
  const part = document.createRange().createContextualFragment(answer);
  for (const card of part.querySelectorAll("[data-lead]")) {
    if (board.querySelector(`[data-lead="${card.dataset.lead}"]`)) card.remove();
  }
  row.replaceWith(part);
  watchAll();
}

const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) void load(entry.target);
});

function watchAll() {
  for (const row of board.querySelectorAll("[data-more]")) watcher.observe(row);
}

board.addEventListener("click", (event) => {
  const row = event.target.closest("button") && event.target.closest("[data-more]");
  if (row) void load(row);
});
watchAll();

for (const box of document.querySelectorAll("[data-submit]")) box.addEventListener("change", () => box.form.submit());
