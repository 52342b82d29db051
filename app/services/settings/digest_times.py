"""When digests are due: own hours on own weekdays in the person's own zone. Pure."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.clock import zone_of
from app.services.settings.quiet import local_moment

DEFAULT_DIGEST: Mapping[str, Any] = {"hours": ["08:30"], "weekdays": [0, 1, 2, 3, 4]}


@dataclass(frozen=True, slots=True)
class Plan:
    """Chosen times of day and weekdays (Monday is 0)."""

    times: tuple[dt.time, ...]
    weekdays: frozenset[int]


def time_of(hour: object) -> dt.time:
    """Read an hour: 8, "8", "08:30". Raises ValueError for what is none."""
    if isinstance(hour, bool) or not isinstance(hour, (int, str)):
        raise ValueError("no hour")
    text = str(hour).strip()
    if text.isascii() and text.isdigit() and len(text) <= 2:
        return dt.time(int(text))
    if len(text) == 5 and text[2] == ":" and text.replace(":", "").isdigit():
        return dt.time(int(text[:2]), int(text[3:]))
    raise ValueError("no hour")


@lru_cache(maxsize=2048)
def plan_of(digest: str | None) -> Plan:
    """Read the stored JSON; None is the default."""
    chosen = json.loads(digest) if digest else DEFAULT_DIGEST
    return Plan(tuple(sorted({time_of(hour) for hour in chosen["hours"]})), frozenset(chosen["weekdays"]))


def next_after(plan: Plan, zone: str, moment: dt.datetime) -> dt.datetime | None:
    """Return the first due moment later than ``moment``; None when nothing is chosen."""
    return _first(plan, zone, moment, range(0, 9), later=True)


def last_until(plan: Plan, zone: str, moment: dt.datetime) -> dt.datetime | None:
    """Return the last due moment not later than ``moment``; None when nothing is chosen."""
    return _first(plan, zone, moment, range(0, -9, -1), later=False)


def _first(plan: Plan, zone: str, moment: dt.datetime, days: range, *, later: bool) -> dt.datetime | None:
    local_zone = zone_of(zone)
    today = moment.astimezone(local_zone).date()
    for distance in days:
        day = today + dt.timedelta(days=distance)
        if day.weekday() not in plan.weekdays:
            continue
        due = sorted({local_moment(day, time, local_zone) for time in plan.times})
        fitting = [at for at in due if (at > moment if later else at <= moment)]
        if fitting:
            return fitting[0] if later else fitting[-1]
    return None
