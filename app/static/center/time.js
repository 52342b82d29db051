// Times as people read them, always in the user's own zone (an IANA name), whatever the zone of the computer is.

const DAY_MS = 86_400_000;

const formats = new Map();
function format(zone, options) {
  const key = zone + JSON.stringify(options);
  if (!formats.has(key)) {
    let made;
    try {
      made = new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options });
    } catch {
      made = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options }); // a zone this browser does not know
    }
    formats.set(key, made);
  }
  return formats.get(key);
}

const FIELDS = { year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };

/** Wall clock of an instant: {year, month, day, hour, minute, second}, all numbers. */
export function wallClock(instant, zone) {
  const fields = {};
  for (const { type, value } of format(zone, FIELDS).formatToParts(instant)) {
    if (type !== "literal") fields[type] = Number(value);
  }
  return fields;
}

function asUtc({ year, month, day, hour = 0, minute = 0, second = 0 }) {
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** The instant at which clocks of the zone show these fields; in the gap of a summer-time change, the time just after it. */
export function instantOf(fields, zone) {
  const wanted = asUtc(fields);
  const offset = (at) => asUtc(wallClock(at, zone)) - at;
  const first = wanted - offset(wanted);
  const second = wanted - offset(first);
  return new Date(first === second || asUtc(wallClock(second, zone)) === wanted ? second : Math.max(first, second));
}

function daysBetween(earlier, later, zone) {
  const day = (at) => {
    const { year, month, day: date } = wallClock(at, zone);
    return Date.UTC(year, month - 1, date) / DAY_MS;
  };
  return day(later) - day(earlier);
}

/** "10:26" today, "Yesterday", "Fri" within a week, then "3 Nov" and "3 Nov 2025". */
export function shortTime(iso, now, zone) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const days = daysBetween(at, now, zone);
  if (days === 0) return format(zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at);
  if (days === 1) return "Yesterday";
  if (days === -1) return "Tomorrow";
  if (Math.abs(days) < 7) return format(zone, { weekday: "short" }).format(at);
  const sameYear = wallClock(at, zone).year === wallClock(now, zone).year;
  return format(zone, sameYear ? { day: "numeric", month: "short" } : { day: "numeric", month: "short", year: "numeric" }).format(at);
}

/** "Sunday, 22 November 2026 at 10:26", for titles. */
export function fullTime(iso, zone) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const date = format(zone, { weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(at);
  return `${date}, ${format(zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at)}`;
}

/** The wall clock `days` later at `hour`:00, e.g. tomorrow 9:00; a calendar day, also over a summer-time change. */
export function daysLaterAt(days, hour, now, zone) {
  const { year, month, day } = wallClock(now, zone);
  const date = new Date(Date.UTC(year, month - 1, day + days));
  return instantOf({ year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(), hour, minute: 0 }, zone);
}

/** Next Monday at `hour`:00; on a Monday, the one in a week. */
export function nextMondayAt(hour, now, zone) {
  const { year, month, day } = wallClock(now, zone);
  const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay();
  return daysLaterAt(((8 - weekday) % 7) || 7, hour, now, zone);
}

/** Value of a datetime-local field that shows this instant in the zone. */
export function toLocalInput(instant, zone) {
  const { year, month, day, hour, minute } = wallClock(instant, zone);
  const two = (n) => String(n).padStart(2, "0");
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}`;
}

/** The instant that a datetime-local field means in the zone; null when the field is empty or broken. */
export function fromLocalInput(value, zone) {
  const match = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})/.exec(value || "");
  if (!match) return null;
  const [year, month, day, hour, minute] = match.slice(1).map(Number);
  return instantOf({ year, month, day, hour, minute }, zone);
}

/** "under 1 min", "12 min", "3 h", "2 days" since an instant. */
export function lasting(iso, now) {
  const minutes = Math.floor((now - new Date(iso).getTime()) / 60_000);
  if (minutes < 1) return "under 1 min";
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h`;
  return `${Math.floor(minutes / 1440)} days`;
}
