// The round bubble at the bottom left, and every other place that shows how much is unread.
import { effect } from "@preact/signals";

const badgeText = (total) => (total > 99 ? "99+" : String(total));

/** The bubble is in the page before any script runs; this keeps it true and makes it open the panel. */
export function startBubble(center, bubble, elsewhere = document.querySelectorAll("[data-center-unread]")) {
  const badge = bubble.querySelector(".fd-badge");
  effect(() => {
    const { total } = center.store.counters.value;
    badge.textContent = badgeText(total);
    badge.hidden = !total;
    bubble.setAttribute("aria-label", total ? `Center, ${badgeText(total)} unread` : "Center");
    for (const element of elsewhere) {
      element.textContent = badgeText(total);
      element.hidden = !total;
    }
  });
  effect(() => bubble.setAttribute("aria-expanded", String(center.panelOpen.value)));
  bubble.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // it is a link: another tab
    event.preventDefault();
    center.toggle();
  });
  bubble.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    center.toggle();
  });
}
