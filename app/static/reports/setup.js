// The set-up of a scheduled report: shows what fits what was chosen, when it comes next, and the report itself, live.
const form = document.getElementById("report-form");
const preview = document.querySelector("[data-preview]");
const frame = preview.querySelector("iframe");
const said = preview.querySelector("[data-said]");
const files = preview.querySelector("[data-files]");
const WAIT_MS = 700;
const POLL_MS = 400;
const POLLS = 150;
let made = null;
let shown = "mail";
let asked = 0;
let told = 0;
let timer = 0;
let seen = ""; // the form as it was shown last

/** Fields that make no sense for the choice are hidden; the server ignores them. */
function fit() {
  for (const part of form.querySelectorAll("[data-shown-for]")) {
    const [name, values] = part.dataset.shownFor.split("=");
    part.hidden = !values.split(",").includes(new FormData(form).get(name));
  }
}

async function send(url) {
  const answer = await fetch(url, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
  if (!answer.ok && answer.status !== 422) throw new Error(`answered ${answer.status}`);
  return answer.json();
}

async function tellNext() {
  const mine = ++told;
  const line = form.querySelector("[data-next]");
  const found = await send(preview.dataset.upcoming).catch(() => null);
  if (!found || mine !== told) return;
  line.classList.toggle("t-bad", Boolean(found.error));
  line.textContent = found.error ?? line.dataset.nextWords.replace("{moments}", found.next.join(" · "));
}

function say(words, bad = false) {
  said.textContent = words;
  said.hidden = !words;
  said.classList.toggle("is-bad", bad);
  frame.hidden = Boolean(words);
}

function show() {
  for (const button of preview.querySelectorAll("[data-show]")) button.setAttribute("aria-pressed", String(button.dataset.show === shown));
  if (made && frame.dataset.at !== made[shown]) {
    frame.dataset.at = made[shown];
    frame.src = made[shown];
  }
}

function offer(found) {
  files.replaceChildren(
    ...Object.entries(found).map(([name, url]) => {
      const link = document.createElement("a");
      link.className = "fd-btn fd-btn--sm";
      link.href = url;
      link.textContent = name;
      return link;
    }),
  );
  files.hidden = !files.childElementCount;
}

async function make() {
  const mine = ++asked;
  if (!made) say("Being made…");
  preview.setAttribute("aria-busy", "true");
  try {
    const begun = await send(preview.dataset.preview);
    if (mine !== asked) return;
    if (begun.error) return say(begun.error, true);
    for (let poll = 0; poll < POLLS && mine === asked; poll += 1) {
      const state = await (await fetch(begun.state, { headers: { Accept: "application/json" } })).json();
      if (mine !== asked) return;
      if (state.page) {
        made = state;
        say("");
        offer(state.files);
        return show();
      }
      if (state.state === "failed") return say(state.error ?? "It could not be made", true);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    if (mine !== asked) return;
    seen = "";
    say("It takes longer than usual. Change something to try again.", true);
  } catch (error) {
    seen = "";
    if (mine === asked) say(`The preview could not be made: ${error.message}`, true);
  } finally {
    if (mine === asked) preview.removeAttribute("aria-busy");
  }
}

function changed() {
  fit();
  clearTimeout(timer);
  timer = setTimeout(look, WAIT_MS);
}

/** A field that is left says so as well, though what was typed is shown already. */
function look() {
  const now = new URLSearchParams(new FormData(form)).toString();
  if (now === seen) return;
  seen = now;
  tellNext();
  make();
}

form.addEventListener("input", changed);
form.addEventListener("change", changed);
form.addEventListener("click", (event) => {
  const times = form.querySelector("[data-times]");
  if (event.target.closest("[data-remove-time]")) {
    event.target.closest(".fd-report-time").remove();
    changed();
  } else if (event.target.closest("[data-add-time]")) {
    const last = [...times.querySelectorAll(".fd-report-time")].at(-1);
    const another = last.cloneNode(true);
    another.querySelector("input").value = "";
    another.querySelector("input").removeAttribute("aria-invalid");
    last.after(another);
    another.querySelector("input").focus();
  }
  const count = times.querySelectorAll(".fd-report-time").length;
  times.querySelector("[data-add-time]").hidden = count >= Number(times.dataset.times);
});
preview.addEventListener("click", (event) => {
  const button = event.target.closest("[data-show]");
  if (!button) return;
  shown = button.dataset.show;
  show();
});

fit();
look();
