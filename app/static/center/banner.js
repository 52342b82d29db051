// Says when the center is not live. Nothing is lost then, it only comes later.
import { html } from "htm/preact";
import { Icon } from "./icon.js";

const WORDS = {
  polling: "Live updates are off, checking every 15 s",
  offline: "No connection to the server, trying again every 15 s",
};

export function Banner({ center }) {
  const words = WORDS[center.connection.state.value];
  return html`<div role="status">${words && html`<div class="fd-banner"><${Icon} name="offline" />${words}</div>`}</div>`;
}

/** Over every page, when this session is over: what happened, and the way back. */
export function EndedBanner({ center }) {
  const ended = center.ended.value;
  if (!ended) return null;
  return html`<div class="fd-banner fd-banner--bad fd-banner--over" role="alert"><${Icon} name=${ended.code === "deactivated" ? "lock" : "alert"} />
    <span>${ended.message}</span><a class="fd-btn fd-btn--sm fd-end" href=${center.loginUrl()}>Sign in</a></div>`;
}
