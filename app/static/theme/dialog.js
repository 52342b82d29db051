// Opens a page's dialog from whatever carries data-dialog="its id". With data-action its form goes there, data-subject
// is what it is about. Without JavaScript a link leads to the page with the same form.
function open(trigger) {
  const dialog = document.getElementById(trigger.dataset.dialog);
  if (!dialog) return false;
  const form = dialog.querySelector("form");
  if (trigger.dataset.action && form) form.action = trigger.dataset.action;
  const subject = dialog.querySelector("[data-dialog-subject]");
  if (subject) subject.textContent = trigger.dataset.subject ?? "";
  for (const part of dialog.querySelectorAll("[data-not-all-day]")) part.hidden = trigger.dataset.allDay === "true";
  dialog.showModal();
  dialog.querySelector("[autofocus], textarea, input:not([type=hidden]), select")?.focus();
  dialog.addEventListener("close", () => trigger.isConnected && trigger.focus(), { once: true });
  return true;
}

document.addEventListener("click", (event) => {
  const trigger = event.target.closest("[data-dialog]");
  if (trigger && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
    if (open(trigger)) event.preventDefault();
    return;
  }
  event.target.closest("[data-dialog-close]")?.closest("dialog")?.close();
});
