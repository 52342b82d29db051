"""What tasks are asked for: still to be done, late, or done."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_

from app import clock
from app.errors import UserError
from app.models.crm import Task


def in_state(state: str) -> ColumnElement[bool]:
    """Condition for tasks that are open, late (and open) or done. Raises UserError for another word."""
    if state == "done":
        return Task.completed_at.is_not(None)
    if state == "late":
        return and_(Task.completed_at.is_(None), Task.due_at < clock.now())
    if state != "open":
        raise UserError("invalid", "open, late or done is needed", "state", 400)
    return Task.completed_at.is_(None)
