// Light, dark or as the system says: switched at once, remembered for the user and this browser.
const root = document.documentElement;
const systemIsDark = () => matchMedia("(prefers-color-scheme: dark)").matches;
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemIsDark());

function show(choice) {
  if (choice === "system") delete root.dataset.theme;
  else root.dataset.theme = choice;
  root.dataset.themeChoice = choice;
  for (const item of document.querySelectorAll("[data-theme-value]")) {
    item.setAttribute("aria-checked", String(item.dataset.themeValue === choice));
  }
}

async function remember(choice) {
  try {
    localStorage.setItem("fd-theme", choice);
  } catch {
    // The account remembers it anyway.
  }
  const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  await fetch("/appearance/theme", {
    method: "POST",
    headers: { "X-CSRFToken": token },
    body: new URLSearchParams({ theme: choice }),
    keepalive: true,
  }).catch(() => {});
}

function choose(choice) {
  show(choice);
  void remember(choice);
}

document.addEventListener("click", (event) => {
  const item = event.target.closest("[data-theme-value]");
  if (item) choose(item.dataset.themeValue);
  else if (event.target.closest("[data-theme-toggle]")) choose(isDark() ? "light" : "dark");
});
