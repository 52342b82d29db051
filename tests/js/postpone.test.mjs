import assert from "node:assert/strict";
import { test } from "node:test";
import { postponeOffers } from "../../app/static/center/postpone.js";

const ZONE = "Europe/Vienna";
const NOW = Date.parse("2026-11-18T09:30:00Z"); // Wednesday, 10:30 in Vienna
const offers = (at, allDay = false) => Object.fromEntries(postponeOffers({ at, all_day: allDay }, NOW, ZONE).map((one) => [one.label, one.at.toISOString()]));

test("a late task is offered moments from now on", () => {
  assert.deepEqual(offers("2026-11-18T08:00:00Z"), {
    "In 1 hour": "2026-11-18T10:30:00.000Z",
    "Tomorrow 9:00": "2026-11-19T08:00:00.000Z",
    "Next Monday 9:00": "2026-11-23T08:00:00.000Z",
  });
});

test("nothing is offered that is earlier than the task is due already", () => {
  assert.deepEqual(offers("2026-11-19T14:00:00Z"), {
    "1 hour later": "2026-11-19T15:00:00.000Z",
    "A day later": "2026-11-20T14:00:00.000Z",
    "Next Monday 9:00": "2026-11-23T08:00:00.000Z",
    "A week later": "2026-11-26T14:00:00.000Z",
  });
});

test("an all-day task moves to days, its own day left out", () => {
  assert.deepEqual(Object.keys(offers("2026-11-18T22:59:59Z", true)), ["Tomorrow", "Next Monday", "A week later"]); // today
  assert.deepEqual(Object.keys(offers("2026-11-16T22:59:59Z", true)), ["Today", "Tomorrow", "Next Monday"]); // late
  assert.equal(offers("2026-11-18T22:59:59Z", true).Tomorrow, "2026-11-19T11:00:00.000Z");
});

test("a day later is the same time of day when the clocks change", () => {
  const before = Date.parse("2026-10-24T07:00:00Z"); // 9:00 of summer time, the day before
  const [, , later] = postponeOffers({ at: "2026-10-24T13:00:00Z", all_day: false }, before, ZONE);
  assert.deepEqual([later.label, later.at.toISOString()], ["A day later", "2026-10-25T14:00:00.000Z"]);
});
