"""What a lead's closing means for its open tasks: their pending notices go, and come back when it opens again."""

from __future__ import annotations

from sqlalchemy import select, text

from app import clock
from app.extensions import db
from app.models.crm import Lead, Task
from app.services import reading
from app.services.notify import Subject
from app.services.tasks import reminders


def silence(lead: Lead) -> None:
    """Take the open tasks' notices away and let their present due dates remind and expire silently."""
    open_tasks = db.session.scalars(select(Task.id).where(Task.lead_id == lead.id, Task.completed_at.is_(None)))
    reading.settle_subjects([Subject("task", task_id).key for task_id in open_tasks], archived=True)
    values = {"lead_id": lead.id, "now": clock.now()}
    db.session.execute(
        text(
            "INSERT INTO reminders (task_id, user_id, due_at, lead_minutes)"
            " SELECT t.id, t.responsible_id, t.due_at, m FROM tasks t, unnest(ARRAY[0, 5, 15, 30, 60]) m"
            " WHERE t.lead_id = :lead_id AND t.completed_at IS NULL ON CONFLICT DO NOTHING"
        ),
        values,
    )
    db.session.execute(
        text(
            "UPDATE tasks SET expired_at = :now"
            " WHERE lead_id = :lead_id AND completed_at IS NULL AND expired_at IS NULL"
        ),
        values,
    )


def wake(lead: Lead) -> None:
    """Let the open tasks that are still ahead remind again; what is past by now stays silent."""
    values = {"lead_id": lead.id, "now": clock.now()}
    db.session.execute(
        text(
            "DELETE FROM reminders r USING tasks t WHERE t.id = r.task_id AND t.lead_id = :lead_id"
            " AND t.completed_at IS NULL AND t.due_at > :now AND r.due_at = t.due_at AND r.event_id IS NULL"
        ),
        values,
    )
    db.session.execute(
        text("UPDATE tasks SET expired_at = NULL WHERE lead_id = :lead_id AND completed_at IS NULL AND due_at > :now"),
        values,
    )
    reminders.collapse_past_of_lead(lead.id)
