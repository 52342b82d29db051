// Mute the source of an item: a chat, or the whole kind of news. It still comes to the center, and is not told elsewhere.
import { html } from "htm/preact";
import { muteItems } from "./chat/mute.js";
import { Icon } from "./icon.js";
import { Menu } from "./menu.js";

export const isMutable = (item) => Boolean(item.chat || item.source);

/** The entries of a menu: the chat's three choices, or one for the kind of news. */
export function muteEntries(item, center) {
  if (item.chat) return muteItems(item.chat.id, item.chat.mute ?? "none", center.chatUi);
  return [{ label: `Mute “${item.source.label}”`, icon: "bell-off", onPick: () => muteKind(item.source, center) },
    { label: "Notification settings", icon: "sliders", href: "/profile/#notifications" }];
}

export function MuteMenu({ item, center, buttonClass }) {
  if (!isMutable(item)) return null;
  const muted = item.chat && item.chat.mute !== "none";
  const title = item.chat ? (muted ? "Muted: what still reaches you" : "Mute this chat") : "Mute this kind of news";
  return html`<${Menu} label=${title} title=${title} buttonClass=${buttonClass} items=${muteEntries(item, center)}><${Icon} name="bell-off" size="16" /><//>`;
}

async function muteKind({ row, label }, { api, say }) {
  const change = (cells) => api.setPreferences({ matrix: { [row]: cells } });
  try {
    const before = (await api.request("GET", "/me/preferences")).matrix[row];
    if (!before) return say({ text: "This kind of news cannot be muted.", bad: true });
    await change(Object.fromEntries(Object.keys(before).map((channel) => [channel, channel === "email" ? "off" : false])));
    const undo = () => change(before).catch((error) => say({ text: `Not unmuted: ${error.message}`, bad: true }));
    return say({ text: `“${label}” is muted: it comes to your center only`, action: "Undo", onAction: undo });
  } catch (error) {
    return say({ text: `Not muted: ${error.message}`, bad: true });
  }
}
