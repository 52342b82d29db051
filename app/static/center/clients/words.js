// How clients' chats are worded. Pure.
import { namedWords } from "../chat/named.js";

export const channelWords = (talk) => {
  if (!talk) return "Client";
  return talk.channel === "messenger" ? talk.channel_name || "Messenger" : `Website chat${talk.channel_name ? ` · ${talk.channel_name}` : ""}`;
};

export const channelIcon = (channel) => (channel === "messenger" ? "mobile" : "globe");

/** "shop.example/bikes" of an address. */
export function pageWords(url) {
  try {
    const { host, pathname } = new URL(url);
    return host + (pathname === "/" ? "" : pathname);
  } catch {
    return url;
  }
}

// "Fern" of Fern Puddle, but all of "Visitor 3" and of a number.
const first = (name) => (name ?? "").replace(/^(\S+)\s+(?!\d).*$/s, "$1") || "the client";

/** What the empty box says. */
export const placeholder = (chat, note) => (note ? "Note for your team" : `Answer ${first(chat?.title)} ${chat?.talk?.channel === "messenger" ? `on ${chat.talk.channel_name}` : "on the website"}`);

/** "Milo is answering", "Milo and Wren are looking at this, too"; empty when one is alone. */
export function othersWords({ looking, writing }) {
  if (writing.length) return `${names(writing)} ${writing.length === 1 ? "is" : "are"} answering right now`;
  if (looking.length) return `${names(looking)} ${looking.length === 1 ? "has" : "have"} this chat open, too`;
  return "";
}

/** Of a client's row in the list: who is answering or writing a note, else that the client is typing. */
export function rowWords(people) {
  const team = people.filter(({ id }) => id !== "client");
  const writing = team.filter(({ note }) => !note);
  if (writing.length) return `${names(writing)} ${writing.length === 1 ? "is" : "are"} answering`;
  if (people.length > team.length) return "Typing";
  return team.length ? `${names(team)} ${team.length === 1 ? "is" : "are"} writing a note` : "";
}

function names(people) {
  const list = people.map(({ name, free }) => namedWords({ name: first(name), free }));
  if (list.length > 2) return `${list[0]} and ${list.length - 1} others`;
  return list.join(" and ");
}
