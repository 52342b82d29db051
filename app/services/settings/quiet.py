"""Quiet hours and *do not disturb*: until when news is held. Pure: the moment and the settings come from outside."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from app.clock import zone_of

ALL_WEEKDAYS = (0, 1, 2, 3, 4, 5, 6)
# Quiet hours may touch each other; a week of nothing else ends here, and the next one begins.
LONGEST = dt.timedelta(days=7)


class Why(StrEnum):
    """What holds the news."""

    QUIET_HOURS = "quiet_hours"
    DO_NOT_DISTURB = "do_not_disturb"


@dataclass(frozen=True, slots=True)
class Hold:
    """News is held until then and comes as one brief, or joins the digest that is due by then."""

    until: dt.datetime
    why: Why
    digest_first: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """Quiet hours as they repeat: beginning at ``begin`` on ``weekdays`` (Monday is 0), ending at the next ``end``."""

    weekdays: frozenset[int]
    begin: dt.time
    end: dt.time


def hold_of(zone: str, quiet_hours: str | None, dnd_until: dt.datetime | None, now: dt.datetime) -> Hold | None:
    """Return what holds a person's news at ``now``, or None. ``quiet_hours`` is the stored JSON.

    *Do not disturb* that ends inside quiet hours goes over into them, and quiet hours that touch each other count as
    one: there is one brief at the end of all of it.
    """
    why = Why.DO_NOT_DISTURB if dnd_until is not None and dnd_until > now else Why.QUIET_HOURS
    spans = spans_of(quiet_hours) if quiet_hours else ()
    until = now
    while until - now < LONGEST:
        if dnd_until is not None and dnd_until > until:
            until = dnd_until
            continue
        ends = [end for begin, end in _around(until, spans, zone_of(zone)) if begin <= until < end]
        if not ends:
            break
        until = max(ends)
    return Hold(until, why) if until > now else None


@lru_cache(maxsize=2048)
def spans_of(quiet_hours: str) -> tuple[Span, ...]:
    """Read the stored JSON; it was checked when it was stored."""
    return tuple(span(entry) for entry in json.loads(quiet_hours) or ())


def span(entry: Mapping[str, Any]) -> Span:
    """Read one entry. Raises ValueError, KeyError or TypeError for what is none."""
    return Span(
        frozenset(entry.get("weekdays", ALL_WEEKDAYS)),
        dt.time.fromisoformat(entry["from"]),
        dt.time.fromisoformat(entry["to"]),
    )


def local_moment(day: dt.date, at: dt.time, zone: ZoneInfo) -> dt.datetime:
    """Return a wall-clock time in UTC: the earlier one where it comes twice, just after the gap where it is skipped."""
    wall = dt.datetime.combine(day, at)
    moment = wall.replace(tzinfo=zone).astimezone(dt.UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    # The clock jumped over it. With fold=0 the offset before the jump is used, which lands as far behind the gap's end
    # as the time stood behind its beginning; the gap's end itself is what people mean.
    before = wall.replace(tzinfo=zone, fold=0).utcoffset() or dt.timedelta()
    after = wall.replace(tzinfo=zone, fold=1).utcoffset() or dt.timedelta()
    low, high = sorted((moment, (wall - max(before, after)).replace(tzinfo=dt.UTC)))
    while high - low > dt.timedelta(seconds=1):
        middle = low + (high - low) / 2
        if (middle.astimezone(zone).utcoffset() or before) == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def _around(moment: dt.datetime, spans: Sequence[Span], zone: ZoneInfo) -> list[tuple[dt.datetime, dt.datetime]]:
    """The spans that begin on the local day of ``moment`` or the one before, as moments."""
    if not spans:
        return []
    today = moment.astimezone(zone).date()
    found = []
    for day in (today - dt.timedelta(days=1), today):
        for quiet in spans:
            if day.weekday() in quiet.weekdays:
                last = day if quiet.end > quiet.begin else day + dt.timedelta(days=1)
                found.append((local_moment(day, quiet.begin, zone), local_moment(last, quiet.end, zone)))
    return found
