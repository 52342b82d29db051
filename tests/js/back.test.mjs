import assert from "node:assert/strict";
import { test } from "node:test";
import { createBack } from "../../app/static/center/back.js";

function phone() {
  let heard;
  const history = { entries: 1, pushState: () => (history.entries += 1), go: (steps) => ((history.entries += steps), heard()) };
  const onBack = createBack({ history, listen: (listener) => (heard = listener), covers: () => true });
  return { history, onBack, back: () => history.go(-1) };
}

test("back closes what is on top, and leaves the page only when nothing is open", () => {
  const { history, onBack, back } = phone();
  const closed = [];
  onBack(() => closed.push("panel"));
  onBack(() => closed.push("chat"));
  back();
  assert.deepEqual(closed, ["chat"]);
  back();
  assert.deepEqual(closed, ["chat", "panel"]);
  assert.equal(history.entries, 1);
});

test("what is closed in another way takes its steps back with it, in one go", async () => {
  const { history, onBack, back } = phone();
  const closed = [];
  const panel = onBack(() => closed.push("panel"));
  const chat = onBack(() => closed.push("chat"));
  panel();
  chat();
  await null;
  assert.equal(history.entries, 1);
  assert.deepEqual(closed, []);
  onBack(() => closed.push("again"));
  back();
  assert.deepEqual(closed, ["again"]);
});
