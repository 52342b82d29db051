"""The time that a report is about: whole days, weeks from Monday, months, or days of one's own choice."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_interval
from flask_babel import gettext

from app.errors import UserError
from app.moments import viewer_locale

Kind = Literal["day", "week", "month", "custom"]
KINDS: tuple[Kind, ...] = ("day", "week", "month", "custom")
LONGEST_DAYS = 400


@dataclass(frozen=True, slots=True)
class Period:
    """The days from ``starts_on`` to before ``ends_on``.

    Numbers are kept in days of the account's zone; ``zone`` tells by whose clock the dates were chosen.
    """

    kind: Kind
    starts_on: dt.date
    ends_on: dt.date
    zone: str

    @classmethod
    def last(cls, kind: Kind, at: dt.datetime, zone: str) -> Period:
        """Return the last complete day, week or month before a moment. Raises ValueError for ``custom``."""
        today = at.astimezone(ZoneInfo(zone)).date()
        if kind == "day":
            return cls(kind, today - dt.timedelta(days=1), today, zone)
        if kind == "week":
            monday = today - dt.timedelta(days=today.weekday())
            return cls(kind, monday - dt.timedelta(days=7), monday, zone)
        if kind == "month":
            first = today.replace(day=1)
            return cls(kind, _month_before(first), first, zone)
        raise ValueError("a custom period is given by its days")

    @classmethod
    def latest(cls, days: int, at: dt.datetime, zone: str) -> Period:
        """Return the last so many days, today being the last one."""
        tomorrow = at.astimezone(ZoneInfo(zone)).date() + dt.timedelta(days=1)
        return cls("custom", tomorrow - dt.timedelta(days=days), tomorrow, zone)

    @classmethod
    def custom(cls, first: dt.date, last: dt.date, zone: str) -> Period:
        """Return the days from ``first`` to ``last``, that one included. Raises UserError on ``until``."""
        if last < first:
            raise UserError("invalid", gettext("The last day lies before the first"), "until")
        if (last - first).days >= LONGEST_DAYS:
            raise UserError("too_long", gettext("At most %(days)s days", days=LONGEST_DAYS), "until")
        return cls("custom", first, last + dt.timedelta(days=1), zone)

    def before(self) -> Period:
        """Return the period before: of a month the whole month before, else as many days."""
        if self.kind == "month":
            return Period(self.kind, _month_before(self.starts_on), self.starts_on, self.zone)
        return Period(self.kind, self.starts_on - (self.ends_on - self.starts_on), self.starts_on, self.zone)

    @property
    def words(self) -> str:
        """The days as people say them: "Nov 16 – 22, 2026"."""
        locale = viewer_locale()
        if self.last_day == self.starts_on:
            return format_date(self.starts_on, "full", locale=locale)
        return format_interval(self.starts_on, self.last_day, "yMMMd", locale=locale)

    @property
    def last_day(self) -> dt.date:
        """The last day that belongs to it."""
        return self.ends_on - dt.timedelta(days=1)

    @property
    def days(self) -> tuple[dt.date, ...]:
        """Every day of it."""
        return tuple(self.starts_on + dt.timedelta(days=n) for n in range((self.ends_on - self.starts_on).days))


def _month_before(first: dt.date) -> dt.date:
    return (first - dt.timedelta(days=1)).replace(day=1)
