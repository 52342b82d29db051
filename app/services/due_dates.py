"""Where *Postpone* moves a due date to: the few likely moments, in the person's own zone."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from zoneinfo import ZoneInfo

from app import clock
from app.models.crm import Task

MORNING = dt.time(9)


class Later(StrEnum):
    """What *Postpone* offers beside any other moment."""

    HOUR = "hour"
    TOMORROW = "tomorrow"
    MONDAY = "monday"


def postponed(task: Task, later: Later, zone: str) -> dt.datetime:
    """Return the new due moment; an all-day task moves to a day, whatever the clock says."""
    now = clock.now()
    if later is Later.HOUR and not task.all_day:
        return (now + dt.timedelta(hours=1)).replace(second=0, microsecond=0)
    local = now.astimezone(ZoneInfo(zone))
    days = (7 - local.weekday()) if later is Later.MONDAY else 1
    return dt.datetime.combine(local.date() + dt.timedelta(days=days), MORNING, local.tzinfo).astimezone(dt.UTC)
