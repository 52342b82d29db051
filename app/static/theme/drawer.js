// The side navigation as a drawer on phones. The page behind it is inert while it is open.
const scrim = document.querySelector("[data-drawer-scrim]");
const button = document.querySelector("[data-drawer]");
const nav = button && document.getElementById(button.dataset.drawer);

function setOpen(open) {
  nav.classList.toggle("is-open", open);
  scrim.hidden = !open;
  button.setAttribute("aria-expanded", String(open));
  document.getElementById("main").inert = open;
  if (open) (nav.querySelector("[aria-current]") ?? nav.querySelector("a"))?.focus();
  else button.focus();
}

if (nav && scrim) {
  button.addEventListener("click", () => setOpen(!nav.classList.contains("is-open")));
  scrim.addEventListener("click", () => setOpen(false));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && nav.classList.contains("is-open")) {
      event.stopImmediatePropagation();
      setOpen(false);
    }
  });
  matchMedia("(max-width: 640px)").addEventListener("change", (event) => {
    if (!event.matches && nav.classList.contains("is-open")) setOpen(false);
  });
}

// Groups of Settings stay as they were left; the one of the shown page is open anyway.
const KEPT = "fd-nav-open";
const groups = [...document.querySelectorAll("[data-nav-group]")];

function kept() {
  try {
    return new Set(JSON.parse(localStorage.getItem(KEPT) ?? "[]"));
  } catch {
    return new Set(); // storage is switched off, or holds something else
  }
}

const open = kept();
for (const group of groups) {
  if (open.has(group.dataset.navGroup)) group.open = true;
  group.addEventListener("toggle", () => {
    const now = groups.filter((one) => one.open).map((one) => one.dataset.navGroup);
    try {
      localStorage.setItem(KEPT, JSON.stringify(now));
    } catch {
      // not kept then
    }
  });
}
// The entry of the shown page may be further down than what fits into the window.
nav?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
