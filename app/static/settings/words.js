// Times in the person's own zone.
export function moment(iso, zone) {
  const at = new Date(iso);
  const near = at - Date.now() < 6 * 24 * 3600_000;
  const day = near ? { weekday: "long" } : { day: "numeric", month: "short" };
  return new Intl.DateTimeFormat(document.documentElement.lang || "en", { ...day, hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone }).format(at);
}

export function ago(iso) {
  const minutes = Math.round((Date.now() - Date.parse(iso)) / 60_000);
  if (minutes < 2) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} h ago`;
  return `${Math.round(minutes / 1440)} days ago`;
}

export function stamp(iso, zone) {
  return new Intl.DateTimeFormat(document.documentElement.lang || "en", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone }).format(new Date(iso));
}
