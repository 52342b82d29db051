// The keyboard inside the frame: Tab goes round, Esc leaves.

const STOPS = "a[href], button:not([disabled]), textarea:not([disabled]), input:not([disabled]):not([hidden]), [tabindex='0']";

export function keepFocus({ root, isOpen, onEscape }) {
  const stops = () => [...root.querySelectorAll(STOPS)].filter((one) => one.tabIndex >= 0 && one.getClientRects().length);

  root.ownerDocument.addEventListener("keydown", (event) => {
    if (!isOpen() || event.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      onEscape();
      return;
    }
    if (event.key !== "Tab") return;
    const all = stops();
    const edge = event.shiftKey ? all[0] : all.at(-1);
    const here = root.ownerDocument.activeElement;
    if (here !== edge && root.contains(here)) return;
    event.preventDefault();
    (event.shiftKey ? all.at(-1) : all[0])?.focus();
  });
}
