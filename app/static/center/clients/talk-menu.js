// The talk's number at the right of the feed: what it is, and everything that can be done with it.
import { html } from "htm/preact";
import { PersonAvatar } from "../chat/avatar.js";
import { Icon } from "../icon.js";
import { Menu } from "../menu.js";
import { shortTime } from "../time.js";
import { showAsked } from "./asked.js";
import { STATES, StateChip } from "./state-chip.js";
import { askColleague, showHistory, transferTalk } from "./talk-dialogs.js";

export function TalkMenu({ ui, chatId, talk }) {
  const { talks } = ui.chats;
  const can = talk.can ?? {};
  const menu = [
    ...(can.take ? [{ label: "Take this talk", icon: "user-plus", onPick: () => talks.take(chatId) }, null] : []),
    ...(can.close ? [{ label: "Close talk", icon: "check-circle", keys: "C", onPick: () => talks.close(chatId) }] : []),
    ...(can.close_without_survey ? [{ label: "Close without survey", icon: "x", onPick: () => talks.close(chatId, true) }] : []),
    ...(can.no_answer_needed ? [{ label: "No answer needed", icon: "pause", keys: "N", onPick: () => talks.noAnswer(chatId) }] : []),
    ...(can.close || can.no_answer_needed ? [null] : []),
    ...(can.transfer ? [{ label: talk.responsible_id ? "Transfer…" : "Give to a colleague…", icon: "swap", keys: "T", onPick: () => transferTalk(ui, chatId) }] : []),
    ...(can.ask ? [{ label: "Ask a colleague…", icon: "users", onPick: () => askColleague(ui, chatId) }] : []),
    ...(talk.asked?.length ? [{ label: "Who was asked…", icon: "user", hint: String(talk.asked.length), onPick: () => showAsked(ui, chatId) }] : []),
    ...(can.transfer || can.ask ? [null] : []),
    { label: "History of talks", icon: "clock", hint: talk.history ? `${talk.history.length} ${talk.history.length === 1 ? "talk" : "talks"}` : "", onPick: () => showHistory(ui, chatId) },
    ...(talk.contact && !ui.chats.me.free ? [{ label: "Client card", icon: "user", href: `/contactview/show/${talk.contact.id}` }] : []),
  ];
  const head = html`<div class="fd-menu-head fd-talk-head"><div class="fd-row"><b>Talk ${talk.number}</b><${StateChip} talk=${talk} />${talk.opened_at && html`<span class="t-3 t-12 fd-end">since ${shortTime(talk.opened_at, ui.now.value, ui.zone)}</span>`}</div>
    <div class="fd-row t-12">${talk.responsible ? html`<${PersonAvatar} id=${talk.responsible_id} name=${talk.responsible} size=${20} /><span class="t-2 t-cut">${talk.responsible}</span>` : html`<span class="t-warn">Nobody has it${talk.group ? ` · ${talk.group.name}` : ""}</span>`}</div></div><hr />`;
  return html`<${Menu} label=${`Talk ${talk.number}, ${STATES[talk.state][0].toLowerCase()}. Actions`} title=${`Talk ${talk.number}`} buttonClass="fd-talk-no" items=${menu} head=${head}>${talk.number}<${Icon} name="down" /><//>`;
}

/** C, N and T on an open talk, while nobody types. True when the key was meant for it. */
export function talkKey(ui, chatId, key) {
  const { talks } = ui.chats;
  const can = talks.of(chatId)?.can ?? {};
  const acts = { c: can.close && (() => talks.close(chatId)), n: can.no_answer_needed && (() => talks.noAnswer(chatId)), t: can.transfer && (() => transferTalk(ui, chatId)) };
  const act = acts[key.toLowerCase()];
  if (act) act();
  return Boolean(act);
}
