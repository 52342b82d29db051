// What a screen reader says of an open chat: messages of others as they come in. The list itself is silent, since what
// is loaded by scrolling up joins it, too.
import { html } from "htm/preact";
import { useMemo } from "preact/hooks";

export function Heard({ history, me }) {
  // what came before somebody looked at this chat is not said when they open it
  const from = useMemo(() => history.heard.peek().at(-1)?.seq ?? 0, [history]);
  const news = history.heard.value.filter(({ seq, author }) => seq > from && !(author.kind === "user" && author.id === me.id));
  const gone = new Set(history.state.value.messages.filter(({ deleted }) => deleted).map(({ id }) => id));
  return html`<div class="fd-sr" aria-live="polite" aria-relevant="additions" data-heard>
    ${news.filter(({ id }) => !gone.has(id)).map((message) => html`<p key=${message.id}>${said(message)}</p>`)}
  </div>`;
}

function said({ author, body, files }) {
  const words = body || (files?.length === 1 ? "sent a file" : "sent files");
  return author.kind === "system" ? words : `${author.name}: ${words}`;
}
