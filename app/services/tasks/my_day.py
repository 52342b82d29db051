"""*My day*: what is late, what is due today, and what comes in the next seven days."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app import clock
from app.extensions import db
from app.models.crm import Task
from app.models.people import User

SHOWN_MAX = 50
COUNT_MAX = 10_000
NEXT_DAYS = 7


@dataclass(frozen=True, slots=True)
class Block:
    """One part of the day. ``tasks`` are at most SHOWN_MAX, the earliest first; ``count`` stops above COUNT_MAX."""

    key: str
    count: int
    tasks: list[Task]


def blocks_of(user: User) -> list[Block]:
    """Return the person's own open tasks in three blocks; days are those of the person's zone."""
    now = clock.now()
    local = now.astimezone(ZoneInfo(user.zone))
    midnight = dt.datetime.combine(local.date() + dt.timedelta(days=1), dt.time(), local.tzinfo)
    after_next = dt.datetime.combine(local.date() + dt.timedelta(days=1 + NEXT_DAYS), dt.time(), local.tzinfo)
    return [
        _block(user, "overdue", None, now),
        _block(user, "today", now, midnight),
        _block(user, "next", midnight, after_next),
    ]


def _block(user: User, key: str, start: dt.datetime | None, end: dt.datetime) -> Block:
    mine = [Task.responsible_id == user.id, Task.completed_at.is_(None), Task.due_at < end.astimezone(dt.UTC)]
    if start is not None:
        mine.append(Task.due_at >= start.astimezone(dt.UTC))
    statement = (
        select(Task)
        .where(*mine)
        .options(joinedload(Task.lead), joinedload(Task.contact), joinedload(Task.author), joinedload(Task.kind))
        .order_by(Task.due_at, Task.id)
        .limit(SHOWN_MAX + 1)
    )
    tasks = list(db.session.scalars(statement).unique())
    count = len(tasks)
    if count > SHOWN_MAX:
        some = select(Task.id).where(*mine).limit(COUNT_MAX + 1).subquery()
        count = db.session.scalar(select(func.count()).select_from(some)) or 0
    return Block(key, count, tasks[:SHOWN_MAX])
