// While a file is being made, looks again whether it is done; a page that nobody sees is left alone.
const WAIT_MS = 2000;

function lookAgain() {
  if (document.hidden) document.addEventListener("visibilitychange", lookAgain, { once: true });
  else location.reload();
}

if (document.querySelector("[data-busy-page]")) setTimeout(lookAgain, WAIT_MS);
