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
    """Return the new due moment, counted from now, or from the due date where that is still ahead.

    An all-day task moves to a day, whatever the clock says.
    """
    # An all-day task is due at the end of its day: the second before it is in it.
    due = task.due_at - dt.timedelta(seconds=1) if task.all_day else task.due_at
    start = max(clock.now(), due)
    if later is Later.HOUR and not task.all_day:
        return (start + dt.timedelta(hours=1)).replace(second=0, microsecond=0)
    local = start.astimezone(ZoneInfo(zone))
    days = (7 - local.weekday()) if later is Later.MONDAY else 1
    return dt.datetime.combine(local.date() + dt.timedelta(days=days), MORNING, local.tzinfo).astimezone(dt.UTC)
