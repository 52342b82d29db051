"""*Before the task*: each responsible user's own lead times, each told once per due date.

A row in ``reminders`` is the claim: it is inserted before anybody is told, so two beats cannot remind twice. Nothing is
planned ahead: changing the due date, the responsible user or one's lead times therefore needs no bookkeeping.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from sqlalchemy import select, text

from app import clock
from app.catalogue import DEFAULT_LEAD_TIMES_MINUTES
from app.extensions import db
from app.models.crm import Task
from app.services.notify import record_event
from app.services.tasks.task_news import snapshot, subject_of

ALL_DAY_REMINDER = dt.time(9)
# Beyond this a reminder is told as late.
LATE_AFTER = dt.timedelta(minutes=2)

# An all-day task has one reminder, at 09:00 of the responsible user's zone on its day; its lead time counts as 0.
_LEADS = """
SELECT t.id AS task_id, t.responsible_id AS user_id, t.due_at, lead.minutes AS lead_minutes,
       CASE WHEN t.all_day
            THEN ((t.due_at AT TIME ZONE u.zone)::date + CAST(:all_day_at AS time)) AT TIME ZONE u.zone
            ELSE t.due_at - make_interval(mins => lead.minutes) END AS remind_at
FROM tasks t
JOIN ab_user u ON u.id = t.responsible_id AND u.active
LEFT JOIN user_settings s ON s.user_id = t.responsible_id
CROSS JOIN LATERAL unnest(
    CASE WHEN t.all_day THEN CAST('{0}' AS smallint[])
         ELSE coalesce(s.lead_times, CAST(:default_leads AS smallint[])) END
) AS lead(minutes)
WHERE t.completed_at IS NULL AND t.due_at > :now
"""


def remind_due(limit: int = 200) -> int:
    """Tell about tasks whose lead time has come, the shortest one when several have. Return how many people were told.

    What the beat slept over is told late, and says so; what is already due is told by the expiry instead.
    """
    now = clock.now()
    claimed = db.session.execute(
        text(
            f"WITH lead AS ({_LEADS} AND t.due_at <= :horizon)"
            " INSERT INTO reminders (task_id, user_id, due_at, lead_minutes)"
            " SELECT task_id, user_id, due_at, lead_minutes FROM lead WHERE remind_at <= :now"
            " AND NOT EXISTS (SELECT 1 FROM reminders r WHERE r.task_id = lead.task_id AND r.user_id = lead.user_id"
            " AND r.due_at = lead.due_at AND r.lead_minutes = lead.lead_minutes)"
            " ORDER BY due_at, task_id LIMIT :limit"
            " ON CONFLICT DO NOTHING RETURNING task_id, user_id, due_at, lead_minutes"
        ),
        _values(now) | {"limit": limit},
    ).all()
    shortest: dict[int, int] = {}
    for row in claimed:
        shortest[row.task_id] = min(row.lead_minutes, shortest.get(row.task_id, row.lead_minutes))
    found = db.session.scalars(
        select(Task).where(Task.id.in_(shortest)).execution_options(populate_existing=True).order_by(Task.id)
    )
    for task in found:
        _tell(task, shortest[task.id], now)
    return len(shortest)


def collapse_past(task: Task) -> None:
    """Claim the lead times that are already past for a task that was just set or moved.

    They collapse into one: `task:assigned` stands in for it ("due in 3 min"), and for a self-set task nothing is sent.
    """
    _claim_silently("t.id = :id", task.id)


def collapse_past_of_lead(lead_id: int) -> None:
    """The same for all open tasks of a lead that is open again."""
    _claim_silently("t.lead_id = :id", lead_id)


def collapse_past_of(user_id: int) -> None:
    """The same for all open tasks of somebody who just chose other lead times: nothing old fires at once."""
    _claim_silently("t.responsible_id = :id", user_id)


def _claim_silently(condition: str, record_id: int) -> None:
    now = clock.now()
    db.session.execute(
        text(
            f"WITH lead AS ({_LEADS} AND {condition})"
            " INSERT INTO reminders (task_id, user_id, due_at, lead_minutes)"
            " SELECT task_id, user_id, due_at, lead_minutes FROM lead WHERE remind_at <= :now ON CONFLICT DO NOTHING"
        ),
        _values(now) | {"id": record_id},
    )


def _tell(task: Task, lead_minutes: int, now: dt.datetime) -> None:
    late = now - _planned(task, lead_minutes) > LATE_AFTER
    record_event("task:due_soon", None, subject_of(task), snapshot(task) | {"lead_minutes": lead_minutes, "late": late})


def _planned(task: Task, lead_minutes: int) -> dt.datetime:
    """When the reminder was due, as in the statement."""
    if not task.all_day:
        return task.due_at - dt.timedelta(minutes=lead_minutes)
    zone = ZoneInfo(task.responsible.zone)
    return dt.datetime.combine(task.due_at.astimezone(zone).date(), ALL_DAY_REMINDER, zone)


def _values(now: dt.datetime) -> dict[str, object]:
    return {
        "now": now,
        # All-day tasks are due at the end of their day, up to 24 h (25 on a long day) after their reminder.
        "horizon": now + dt.timedelta(hours=26),
        "all_day_at": ALL_DAY_REMINDER,
        "default_leads": list(DEFAULT_LEAD_TIMES_MINUTES),
    }
