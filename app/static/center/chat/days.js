// The lines between days: "Today", "Yesterday", "Friday, 20 November".
import { fullTime, shortTime, wallClock } from "../time.js";

export function dayWords(iso, now, zone) {
  const words = shortTime(iso, now, zone);
  if (words.includes(":")) return "Today";
  if (words === "Yesterday") return words;
  const date = fullTime(iso, zone).replace(/, \d\d:\d\d$/u, "").replace(/ at \d\d:\d\d$/u, "");
  const sameYear = wallClock(new Date(iso), zone).year === wallClock(new Date(now), zone).year;
  return sameYear ? date.replace(/ \d{4}$/u, "") : date;
}
