// Short messages at the bottom. The page's own scripts show one by
//   document.dispatchEvent(new CustomEvent("fd:toast", { detail: { text, kind, action?: { label, run } } }))
const SECONDS = 6;
const SECONDS_TO_UNDO = 20;
const holder = document.querySelector("[data-toasts]");

function dismissLater(toast) {
  let timer = 0;
  const seconds = toast.querySelector("form") ? SECONDS_TO_UNDO : SECONDS;
  const stop = () => clearTimeout(timer);
  const start = () => {
    stop(); // the pointer and the focus may leave one after the other
    timer = setTimeout(() => toast.remove(), seconds * 1000);
  };
  for (const name of ["mouseenter", "focusin"]) toast.addEventListener(name, stop);
  for (const name of ["mouseleave", "focusout"]) toast.addEventListener(name, start);
  start();
}

// What went wrong stays until somebody has read it.
const isGrave = (toast) => /fd-toast--(danger|error|warning)/.test(toast.className);

function button(label, run) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = label;
  element.addEventListener("click", (event) => {
    run();
    event.currentTarget.closest("[data-toast]").remove();
  });
  return element;
}

document.addEventListener("fd:toast", ({ detail }) => {
  if (!holder) return;
  const toast = document.createElement("div");
  toast.className = `fd-toast fd-toast--${detail.kind ?? "info"}`;
  toast.dataset.toast = "";
  const text = document.createElement("span");
  text.textContent = detail.text;
  toast.append(text);
  if (detail.action) toast.append(button(detail.action.label, detail.action.run));
  holder.append(toast);
  if (!isGrave(toast)) dismissLater(toast);
});

document.addEventListener("click", (event) => {
  event.target.closest("[data-toast-close]")?.closest("[data-toast]").remove();
});

for (const toast of document.querySelectorAll("[data-toast]")) if (!isGrave(toast)) dismissLater(toast);
