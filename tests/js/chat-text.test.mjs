import assert from "node:assert/strict";
import { test } from "node:test";
import { initials } from "../../app/static/center/chat/avatar.js";
import { findEmoji } from "../../app/static/center/chat/emoji.js";
import { callsAll, tokenAt } from "../../app/static/center/chat/mentions.js";
import { fits } from "../../app/static/center/chat/search.js";
import { fileSize, highlighted, isJumbo, pieces, spoken } from "../../app/static/center/chat/text.js";

const links = (body) => pieces(body).filter(({ kind }) => kind === "link").map(({ text, href }) => [text, href]);

test("links are found without the sentence around them", () => {
  assert.deepEqual(links("See https://example.com/a?b=1. And (www.example.org/x), too"), [
    ["https://example.com/a?b=1", "https://example.com/a?b=1"], ["www.example.org/x", "https://www.example.org/x"],
  ]);
  assert.deepEqual(links("https://example.com/a_(b)"), [["https://example.com/a_(b)", "https://example.com/a_(b)"]]);
});

test("nothing but http and https becomes a link", () => {
  for (const body of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "https://", "example.com"]) assert.deepEqual(links(body), []);
});

test("pieces joined are the text itself, whatever it holds", () => {
  for (const body of ["", "<img src=x onerror=alert(1)>", "a https://x.y/<b>", "line\n\nline", "@a @b @c", "🎉 https://x.io 🎉"]) {
    const all = pieces(body, [{ start: 0, end: 2 }, { start: 1, end: 3 }, { start: 50, end: 60 }, { start: 3, end: 3 }]);
    assert.equal(all.map(({ text }) => text).join(""), body);
  }
});

test("as one line of text, who is mentioned has a name", () => {
  assert.equal(spoken("\u{1F6B2} @wren, look", [{ start: 3, end: 8, kind: "user", id: 3, name: "Wren Saddle" }]), "\u{1F6B2} @Wren Saddle, look");
  assert.equal(spoken("nobody", null), "nobody");
});

test("mentions stand where the server says, counted in UTF-16", () => {
  const body = "🎉 @wren hi";
  const [, mention] = pieces(body, [{ start: 3, end: 8, kind: "user", id: 3, name: "Wren Saddle" }]);
  assert.deepEqual([mention.kind, mention.text, mention.mention.id], ["mention", "@wren", 3]);
});

test("found words are marked", () => {
  assert.deepEqual(highlighted("the frame is here", [[4, 9]]).map(({ text, hit }) => (hit ? `[${text}]` : text)).join(""), "the [frame] is here");
});

test("what is completed is the word before the caret", () => {
  assert.deepEqual(tokenAt("hi @wr", 6), { kind: "mention", query: "wr", start: 3 });
  assert.deepEqual(tokenAt("@Sales Off", 10), { kind: "mention", query: "Sales Off", start: 0 });
  assert.deepEqual(tokenAt("yes :thu", 8), { kind: "emoji", query: "thu", start: 4 });
  for (const text of ["mail a@b", "10:30", "no", "@wren, look"]) assert.equal(tokenAt(text, text.length), null);
});

test("calling everybody is noticed, an address is not", () => {
  for (const text of ["@all", "hey @all!", "(@all)"]) assert.equal(callsAll(text), true);
  for (const text of ["x@all.com", "@allan", "all"]) assert.equal(callsAll(text), false);
});

test("initials, sizes, emoji", () => {
  assert.equal(initials("Rowan van Sprocket"), "RS");
  assert.equal(initials(""), "?");
  assert.deepEqual([fileSize(512), fileSize(1_234_000), fileSize(88_000)], ["512 B", "1.2 MB", "88 kB"]);
  assert.equal(isJumbo("🎉"), true);
  assert.equal(isJumbo("ok 🎉"), false);
  assert.equal(findEmoji("thumbs")[0].char, "👍");
});

test("Enter chooses what was found for fewer letters only while it has all that stand there now", () => {
  const milo = { name: "Milo Spoke", username: "staff" };
  assert.deepEqual(["mi", "spoke mi", "STA"].map((words) => fits(milo, words)), [true, true, true]);
  assert.equal(fits(milo, "mira"), false);
  assert.equal(fits({ title: "Sales Office" }, "office"), true);
});
