// What of a chat still reaches me outside the center.

const CHOICES = [
  ["none", "Not muted"],
  ["all_but_mentions", "Mute, but mentions come through"],
  ["all", "Mute altogether"],
];

export function muteItems(chatId, mute, ui) {
  return CHOICES.map(([value, label]) => ({
    label, checked: mute === value,
    onPick: async () => {
      try {
        ui.chats.keepInfo(await ui.chats.calls.mine(chatId, { mute: value }));
        ui.say({ text: value === "none" ? "Unmuted" : value === "all" ? "Muted" : "Muted, mentions come through" });
      } catch (error) {
        ui.say({ text: `Not muted: ${error.message}`, bad: true });
      }
    },
  }));
}

export const muteWords = (mute) => (mute === "none" ? "Mute" : "Muted");
