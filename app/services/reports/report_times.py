"""When a report goes out: own times of day on weekdays or on a day of the month, in its own zone. Pure."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass

from app.clock import zone_of
from app.services.settings.quiet import local_moment

# A month's sending lies at most so far away.
_LOOKED_AT_DAYS = 64
# Clock changes of the next two years are checked when a time is chosen.
_CHECKED_DAYS = 731


@dataclass(frozen=True, slots=True)
class Sending:
    """``weekdays`` (Monday is 0) count for daily and weekly reports, ``monthday`` for monthly ones.

    A day of the month that a month does not have is its last one.
    """

    monthly: bool
    times: tuple[dt.time, ...]
    weekdays: frozenset[int]
    monthday: int
    zone: str

    def on(self, day: dt.date) -> bool:
        """Whether the report goes out on that day."""
        if self.monthly:
            return day.day == min(self.monthday, monthrange(day.year, day.month)[1])
        return day.weekday() in self.weekdays


@dataclass(frozen=True, slots=True)
class Gap:
    """A chosen time that does not exist on a day, because the clocks are put forward over it."""

    day: dt.date
    time: dt.time


def next_after(sending: Sending, moment: dt.datetime) -> dt.datetime | None:
    """Return the first due moment later than ``moment``; None when nothing is chosen."""
    return next(_moments(sending, moment), None)


def upcoming(sending: Sending, moment: dt.datetime, count: int) -> list[dt.datetime]:
    """Return the next due moments."""
    found: list[dt.datetime] = []
    while len(found) < count:
        due = next_after(sending, found[-1] if found else moment)
        if due is None:
            break
        found.append(due)
    return found


def last_until(sending: Sending, moment: dt.datetime) -> dt.datetime | None:
    """Return the last due moment not later than ``moment``; None when nothing is chosen."""
    zone = zone_of(sending.zone)
    today = moment.astimezone(zone).date()
    for distance in range(_LOOKED_AT_DAYS):
        day = today - dt.timedelta(days=distance)
        if sending.on(day):
            past = [at for at in _of_day(sending, day) if at <= moment]
            if past:
                return past[-1]
    return None


def first_gap(sending: Sending, moment: dt.datetime) -> Gap | None:
    """Return the first sending within two years whose time is skipped by a clock change, or None.

    A time that comes twice is no gap: the report goes out at the first of them.
    """
    zone = zone_of(sending.zone)
    today = moment.astimezone(zone).date()
    for distance in range(_CHECKED_DAYS):
        day = today + dt.timedelta(days=distance)
        noon = dt.datetime.combine(day, dt.time(12), zone).utcoffset()
        if noon == dt.datetime.combine(day - dt.timedelta(days=1), dt.time(12), zone).utcoffset():
            continue
        if sending.on(day):
            for time in sorted(sending.times):
                if local_moment(day, time, zone).astimezone(zone).replace(tzinfo=None) != dt.datetime.combine(
                    day, time
                ):
                    return Gap(day, time)
    return None


def _moments(sending: Sending, after: dt.datetime) -> Iterator[dt.datetime]:
    today = after.astimezone(zone_of(sending.zone)).date()
    for distance in range(_LOOKED_AT_DAYS):
        day = today + dt.timedelta(days=distance)
        if sending.on(day):
            yield from (at for at in _of_day(sending, day) if at > after)


def _of_day(sending: Sending, day: dt.date) -> list[dt.datetime]:
    zone = zone_of(sending.zone)
    return sorted({local_moment(day, time, zone) for time in sending.times})
