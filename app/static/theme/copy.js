// Copies the text of another element: <button data-copy="its-id">. The button says that it has.
import { copy } from "../center/chat/clipboard.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const words = [...button.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
  if (!words || button.dataset.before) return;
  const done = await copy(document.getElementById(button.dataset.copy).textContent);
  button.dataset.before = words.textContent;
  words.textContent = done ? "Copied" : "Select it and press Ctrl+C";
  setTimeout(() => {
    words.textContent = button.dataset.before;
    delete button.dataset.before;
  }, 2500);
});
