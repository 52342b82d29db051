// The conversation: history, days, messages on their way, and at its end the survey or the question for an address.
import { arrange, h, icon, setText } from "./dom.js";
import { createSay } from "./say.js";

const NEAR_PX = 60;
const TOGETHER_MS = 5 * 60_000;

/** `cards`: rows below the messages; `asking`: is one of them asking for an address? `onEarlier()` loads older ones; `onBottom()`: its newest message is in view. */
export function createThread({ boot, texts, times, outbox, cards, asking, onEarlier, onBottom, onRetry, onDiscard }) {
  const say = createSay({ texts, times, onRetry, onDiscard });
  const earlier = h("button", { type: "button", class: "w-earlier", hidden: true, onclick: () => older() }, texts.earlier);
  const log = h("div", { class: "w-log", role: "log", "aria-label": texts.messages, "aria-live": "off" });
  const below = h("div", { class: "w-cards" });
  const typing = h("div", { class: "fd-typing", hidden: true }, h("i", { "aria-hidden": "true" }, h("u")), h("span", { role: "status" }));
  const scroller = h("div", { class: "fd-thread", tabindex: "0", role: "region", "aria-labelledby": "title" }, earlier, log, below, typing);
  const jump = h("button", { type: "button", class: "w-jump", hidden: true, onclick: () => toBottom() }, icon("down"), texts.newBelow);
  const element = h("div", { class: "w-thread" }, scroller, jump);
  let newest = 0;
  let loading = false;

  const nearBottom = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_PX;

  scroller.addEventListener("scroll", () => {
    if (nearBottom()) {
      jump.hidden = true;
      onBottom();
    }
    if (scroller.scrollTop < 20 && !earlier.hidden) older();
  });
  // pictures arrive late, the composer grows: what was at the bottom stays there
  let stuck = true;
  scroller.addEventListener("scroll", () => (stuck = nearBottom()));
  new ResizeObserver(() => stuck && toBottom()).observe(scroller);
  log.addEventListener("load", () => stuck && toBottom(), true);

  async function older() {
    if (loading) return;
    loading = true;
    setText(earlier, texts.loading);
    const height = scroller.scrollHeight - scroller.scrollTop;
    log.setAttribute("aria-live", "off"); // history is not news
    await onEarlier();
    await new Promise(requestAnimationFrame);
    scroller.scrollTop = scroller.scrollHeight - height;
    log.setAttribute("aria-live", "polite");
    setText(earlier, texts.earlier);
    loading = false;
  }

  function toBottom() {
    scroller.scrollTop = scroller.scrollHeight;
    jump.hidden = true;
    stuck = true;
    onBottom();
  }

  function rows(state) {
    const found = [];
    if (!state.more) found.push(say.plain("greeting", boot.greeting || texts.greeting));
    let day = null;
    const shown = state.messages;
    const newDay = (at) => {
      if (times.dayKey(at) === day) return;
      const first = day === null;
      day = times.dayKey(at);
      const words = times.day(at);
      if (!first || words !== texts.today) found.push({ key: `d${day}`, sign: words, draw: () => h("div", { class: "fd-day" }, words) });
    };
    // who answers has read what came before, whatever the team's screens say
    const seen = Math.max(state.teamReadSeq, shown.findLast(({ author }) => author.kind === "user")?.seq ?? 0);
    const waiting = new Set(outbox.entries().map(({ client_id: id }) => id));
    shown.forEach((message, index) => {
      newDay(message.created_at);
      if (message.author.kind === "system") {
        const words = `${message.body}, ${times.clock(message.created_at)}`;
        found.push({ key: `m${message.id}`, sign: words, draw: () => h("div", { class: "fd-sys", title: times.full(message.created_at) }, words) });
        return;
      }
      const mine = message.author.kind === "visitor";
      if (mine && waiting.has(message.client_id)) return;
      found.push(say.row(message, { mine, last: isLast(message, shown[index + 1]), seen: message.seq <= seen }));
    });
    for (const entry of outbox.entries()) found.push(say.pending(entry));
    if (!state.online && !asking(state)) {
      const words = state.offlineText || texts.awayText;
      found.push({ key: "away", sign: words, draw: () => h("div", { class: "w-away" }, icon("clock"), h("p", {}, words)) });
    }
    return found;
  }

  const isLast = (message, next) =>
    !next || next.author.kind !== message.author.kind || next.author.name !== message.author.name || new Date(next.created_at) - new Date(message.created_at) > TOGETHER_MS;

  function draw(state) {
    const last = state.messages.at(-1);
    const mineCame = last && last.seq > newest && last.author.kind === "visitor";
    const came = last && last.seq > newest && newest > 0;
    const stay = stuck || mineCame || outbox.entries().some(({ state: how }) => how === "sending");
    arrange(log, rows(state));
    arrange(below, cards(state));
    earlier.hidden = !state.more;
    typing.hidden = !state.typing;
    setText(typing.lastElementChild, state.typing ? texts.typing(state.typing.name?.split(" ")[0]) : "");
    if (stay) toBottom();
    else if (came) jump.hidden = false;
    if (last) newest = Math.max(newest, last.seq);
    // only what comes from now on is read out
    if (state.open && state.connection !== "connecting") requestAnimationFrame(() => !loading && log.setAttribute("aria-live", "polite"));
  }

  return { element, scroller, draw, toBottom, nearBottom };
}
