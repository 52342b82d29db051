// People are circles with their picture or initials, chats of groups are squares.
import { html } from "htm/preact";
import { Icon } from "../icon.js";
import { channelIcon } from "../clients/words.js";
import { PRESENCE_WORDS } from "./presence.js";

const COLOURS = 7; // as app/formatting.py counts
const SIZES = new Set([20, 24, 28, 36, 40, 56]);

export function initials(name) {
  const words = (name ?? "").replaceAll("@", " ").split(/\s+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  if (!words.length) return "?";
  return (words[0][0] + (words.length > 1 ? words.at(-1)[0] : "")).toUpperCase();
}

const sized = (size) => (SIZES.has(size) ? ` fd-av--${size}` : "");

/** `presence`: "active", "away", "offline", or nothing to show none. Decorative but for the presence. */
export function PersonAvatar({ id, name, picture, size = 36, presence }) {
  return html`<span class=${`fd-av${sized(size)}`} data-c=${((id ?? 0) % COLOURS) + 1}>
    <span aria-hidden="true">${picture ? html`<img class="fd-av-pic" src=${picture} alt="" loading="lazy" />` : initials(name)}</span>
    ${presence && html`<span class="p" data-p=${presence === "offline" ? "off" : presence}><span class="fd-sr">${PRESENCE_WORDS[presence]}</span></span>`}</span>`;
}

/** `contactId` and `channel` ("widget", "messenger") are a client's: a circle with where they write in its corner. */
export function ChatAvatar({ kind = "group", id, name, picture, personId, contactId, channel, presence, size = 36 }) {
  if (kind === "client") {
    return html`<span class=${`fd-av${sized(size)}`} data-c=${((contactId ?? id ?? 0) % COLOURS) + 1}><span aria-hidden="true">${initials(name)}</span>
      <span class="k" aria-hidden="true"><${Icon} name=${channelIcon(channel)} /></span></span>`;
  }
  if (kind === "direct") return html`<${PersonAvatar} id=${personId} name=${name} picture=${picture} size=${size} presence=${presence} />`;
  return html`<span class=${`fd-av fd-av--sq${sized(size)}`} data-c=${((id ?? 0) % COLOURS) + 1} aria-hidden="true">
    ${picture ? html`<img class="fd-av-pic" src=${picture} alt="" loading="lazy" />` : html`<${Icon} name="hash" />`}</span>`;
}
