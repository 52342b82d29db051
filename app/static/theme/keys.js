// Single keys of the shell, off while somebody types: "/" goes to the search, "?" presses the button that explains the keys.
const typing = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target)) return;
  const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!target || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  target.focus();
  if (target instanceof HTMLButtonElement) target.click();
  else target.select?.();
});
