// Moves the bars of imports at work; when one is over, the page is asked for again. A page nobody sees waits.
const WAIT_MS = 1000;
const format = new Intl.NumberFormat(document.documentElement.lang || "en");

async function look(box) {
  const answer = await fetch(box.dataset.import, { headers: { Accept: "application/json" } });
  if (!answer.ok) return location.reload();
  const { state, done, total } = await answer.json();
  if (state !== "waiting" && state !== "running") return location.reload();
  const bar = box.querySelector("progress");
  const words = box.querySelector("[data-import-words]");
  bar.value = done;
  bar.max = total;
  if (state === "running") {
    words.textContent = words.dataset.importWords
      .replace("{done}", format.format(done))
      .replace("{total}", format.format(total));
  }
  later(box);
}

function later(box) {
  const again = () => look(box).catch(() => later(box));
  if (document.hidden) document.addEventListener("visibilitychange", again, { once: true });
  else setTimeout(again, WAIT_MS);
}

for (const box of document.querySelectorAll("[data-import]")) later(box);
