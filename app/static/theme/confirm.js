// Asks before a button with data-confirm does its work. Without JavaScript the button works unasked, but still by POST.
const dialog = document.getElementById("confirm");
let confirmed = null;

dialog &&
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-confirm]");
    if (!button || confirmed === button) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    document.getElementById("confirm-text").textContent = button.dataset.confirm;
    dialog.querySelector("[data-confirm-ok]").textContent = button.dataset.confirmOk || button.textContent.trim();
    dialog.returnValue = "cancel";
    dialog.addEventListener(
      "close",
      () => {
        if (dialog.returnValue !== "ok") return button.focus();
        confirmed = button;
        button.click();
        confirmed = null;
      },
      { once: true },
    );
    dialog.showModal();
  }, true);
