// Forms: one send per click, the first wrong field under the cursor, selects that lead to another page.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  const form = event.target;
  const button = form.querySelector("[data-busy]");
  if (!button) return;
  if (form.dataset.sending) return event.preventDefault();
  form.dataset.sending = "true";
  button.classList.add("is-busy");
  button.setAttribute("aria-disabled", "true");
});

// A page from the back-forward cache must be usable again.
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sending;
  for (const button of document.querySelectorAll(".is-busy")) {
    button.classList.remove("is-busy");
    button.removeAttribute("aria-disabled");
  }
});

document.addEventListener("change", (event) => {
  const select = event.target.closest("select[data-go]");
  if (select) location.assign(select.value);
  // A chosen file needs no second click.
  const file = event.target.closest("input[data-send-at-once]");
  if (file?.files.length) file.form.requestSubmit();
  // Too much is told before it is sent.
  const limited = event.target.closest("input[data-max-bytes]");
  if (!limited) return;
  const bytes = [...limited.files].reduce((sum, one) => sum + one.size, 0);
  const fits = bytes <= Number(limited.dataset.maxBytes) && limited.files.length <= Number(limited.dataset.maxFiles);
  limited.setCustomValidity(fits ? "" : limited.dataset.tooMuch);
  limited.reportValidity();
});

const wrong = document.querySelector("form[data-form] [aria-invalid='true']");
if (wrong) wrong.focus();
