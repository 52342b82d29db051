// The few moments that *Postpone* offers: each later than now and than the task is due already. Knows no DOM.
import { daysLaterAt, instantOf, nextMondayAt, wallClock } from "./time.js";

const HOUR_MS = 3_600_000;
const MORNING = 9;

/** `due`: {at, all_day}. Answers [{label, words, at}]: words fit after "due". */
export function postponeOffers(due, now, zone) {
  const dueAt = due ? new Date(due.at).getTime() : now;
  return due?.all_day ? days(dueAt, now, zone) : moments(dueAt, now, zone);
}

function moments(dueAt, now, zone) {
  const late = dueAt <= now;
  return [
    late ? { label: "In 1 hour", words: "in 1 hour", at: new Date(now + HOUR_MS) } : { label: "1 hour later", words: "an hour later", at: new Date(dueAt + HOUR_MS) },
    { label: "Tomorrow 9:00", words: "tomorrow 9:00", at: daysLaterAt(1, MORNING, now, zone) },
    { label: "A day later", words: "a day later", at: sameClock(1, dueAt, zone), only: !late },
    { label: "Next Monday 9:00", words: "on Monday 9:00", at: nextMondayAt(MORNING, now, zone) },
    { label: "A week later", words: "a week later", at: sameClock(7, dueAt, zone), only: !late },
  ].filter((one) => one.only !== false && one.at.getTime() > Math.max(dueAt, now));
}

/** An all-day task moves by days; noon of a day is that day in every zone's clock. */
function days(dueAt, now, zone) {
  const day = (at) => daysLaterAt(0, 12, at, zone).getTime();
  const due = day(dueAt - 1000);
  const late = due < day(now);
  return [
    { label: "Today", words: "today", at: new Date(day(now)), only: late },
    { label: "Tomorrow", words: "tomorrow", at: daysLaterAt(1, 12, now, zone) },
    { label: "A day later", words: "a day later", at: daysLaterAt(1, 12, due, zone), only: due > day(now) },
    { label: "Next Monday", words: "on Monday", at: nextMondayAt(12, now, zone) },
    { label: "A week later", words: "a week later", at: daysLaterAt(7, 12, due, zone), only: !late },
  ].filter((one) => one.only !== false && one.at.getTime() > due);
}

/** The same time of day so many days later, also over a summer-time change. */
function sameClock(count, at, zone) {
  const { year, month, day, hour, minute } = wallClock(at, zone);
  const date = new Date(Date.UTC(year, month - 1, day + count));
  return instantOf({ year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(), hour, minute }, zone);
}
