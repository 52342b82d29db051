// The details of a chat: what it is, who is in it, and what can be changed.
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ClientDetails } from "../clients/details.js";
import { Icon } from "../icon.js";
import { Menu } from "../menu.js";
import { ChatAvatar, PersonAvatar } from "./avatar.js";
import { FreeBadge } from "./badge.js";
import { ask, Sheet, showDialog } from "./dialog.js";
import { FileList } from "./file-list.js";
import { muteItems, muteWords } from "./mute.js";
import { PeoplePicker } from "./people.js";

const SHOWN = 50;

export function Details({ chat, ui }) {
  const title = useRef(null);
  useEffect(() => {
    if (ui.overlaid()) title.current.focus();
  }, []);
  const { can = {} } = chat;
  return html`<aside class="fd-col fd-details" aria-label="Details">
    <div class="fd-col-head"><button type="button" class="fd-icon-btn only-phone fd-back" aria-label="Back to the chat" onClick=${() => ui.showDetails(false)}><${Icon} name="left" /></button>
      <h2 class="fd-grow" tabindex="-1" ref=${title}>Details</h2>
      <button type="button" class="fd-icon-btn fd-icon-btn--sm no-phone" aria-label="Close the details" onClick=${() => ui.showDetails(false)}><${Icon} name="x" /></button></div>
    <div class="fd-scroll" tabindex="0" role="region" aria-label="Details of the chat">
      ${chat.kind === "client" ? html`<${ClientDetails} chat=${chat} ui=${ui} />` : html`<${ChatDetails} chat=${chat} ui=${ui} />`}
      <${FileList} key=${`files-${chat.id}`} chat=${chat} ui=${ui} />
      ${(can.archive || can.leave) && html`<div class="fd-details-foot">
        ${can.archive && html`<button type="button" class="fd-btn fd-btn--quiet" onClick=${() => askArchive(chat, ui)}>${chat.archived ? "Bring this chat back" : "Archive this chat"}</button>`}
        ${can.leave && html`<button type="button" class="fd-btn fd-btn--quiet fd-btn--danger" onClick=${() => askLeave(chat, ui)}>Leave this chat</button>`}</div>`}
    </div>
  </aside>`;
}

function ChatDetails({ chat, ui }) {
  const { can = {} } = chat;
  return html`<div class="fd-details-head">
      <${ChatAvatar} kind=${chat.kind} id=${chat.id} personId=${chat.person?.id} name=${chat.title} picture=${chat.picture_url ?? chat.person?.picture_url} size=${56} />
      <${Name} chat=${chat} ui=${ui} />
      <p class="t-3 t-12">${whatItIs(chat)}</p>
      <div class="fd-row fd-wrap">
        ${can.add && html`<button type="button" class="fd-btn fd-btn--sm" onClick=${() => showAdd(chat, ui)}><${Icon} name="user-plus" />Add</button>`}
        <${Menu} title="What still reaches you outside the center" buttonClass="fd-btn fd-btn--sm" items=${muteItems(chat.id, chat.mute, ui)}><${Icon} name=${chat.mute === "none" ? "bell" : "bell-off"} />${muteWords(chat.mute)}<//>
        ${can.rename && chat.kind === "group" && html`<${Picture} chat=${chat} ui=${ui} />`}
      </div>
    </div>
    <${Members} chat=${chat} ui=${ui} />`;
}

function whatItIs(chat) {
  if (chat.kind === "direct") return chat.person ? html`@${chat.person.username} <${FreeBadge} free=${chat.person.free} />` : "";
  if (chat.card) return html`Internal chat of a ${chat.card.type} · <a href=${chat.card.url}>Open the card</a>`;
  if (chat.linked && chat.group) return `Follows the user group ${chat.group.name}`;
  if (chat.group) return `Made from the user group ${chat.group.name}`;
  return chat.archived ? "Archived group chat" : "Group chat";
}

function Name({ chat, ui }) {
  const [value, setValue] = useState(null);
  const [error, setError] = useState(null);
  const field = useRef(null);
  const editing = value !== null;
  useEffect(() => editing && field.current.focus(), [editing]);
  if (!editing) {
    return html`<div class="fd-row"><h3>${chat.title}</h3>${chat.kind === "group" && chat.can?.rename && html`<button type="button" class="fd-icon-btn fd-icon-btn--sm" aria-label="Rename" title="Rename" onClick=${() => setValue(chat.title)}><${Icon} name="edit" /></button>`}</div>`;
  }
  const save = async (event) => {
    event.preventDefault();
    if (!value.trim()) return setError("Give the chat a name.");
    try {
      ui.chats.keepInfo(await ui.chats.calls.change(chat.id, { name: value.trim() }));
      setValue(null);
      setError(null);
    } catch (problem) {
      setError(problem.message);
    }
  };
  const keys = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    setValue(null);
  };
  return html`<form class=${error ? "fd-field has-error fd-rename" : "fd-field fd-rename"} onSubmit=${save} novalidate><div class="fd-row">
    <input class="fd-input" aria-label="Name of the chat" maxlength="100" value=${value} aria-invalid=${error ? "true" : undefined} ref=${field}
      onInput=${(event) => setValue(event.currentTarget.value)} onKeyDown=${keys} />
    <button type="submit" class="fd-btn fd-btn--sm fd-btn--primary">Save</button></div><span class="fd-error" role="alert">${error ?? ""}</span></form>`;
}

function Picture({ chat, ui }) {
  const input = useRef(null);
  const [busy, setBusy] = useState(false);
  const change = async (act, failed) => {
    setBusy(true);
    try {
      await act();
      await ui.chats.loadInfo(chat.id);
    } catch (error) {
      ui.say({ text: `${failed}: ${error.message}`, bad: true });
    }
    setBusy(false);
  };
  const picked = (event) => {
    const file = event.currentTarget.files[0];
    event.currentTarget.value = "";
    if (file) change(() => ui.chats.calls.upload(`/chats/${chat.id}/picture`, file, () => {}).done, "The picture was not taken");
  };
  return html`<input ref=${input} type="file" accept="image/*" hidden onChange=${picked} />
    <button type="button" class="fd-btn fd-btn--sm" disabled=${busy} onClick=${() => input.current.click()}><${Icon} name="image" />Picture</button>
    ${chat.picture_url && html`<button type="button" class="fd-btn fd-btn--sm fd-btn--quiet" disabled=${busy} onClick=${() => change(() => ui.chats.calls.removePicture(chat.id), "The picture was not removed")}>Remove picture</button>`}`;
}

function Members({ chat, ui }) {
  const [all, setAll] = useState(false);
  const { chats } = ui;
  const list = chat.member_list ?? [];
  const shown = all ? list : list.slice(0, SHOWN);
  return html`<section class="fd-details-part"><h3>Members<span class="fd-count">${chat.members}</span></h3>
    <ul>${shown.map((one) => html`<li key=${one.id} class="fd-person">
      <${PersonAvatar} id=${one.id} name=${one.name} picture=${one.picture_url} size=${28} presence=${one.id === chats.me.id ? "active" : (chats.presence.states.value.get(one.id) ?? "offline")} />
      <span class="fd-grow t-cut">${one.name}${one.id === chats.me.id && html` <span class="t-3">you</span>`}</span>
      ${!one.active && html`<span class="t-3 t-12">Deactivated</span>`}<${FreeBadge} free=${one.free} />${one.role === "owner" && chat.kind === "group" && html`<span class="fd-chip fd-chip--row">Owner</span>`}
      <${MemberMenu} one=${one} chat=${chat} ui=${ui} /></li>`)}</ul>
    ${!all && list.length > SHOWN && html`<button type="button" class="fd-btn fd-btn--quiet fd-btn--sm" onClick=${() => setAll(true)}>Show all ${list.length}</button>`}
  </section>`;
}

function MemberMenu({ one, chat, ui }) {
  const { chats } = ui;
  if (one.id === chats.me.id || chat.kind !== "group") return null;
  const owner = chat.role === "owner" && !chat.archived;
  const run = (act, done, failed) => async () => {
    try {
      await act();
      await chats.loadInfo(chat.id);
      ui.say({ text: done });
    } catch (error) {
      ui.say({ text: `${failed}: ${error.message}`, bad: true });
    }
  };
  const items = [
    ...(chats.settings.direct_chats === false ? [] : [{ label: `Write to ${one.name.split(" ")[0]}`, icon: "chat", onPick: () => ui.openPerson(one.id) }]),
    ...(owner ? [one.role === "owner" ? { label: "Make a member", icon: "user", onPick: run(() => chats.calls.setRole(chat.id, one.id, "member"), `${one.name} is a member now`, "Not changed") }
      : { label: "Make an owner", icon: "star", onPick: run(() => chats.calls.setRole(chat.id, one.id, "owner"), `${one.name} is an owner now`, "Not changed") }] : []),
    ...(chat.can?.remove ? [{ label: "Remove from this chat…", icon: "x", onPick: () => ask({ title: `Remove ${one.name}?`, text: "They can no longer read this chat. What they wrote stays.", verb: "Remove", danger: true,
      act: async () => { await chats.calls.removeMember(chat.id, one.id); await chats.loadInfo(chat.id); } }) }] : []),
  ];
  if (!items.length) return null;
  return html`<${Menu} label=${`Actions for ${one.name}`} buttonClass="fd-icon-btn fd-icon-btn--sm" items=${items}><${Icon} name="more" /><//>`;
}

function showAdd(chat, ui) {
  showDialog((close) => html`<${Add} chat=${chat} ui=${ui} close=${close} />`);
}

function Add({ chat, ui, close }) {
  const [chosen, setChosen] = useState([]);
  const [state, setState] = useState({ busy: false, error: null });
  const add = async () => {
    setState({ busy: true, error: null });
    try {
      await ui.chats.calls.addMembers(chat.id, chosen.map(({ id }) => id));
      await ui.chats.loadInfo(chat.id);
      close();
    } catch (error) {
      setState({ busy: false, error: error.message });
    }
  };
  const foot = html`<button type="button" class="fd-btn" onClick=${close}>Cancel</button>
    <button type="button" class=${`fd-btn fd-btn--primary${state.busy ? " is-busy" : ""}`} disabled=${state.busy || !chosen.length} onClick=${add}>Add</button>`;
  return html`<${Sheet} title=${`Add people to ${chat.title}`} wide foot=${foot}><p>They can read everything that was written here.</p>
    <${PeoplePicker} ui=${ui} chosen=${chosen} onChange=${setChosen} except=${(chat.member_list ?? []).map(({ id }) => id)} label="People to add" />
    <p class="fd-error" role="alert">${state.error ?? ""}</p><//>`;
}

const askLeave = (chat, ui) => ask({
  title: `Leave ${chat.title}?`, verb: "Leave", danger: true,
  text: "You can no longer read this chat, unless a member adds you again.",
  act: async () => {
    await ui.chats.calls.leave(chat.id);
    ui.closeChat(chat.id);
    ui.chats.onEvent("chat.changed", { id: chat.id, removed: true });
  },
});

const askArchive = (chat, ui) => ask({
  title: chat.archived ? `Bring ${chat.title} back?` : `Archive ${chat.title}?`, verb: chat.archived ? "Bring back" : "Archive",
  text: chat.archived ? "Its members can write in it again." : "Everybody can still read it, nobody can write in it any more.",
  act: async () => ui.chats.keepInfo(await ui.chats.calls.change(chat.id, { archived: !chat.archived })),
});
