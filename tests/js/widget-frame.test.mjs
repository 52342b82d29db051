import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createHost } from "../../app/static/widget/host.js";
import { createKeep, storageOf } from "../../app/static/widget/keep.js";
import { textsIn } from "../../app/static/widget/texts.js";
import { createTimes } from "../../app/static/widget/times.js";
import { createUploads } from "../../app/static/widget/uploads.js";

const settle = () => new Promise(setImmediate);

function windows() {
  const said = [];
  const parent = { postMessage: (data, origin) => said.push([data, origin]) };
  let listener = null;
  const window = { parent, addEventListener: (_, act) => (listener = act) };
  return { window, parent, said, hear: (data, part = {}) => listener({ source: parent, origin: "https://shop.example", data, ...part }) };
}

test("only the page above, of the origin that the frame was made for, is listened to", async () => {
  const { window, said, hear } = windows();
  const heard = [];
  const host = createHost({ window, origin: "https://shop.example", heard: { open: () => heard.push("open") }, timers: { setTimeout: () => {} } });
  const hello = host.hello({ labels: {} });
  assert.equal(said[0][1], "https://shop.example");
  hear({ mark: "frontdesk-widget", type: "open" }, { origin: "https://evil.example" });
  hear({ mark: "frontdesk-widget", type: "open" }, { source: {} });
  hear({ type: "open" });
  hear({ mark: "frontdesk-widget", type: "toString" });
  hear(null);
  assert.deepEqual(heard, []);
  hear({ mark: "frontdesk-widget", type: "open" });
  hear({ mark: "frontdesk-widget", type: "hello", page: { url: "https://shop.example/a", title: "A" }, kept: { a: "1", no: 1 } });
  assert.deepEqual([heard, await hello], [["open"], { page: { url: "https://shop.example/a", title: "A" }, kept: { a: "1" } }]);
});

test("where the frame may not store anything, the page above keeps it", () => {
  const refused = { get localStorage() { throw new Error("SecurityError"); } };
  const told = [];
  const keep = createKeep({ key: "k", storage: storageOf(refused), kept: { "frontdesk-visitor:k": "old" }, tell: (...what) => told.push(what) });
  assert.equal(keep.token(), "old");
  keep.setToken("new");
  keep.setToken("new");
  assert.deepEqual([keep.token(), told], ["new", [["frontdesk-visitor:k", "new"]]]);
  keep.drop();
  keep.storage.removeItem("frontdesk-draft:k");
  assert.deepEqual([keep.token(), told.slice(1)], [null, [["frontdesk-visitor:k", null]]]);
});

test("where it may, nothing is kept in the page above", () => {
  const values = new Map();
  const storage = { getItem: (name) => values.get(name) ?? null, setItem: (name, value) => values.set(name, value), removeItem: (name) => values.delete(name) };
  const keep = createKeep({ key: "k", storage, kept: { "frontdesk-visitor:k": "theirs" }, tell: () => assert.fail("told") });
  assert.equal(keep.token(), null);
  keep.setToken("own");
  assert.equal(values.get("frontdesk-visitor:k"), "own");
});

test("times stand as people say them, the day once", async () => {
  const texts = await textsIn("en");
  const times = createTimes({ language: "en", texts, zone: "Europe/Vienna", now: () => Date.parse("2031-05-05T22:30:00Z") });
  assert.equal(times.clock("2031-05-05T08:26:00Z"), "10:26");
  assert.equal(times.day("2031-05-05T22:10:00Z"), "Today");
  assert.equal(times.day("2031-05-05T21:10:00Z"), "Yesterday");
  assert.match(times.day("2031-05-03T10:00:00Z"), /Saturday/u);
  assert.match(times.day("2029-05-03T10:00:00Z"), /2029/u);
});

test("an unknown language speaks English", async () => {
  for (const language of ["en", "en-GB", "xx", "", null, "constructor"]) assert.equal((await textsIn(language)).send, "Send");
  assert.equal((await textsIn("de-AT")).send, "Senden");
});

test("every language that an admin can choose says everything, in its own words", async () => {
  const offered = /^LANGUAGES = \(([^)]*)\)/mu.exec(readFileSync(new URL("../../app/services/clients/widgets.py", import.meta.url), "utf8"))[1].match(/[a-z]{2}/gu);
  const english = await textsIn("en");
  for (const language of offered) {
    const texts = await textsIn(language);
    assert.deepEqual(Object.keys(texts), Object.keys(english), language);
    for (const [name, text] of Object.entries(texts)) {
      assert.equal(typeof text, typeof english[name], `${language} ${name}`);
      assert.equal(text.length === 0, english[name].length === 0, `${language} ${name}`);
      if (typeof text === "function") for (const part of ["Milo", "Shop"].slice(0, text.length)) assert.ok(text("Milo", "Shop").includes(part), `${language} ${name}`);
    }
    if (language !== "en") assert.notEqual(texts.write, english.write, language);
  }
});

test("a file that is too big or empty is refused before it is sent; before the first message files wait", async () => {
  let ready = false;
  let problem = "";
  const started = [];
  const uploads = createUploads({
    boot: { max_files: 3, max_file_bytes: 2_000_000 }, texts: await textsIn("en"), ready: () => ready, onChange: () => {}, onProblem: (words) => (problem = words),
    upload: (file) => (started.push(file.name), { done: Promise.resolve({ id: 5, name: file.name }), cancel: () => {} }),
  });
  uploads.add([{ name: "big.mov", size: 3_000_000 }, { name: "none.txt", size: 0 }, { name: "ok.jpg", size: 10 }, { name: "more.jpg", size: 10 }]);
  assert.match(problem, /at most 3 files/u);
  assert.deepEqual(uploads.entries().map(({ state, error }) => [state, error]), [["failed", "Too big: at most 2.0 MB"], ["failed", "This file is empty"], ["waiting", null]]);
  assert.deepEqual([started, uploads.busy()], [[], true]);
  ready = true;
  uploads.startWaiting();
  await settle();
  assert.deepEqual([started, uploads.busy(), uploads.takeDone().map(({ id }) => id), uploads.entries().length], [["ok.jpg"], false, [5], 2]);
});
