"""The next thing to do about each of some leads: its earliest open task that the viewer may see."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ARRAY, ColumnElement, Integer, any_, exists, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from app import access, clock
from app.errors import UserError
from app.extensions import db
from app.models.crm import Lead, Task
from app.models.people import User

LATE, NONE, SOME = "late", "none", "some"


def of(viewer: User, lead_ids: Collection[int]) -> dict[int, Task]:
    """Return the next task by the lead's id; none for a lead without. One statement."""
    if not lead_ids:
        return {}
    statement = (
        select(Task)
        .ext(distinct_on(Task.lead_id))
        .where(Task.lead_id.in_(lead_ids), Task.completed_at.is_(None), access.visible_tasks(viewer))
        .order_by(Task.lead_id, Task.due_at, Task.id)
    )
    return {task.lead_id: task for task in db.session.scalars(statement) if task.lead_id is not None}


def leads_with(which: str, viewer: User) -> ColumnElement[bool]:
    """Condition for leads with an open task that is late, with any (some), or without one (none), among those that
    the viewer may see. Raises UserError."""
    mine = access.visible_tasks(viewer)
    if which == LATE:
        # Few of all leads: found by their tasks, as the planner would walk along the leads and look for each one's.
        late = select(Task.lead_id).where(
            Task.lead_id.is_not(None), Task.completed_at.is_(None), Task.due_at < clock.now(), mine
        )
        return Lead.id == any_(func.array(late.distinct().scalar_subquery(), type_=ARRAY(Integer)))
    task_is_open = exists().where(Task.lead_id == Lead.id, Task.completed_at.is_(None), mine)
    if which not in (SOME, NONE):
        raise UserError("invalid", "late, some or none is needed", "next_task", 400)
    return task_is_open if which == SOME else ~task_is_open
