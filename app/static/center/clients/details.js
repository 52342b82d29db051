// Beside a client's chat: who the client is, the talk and whose it is, and the talks before it.
import { html } from "htm/preact";
import { ChatAvatar, PersonAvatar } from "../chat/avatar.js";
import { muteItems, muteWords } from "../chat/mute.js";
import { Icon } from "../icon.js";
import { Menu } from "../menu.js";
import { lasting, shortTime } from "../time.js";
import { AskedList } from "./asked.js";
import { StateChip } from "./state-chip.js";
import { askColleague, TalkList, transferTalk } from "./talk-dialogs.js";
import { channelWords, pageWords } from "./words.js";

export function ClientDetails({ chat, ui }) {
  const { talks } = ui.chats;
  const talk = talks.of(chat.id);
  const contact = talk?.contact ?? chat.contact;
  const can = talk?.can ?? {};
  const opens = contact && !ui.chats.me.free;
  return html`<div class="fd-details-head">
      <${ChatAvatar} kind="client" id=${chat.id} contactId=${contact?.id} name=${chat.title} channel=${chat.talk?.channel} size=${56} />
      <h3>${chat.title}</h3>
      <p class="t-3 t-12">${channelWords(chat.talk)}</p>
      <div class="fd-row fd-wrap">
        ${opens && html`<a class="fd-btn fd-btn--sm" href=${`/contactview/show/${contact.id}`}><${Icon} name="user" />Client card</a>`}
        ${opens && talk?.lead && html`<a class="fd-btn fd-btn--sm" href=${`/leadview/show/${talk.lead.id}`}><${Icon} name="target" />Lead</a>`}
        <${Menu} title="What still reaches you outside the center" buttonClass="fd-btn fd-btn--sm" items=${muteItems(chat.id, chat.mute, ui)}><${Icon} name=${chat.mute === "none" ? "bell" : "bell-off"} />${muteWords(chat.mute)}<//>
      </div>
    </div>
    <section class="fd-details-part"><h3>Client</h3><dl class="fd-client-facts">
      ${contact?.email && html`<div><dt>Mail</dt><dd><a href=${`mailto:${contact.email}`}>${contact.email}</a></dd></div>`}
      ${contact?.phone && html`<div><dt>Phone</dt><dd><a href=${`tel:${contact.phone}`}>${contact.phone}</a></dd></div>`}
      ${chat.client?.page_url && html`<div><dt>Was on</dt><dd><a class="t-cut" href=${chat.client.page_url} target="_blank" rel="noopener noreferrer nofollow" title=${chat.client.page_url}>${pageWords(chat.client.page_url)}</a></dd></div>`}
      ${!contact?.email && !contact?.phone && html`<div><dt>Mail</dt><dd class="t-3">No address left</dd></div>`}
    </dl></section>
    ${talk && html`<section class="fd-details-part"><h3>Talk ${talk.number}<${StateChip} talk=${talk} /></h3>
      <div class="fd-person">${talk.responsible ? html`<${PersonAvatar} id=${talk.responsible_id} name=${talk.responsible} size=${28} /><span class="fd-grow t-cut">${talk.responsible}</span>` : html`<span class="fd-grow t-warn">Nobody has it</span>`}
        ${can.take ? html`<button type="button" class="fd-btn fd-btn--sm" onClick=${() => talks.take(chat.id)}>Take</button>`
          : can.transfer ? html`<button type="button" class="fd-btn fd-btn--sm" onClick=${() => transferTalk(ui, chat.id)}>Transfer</button>` : ""}</div>
      <dl class="fd-client-facts">
        ${talk.group && html`<div><dt>Group</dt><dd>${talk.group.name}</dd></div>`}
        ${talk.opened_at && html`<div><dt>Opened</dt><dd>${shortTime(talk.opened_at, ui.now.value, ui.zone)}</dd></div>`}
        ${talk.waiting_since && html`<div><dt>Waiting</dt><dd class="t-warn">${lasting(talk.waiting_since, ui.now.value)}</dd></div>`}
        ${talk.closed_at && html`<div><dt>Closed</dt><dd>${shortTime(talk.closed_at, ui.now.value, ui.zone)}</dd></div>`}
        ${talk.score && html`<div><dt>Score</dt><dd>${talk.score} of 10</dd></div>`}
        ${talk.comment && html`<div><dt>They said</dt><dd>${talk.comment}</dd></div>`}
      </dl>
      ${can.ask && html`<button type="button" class="fd-btn fd-btn--sm" onClick=${() => askColleague(ui, chat.id)}><${Icon} name="users" />Ask a colleague</button>`}
    </section>`}
    ${talk?.asked?.length > 0 && html`<section class="fd-details-part"><h3>Asked<span class="fd-count">${talk.asked.length}</span></h3><${AskedList} ui=${ui} chatId=${chat.id} /></section>`}
    ${talk?.history?.length > 1 && html`<section class="fd-details-part"><h3>History<span class="fd-count">${talk.history.length}</span></h3><${TalkList} ui=${ui} chatId=${chat.id} onJump=${(seq) => ui.jump(chat.id, seq)} /></section>`}`;
}
