// Times as people say them: "10:26", and the day once above its messages.

const DAY_MS = 24 * 3600 * 1000;

/** `clock(at)` → "10:26", `day(at)` → "Today", `full(at)` for the title. `at`: ISO 8601. */
export function createTimes({ language, texts, now = Date.now, zone = undefined }) {
  const format = (options) => new Intl.DateTimeFormat(language, { timeZone: zone, ...options });
  const clock = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const near = format({ weekday: "long", day: "numeric", month: "long" });
  const far = format({ day: "numeric", month: "long", year: "numeric" });
  const full = format({ dateStyle: "full", timeStyle: "short" });
  const number = format({ year: "numeric", month: "2-digit", day: "2-digit" });
  const dayKey = (at) => number.format(new Date(at));

  function day(at) {
    const today = now();
    if (dayKey(at) === dayKey(today)) return texts.today;
    if (dayKey(at) === dayKey(today - DAY_MS)) return texts.yesterday;
    return (today - new Date(at).getTime() < 300 * DAY_MS ? near : far).format(new Date(at));
  }

  return { clock: (at) => clock.format(new Date(at)), full: (at) => full.format(new Date(at)), day, dayKey };
}
