"""A task's due moment in words, in the zone of the person who reads them."""

from __future__ import annotations

import datetime as dt

from babel.dates import format_date
from flask_babel import gettext

from app.clock import zone_of
from app.moments import viewer_locale

_A_MOMENT = dt.timedelta(seconds=1)


def short_due(due_at: dt.datetime, zone: str, now: dt.datetime, *, all_day: bool) -> str:
    """As in a line of the feed: "10:40", "tomorrow 10:40", "Fri 10:40", "3 Nov 10:40"; all-day: "today", "Fri"."""
    local, today = _local(due_at, zone, all_day=all_day), now.astimezone(zone_of(zone)).date()
    day = _day(local.date(), today)
    if all_day:
        return day
    return f"{local:%H:%M}" if local.date() == today else f"{day} {local:%H:%M}"


def full_due(due_at: dt.datetime, zone: str, *, all_day: bool) -> str:
    """As in a mail: "Monday, 23 November 2026, 10:40 (Europe/Vienna)"; all-day: the date alone."""
    local = _local(due_at, zone, all_day=all_day)
    date = format_date(local, "EEEE, d MMMM yyyy", locale=viewer_locale())
    return date if all_day else f"{date}, {local:%H:%M} ({zone_of(zone).key})"


def _local(due_at: dt.datetime, zone: str, *, all_day: bool) -> dt.datetime:
    # An all-day task is due at the end of its day: that midnight already is the next one.
    return (due_at - _A_MOMENT if all_day else due_at).astimezone(zone_of(zone))


def _day(day: dt.date, today: dt.date) -> str:
    distance = (day - today).days
    near = {-1: gettext("yesterday"), 0: gettext("today"), 1: gettext("tomorrow")}
    if distance in near:
        return near[distance]
    pattern = "EEE" if 0 < distance < 7 else "d MMM" if day.year == today.year else "d MMM yyyy"
    return format_date(day, pattern, locale=viewer_locale())
