// An activity limit's form: only the field for whom it is, and the suggestion for what was chosen while nobody typed another.
const scope = document.getElementById("scope");
const amount = document.getElementById("amount");
const chosen = ["kind", "span"].map((id) => document.getElementById(id));

function showTarget() {
  for (const name of ["role", "group", "user"]) {
    const input = document.getElementById(name);
    const field = input.closest(".fd-field");
    const other = scope.value !== name;
    field.hidden = other && !field.classList.contains("has-error");
    if (!other || !field.hidden) continue;
    // the page's look-up script may have put its own field before the select by now
    for (const one of [document.getElementById(`${name}-select`), input]) if (one) one.value = "";
  }
}

function suggest() {
  const suggested = JSON.parse(amount.dataset.suggested || "{}");
  const untouched = !amount.value || Object.values(suggested).some((one) => String(one) === amount.value);
  const next = suggested[chosen.map(({ value }) => value).join(":")];
  if (untouched && next !== undefined) amount.value = next;
}

scope.addEventListener("change", showTarget);
for (const select of chosen) select.addEventListener("change", suggest);
showTarget();
