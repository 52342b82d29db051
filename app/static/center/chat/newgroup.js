// "+": a chat with one colleague, with several, or with a whole user group that is followed or copied.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { Sheet, showDialog } from "./dialog.js";
import { PeoplePicker } from "./people.js";

/** `group`: a user group that is chosen already, {id, name, members}. */
export function showNewChat(ui, group = null) {
  showDialog((close) => html`<${NewChat} ui=${ui} close=${close} group=${group} />`);
}

function NewChat({ ui, close, group: given }) {
  const [chosen, setChosen] = useState(given ? [{ ...given, group: true }] : []);
  const [name, setName] = useState(given?.name ?? "");
  const [linked, setLinked] = useState(true);
  const [state, setState] = useState({ busy: false, error: null, field: null });
  const { settings, calls } = ui.chats;
  const group = chosen[0]?.group ? chosen[0] : null;
  const alone = !group && chosen.length === 1;
  const mayGroup = settings.can_create_groups !== false;
  const direct = alone && !name.trim();
  const refused = direct ? settings.direct_chats === false && "Direct chats are switched off." : chosen.length > 0 && !mayGroup && "You may write to one colleague at a time: starting group chats is left to others in this account.";

  const choose = (next) => {
    if (next[0]?.group && !name.trim()) setName(next[0].name);
    if (!next[0]?.group && group && name === group.name) setName("");
    setChosen(next);
    setState({ busy: false, error: null, field: null });
  };

  async function create(event) {
    event.preventDefault();
    if (!chosen.length || refused) return;
    if (!direct && !name.trim()) return setState({ busy: false, error: "Give the group a name.", field: "name" });
    setState({ busy: true, error: null, field: null });
    try {
      const chat = await calls.create(direct ? { kind: "direct", member_ids: [chosen[0].id] }
        : { kind: "group", name: name.trim(), member_ids: group ? [] : chosen.map(({ id }) => id), group_id: group?.id, linked: group ? linked : undefined });
      close();
      ui.openChat(chat.id);
    } catch (error) {
      setState({ busy: false, error: error.message, field: error.field });
    }
  }

  const foot = html`<button type="button" class="fd-btn" onClick=${close}>Cancel</button>
    <button type="submit" form="fd-newchat" class=${`fd-btn fd-btn--primary${state.busy ? " is-busy" : ""}`} disabled=${state.busy || !chosen.length || Boolean(refused)}>${direct ? "Open chat" : "Start group chat"}</button>`;
  return html`<${Sheet} title=${mayGroup ? "New chat" : "New direct chat"} wide foot=${foot}>
    <form id="fd-newchat" class="fd-stack" onSubmit=${create} novalidate>
      <${PeoplePicker} ui=${ui} chosen=${chosen} onChange=${choose} groups=${mayGroup} label="People or a user group" />
      ${group && html`<fieldset class="fd-linked"><legend class="fd-label">Members</legend>
        <label class="fd-check"><input type="radio" name="linked" checked=${linked} onChange=${() => setLinked(true)} /><span>Linked<span class="fd-hint">Who joins or leaves ${group.name} joins or leaves the chat.</span></span></label>
        <label class="fd-check"><input type="radio" name="linked" checked=${!linked} onChange=${() => setLinked(false)} /><span>Copied now<span class="fd-hint">Today's members; changes are made in the chat.</span></span></label></fieldset>`}
      ${mayGroup && chosen.length > 0 && html`<div class=${state.field === "name" ? "fd-field has-error" : "fd-field"}><label class="fd-label" for="fd-newchat-name">Name of the group${alone ? " (none: a direct chat)" : ""}</label>
        <input class="fd-input" id="fd-newchat-name" maxlength="100" value=${name} aria-invalid=${state.field === "name" ? "true" : undefined} aria-describedby="fd-newchat-error" onInput=${(event) => setName(event.currentTarget.value)} /></div>`}
      <p class="fd-error" id="fd-newchat-error" role="alert">${refused || state.error || ""}</p>
    </form>
  <//>`;
}
