"""Somebody lives in another time zone from now on: what was planned by the old one's clock follows."""

from __future__ import annotations

from sqlalchemy import text

from app.extensions import db
from app.models.people import User
from app.services import briefs, digests

# The same day's end by the other clock. A reminder that was told stays told.
_REMINDERS = text("""
UPDATE reminders r SET due_at = (CAST(t.due_at AT TIME ZONE :old AS date) + time '23:59:59') AT TIME ZONE :new
FROM tasks t WHERE t.id = r.task_id AND r.user_id = :user_id AND t.responsible_id = :user_id AND r.due_at = t.due_at
  AND t.all_day AND t.completed_at IS NULL
""")
_TASKS = text("""
UPDATE tasks t SET due_at = (CAST(t.due_at AT TIME ZONE :old AS date) + time '23:59:59') AT TIME ZONE :new,
                   changed_at = clock_timestamp()
WHERE t.responsible_id = :user_id AND t.all_day AND t.completed_at IS NULL
""")


def follow(user: User, before: str) -> None:
    """Move the days of open all-day tasks, the next digest and what waits for the end of quiet hours."""
    if user.zone == before:
        return
    db.session.flush()
    values = {"user_id": user.id, "old": before, "new": user.zone}
    db.session.execute(_REMINDERS, values)
    db.session.execute(_TASKS, values)
    digests.plan_anew(user.id)
    briefs.reschedule(user.id)
