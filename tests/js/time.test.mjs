import assert from "node:assert/strict";
import { test } from "node:test";
import * as time from "../../app/static/center/time.js";

const ZONE = "Europe/Vienna";
const NOW = Date.parse("2026-11-18T09:30:00Z"); // Wednesday, 10:30 in Vienna

test("times are short for people and in the user's zone", () => {
  const cases = {
    "2026-11-18T09:26:00Z": "10:26",
    "2026-11-17T23:30:00Z": "00:30", // still yesterday in London
    "2026-11-17T22:30:00Z": "Yesterday",
    "2026-11-13T09:00:00Z": "Fri",
    "2026-11-03T09:00:00Z": "3 Nov",
    "2025-11-03T09:00:00Z": "3 Nov 2025",
    "2026-11-19T09:00:00Z": "Tomorrow",
  };
  for (const [iso, words] of Object.entries(cases)) assert.equal(time.shortTime(iso, NOW, ZONE), words, iso);
});

test("the full time names the day", () => {
  assert.equal(time.fullTime("2026-11-18T09:26:00Z", ZONE), "Wednesday, 18 November 2026, 10:26");
});

test("tomorrow 9:00 is a calendar day, also when the clocks change in between", () => {
  assert.equal(time.daysLaterAt(1, 9, NOW, ZONE).toISOString(), "2026-11-19T08:00:00.000Z");
  const eveOfSummer = Date.parse("2026-03-28T20:00:00Z");
  assert.equal(time.daysLaterAt(1, 9, eveOfSummer, ZONE).toISOString(), "2026-03-29T07:00:00.000Z");
  const eveOfWinter = Date.parse("2026-10-24T20:00:00Z");
  assert.equal(time.daysLaterAt(1, 9, eveOfWinter, ZONE).toISOString(), "2026-10-25T08:00:00.000Z");
});

test("an hour that the spring change leaves out becomes the time after it", () => {
  const at = time.instantOf({ year: 2026, month: 3, day: 29, hour: 2, minute: 30 }, ZONE);
  assert.equal(time.toLocalInput(at, ZONE), "2026-03-29T03:30");
});

test("next Monday on a Monday is in a week", () => {
  assert.equal(time.toLocalInput(time.nextMondayAt(9, NOW, ZONE), ZONE), "2026-11-23T09:00");
  assert.equal(time.toLocalInput(time.nextMondayAt(9, Date.parse("2026-11-23T06:00:00Z"), ZONE), ZONE), "2026-11-30T09:00");
});

test("a field's value means the user's zone, and an empty one means nothing", () => {
  assert.equal(time.fromLocalInput("2026-07-01T09:15", "America/New_York").toISOString(), "2026-07-01T13:15:00.000Z");
  assert.equal(time.fromLocalInput("", ZONE), null);
});

test("a zone that the browser does not know falls back to UTC", () => {
  assert.equal(time.shortTime("2026-11-18T09:26:00Z", NOW, "Mars/Olympus"), "09:26");
});

test("waiting is told in the largest unit that fits", () => {
  const ago = (minutes) => time.lasting(new Date(NOW - minutes * 60_000).toISOString(), NOW);
  assert.deepEqual([0, 12, 60, 47 * 60, 49 * 60].map(ago), ["under 1 min", "12 min", "1 h", "47 h", "2 days"]);
});
