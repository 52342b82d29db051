// Menus by the ARIA "menu button" pattern: arrows, Home, End, first letters, Escape; a click outside closes.
const items = (menu) => [...menu.querySelectorAll('[role^="menuitem"]')];
let open = null;

function close(focusButton = false) {
  if (!open) return;
  const { button, menu } = open;
  open = null;
  menu.hidden = true;
  button.setAttribute("aria-expanded", "false");
  if (focusButton) button.focus();
}

function show(root, position = 0) {
  close();
  const button = root.querySelector('[aria-haspopup="menu"]');
  const menu = root.querySelector('[role="menu"]');
  open = { root, button, menu };
  menu.hidden = false;
  button.setAttribute("aria-expanded", "true");
  items(menu).at(position)?.focus();
}

function move(event, menu) {
  const all = items(menu);
  const at = all.indexOf(document.activeElement);
  const byKey = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 };
  let target = event.key in byKey ? byKey[event.key] % all.length : -1;
  if (target < 0 && event.key.length === 1 && /\S/.test(event.key)) {
    const letter = event.key.toLowerCase();
    const later = [...all.slice(at + 1), ...all.slice(0, at + 1)];
    target = all.indexOf(later.find((item) => item.textContent.trim().toLowerCase().startsWith(letter)));
  }
  if (target < 0) return;
  event.preventDefault();
  all[target].focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest('[data-menu] [aria-haspopup="menu"]');
  if (button) {
    if (open?.button === button) close(true);
    else show(button.closest("[data-menu]"));
  } else if (open && event.target.closest('[role^="menuitem"]')) close(true);
  else if (open && !open.menu.contains(event.target)) close();
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const button = event.target.closest('[data-menu] [aria-haspopup="menu"]');
  if (button && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    show(button.closest("[data-menu]"), event.key === "ArrowDown" ? 0 : -1);
  } else if (open && event.key === "Escape") {
    event.stopImmediatePropagation();
    close(true);
  } else if (open && event.key === "Tab") close();
  else if (open?.menu.contains(event.target)) move(event, open.menu);
});
