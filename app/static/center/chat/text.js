// What people wrote, cut into pieces that are drawn one by one: plain text, links, mentions, found words.
// Pieces are only ever set as text, so nothing that somebody writes can become markup.

const LINK = /\bhttps?:\/\/[^\s<>"“”]+|\bwww\.[^\s<>"“”]+\.[^\s<>"“”]+/giu;
const TRAILING = /[.,;:!?'’*_~]+$/u;
const JUMBO = /^(?:\p{Extended_Pictographic}(?:\uFE0F|\u200D\p{Extended_Pictographic}|\p{Emoji_Modifier})*\s?){1,3}$/u;

/** Is this nothing but up to three emoji? They are drawn larger. */
export const isJumbo = (body) => body.length <= 40 && JUMBO.test(body);

/**
 * `[{kind: "text" | "link" | "mention", text, href?, mention?}]`, in order and without holes: joined texts are the body.
 * `mentions`: `[{start, end, …}]`, UTF-16 offsets; broken or overlapping ones are ignored.
 */
export function pieces(body, mentions = []) {
  const found = [];
  let at = 0;
  for (const mention of [...mentions].sort((a, b) => a.start - b.start)) {
    if (!(mention.start >= at && mention.end > mention.start && mention.end <= body.length)) continue;
    links(body.slice(at, mention.start), found);
    found.push({ kind: "mention", text: body.slice(mention.start, mention.end), mention });
    at = mention.end;
  }
  links(body.slice(at), found);
  return found;
}

/** The same as one line of plain text, in which who is mentioned has a name. */
export const spoken = (body, mentions = []) => pieces(body, mentions ?? []).map(({ text, mention }) => (mention ? `@${mention.name}` : text)).join("");

function links(text, found) {
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    const link = trimmed(match[0]);
    const href = address(link);
    if (!href) continue;
    if (match.index > at) found.push({ kind: "text", text: text.slice(at, match.index) });
    found.push({ kind: "link", text: link, href });
    at = match.index + link.length;
  }
  if (at < text.length) found.push({ kind: "text", text: text.slice(at) });
}

/** Without the full stop of the sentence and the bracket that was opened before the link. */
function trimmed(link) {
  let kept = link.replace(TRAILING, "");
  while (/[)\]]$/u.test(kept) && count(kept, /[)\]]/gu) > count(kept, /[([]/gu)) kept = kept.slice(0, -1).replace(TRAILING, "");
  return kept;
}

const count = (text, pattern) => (text.match(pattern) ?? []).length;

function address(link) {
  try {
    const url = new URL(/^www\./iu.test(link) ? `https://${link}` : link);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

/** `[{text, hit}]` of a snippet by `[[start, end]…]`, for search results. */
export function highlighted(text, ranges = []) {
  const found = [];
  let at = 0;
  for (const [start, end] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (start < at || end <= start || end > text.length) continue;
    if (start > at) found.push({ text: text.slice(at, start), hit: false });
    found.push({ text: text.slice(start, end), hit: true });
    at = end;
  }
  if (at < text.length) found.push({ text: text.slice(at), hit: false });
  return found;
}

/** "512 B", "1.2 MB", as in the file's row. */
export function fileSize(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
