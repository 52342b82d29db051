"""Working hours as people write them: "Mon-Fri 09:00-17:00; Sat 10:00-14:00". Empty means always."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from zoneinfo import ZoneInfo

from app.clock import zone_of
from app.errors import UserError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_A_DAY = 24 * 60
# Nobody waits for longer than this before being told: a door that never opens must not be walked along for ever.
_MOST_DAYS = 60
_PART = re.compile(
    r"(?P<days>[a-z, -]+?)\s*(?P<times>\d{1,2}:\d{2}\s*-\s*\d{1,2}:\d{2}(?:\s*,\s*\d{1,2}:\d{2}\s*-\s*\d{1,2}:\d{2})*)"
)

Week = tuple[tuple[tuple[int, int], ...], ...]
"""For each day from Monday: spans of minutes since midnight."""


def checked(value: object, field: str = "working_hours") -> str | None:
    """Return working hours in one form. Raises UserError naming the field."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if not isinstance(value, str) or len(value) > 200:
        raise UserError("invalid", "Write hours like Mon-Fri 09:00-17:00; Sat 10:00-14:00", field)
    try:
        week_of(value)
    except ValueError:
        raise UserError("invalid", "Write hours like Mon-Fri 09:00-17:00; Sat 10:00-14:00", field) from None
    return " ".join(value.split())


@lru_cache(maxsize=512)
def week_of(written: str | None) -> Week | None:
    """Return the week, None for always. Raises ValueError for what cannot be read."""
    if not written or not written.strip():
        return None
    week: list[list[tuple[int, int]]] = [[] for _ in DAYS]
    for part in filter(None, (one.strip().lower() for one in written.split(";"))):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(part)
        spans = [_span(one) for one in match["times"].split(",")]
        for day in _days(match["days"]):
            week[day].extend(spans)
    return tuple(_merged(day) for day in week)


def is_open(written: str | None, zone: str, at: dt.datetime) -> bool:
    """Whether somebody is there at a moment."""
    week = week_of(written)
    if week is None:
        return True
    local = at.astimezone(zone_of(zone))
    minute = local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in week[local.weekday()])


def minutes_later(written: str | None, zone: str, since: dt.datetime, minutes: float) -> dt.datetime:
    """Return when so many working minutes have passed since a moment."""
    week = week_of(written)
    if week is None or not any(week):
        return since + dt.timedelta(minutes=minutes)
    place = zone_of(zone)
    left = dt.timedelta(minutes=minutes)
    day = since.astimezone(place).date()
    for _ in range(_MOST_DAYS):
        for start, end in week[day.weekday()]:
            opens, closes = _moment(day, start, place), _moment(day, end, place)
            begins = max(opens, since)
            if begins >= closes:
                continue
            if closes - begins >= left:
                return begins + left
            left -= closes - begins
        day += dt.timedelta(days=1)
    return since + dt.timedelta(days=_MOST_DAYS)


def _merged(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Spans one after the other: a minute that was written twice passes once."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _moment(day: dt.date, minute: int, place: ZoneInfo) -> dt.datetime:
    midnight = dt.datetime.combine(day + dt.timedelta(days=minute // MINUTES_A_DAY), dt.time(), place)
    time = dt.time(minute % MINUTES_A_DAY // 60, minute % 60)
    return dt.datetime.combine(midnight.date(), time, place).astimezone(dt.UTC)


def _days(written: str) -> list[int]:
    found: list[int] = []
    for one in written.split(","):
        first, dash, last = (name.strip() for name in one.partition("-"))
        if not dash:
            found.append(_day(first))
            continue
        start, end = _day(first), _day(last)
        found += [number % 7 for number in range(start, end + 1 if end >= start else end + 8)]
    return found


def _day(name: str) -> int:
    if name[:3] not in DAYS:
        raise ValueError(name)
    return DAYS.index(name[:3])


def _span(written: str) -> tuple[int, int]:
    start, _, end = written.partition("-")
    first, last = _minute(start), _minute(end)
    if last <= first:
        raise ValueError(written)
    return first, last


def _minute(written: str) -> int:
    hours, _, minutes = written.strip().partition(":")
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > MINUTES_A_DAY:
        raise ValueError(written)
    return total
