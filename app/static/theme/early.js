// Runs before the first paint, so that a page never flashes in the other theme.
// The account's choice wins; a stranger (login, error pages) gets what this browser last used.
(() => {
  const root = document.documentElement;
  const known = root.dataset.themeChoice;
  let choice = known;
  try {
    if (known) localStorage.setItem("fd-theme", known);
    else choice = localStorage.getItem("fd-theme");
  } catch {
    // Storage may be forbidden; the system's theme is then right.
  }
  if (choice === "light" || choice === "dark") root.dataset.theme = choice;
})();
