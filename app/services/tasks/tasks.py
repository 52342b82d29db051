"""Tasks: set, changed, completed, expired, and their reminders' subject."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, text

from app import access, clock
from app.errors import Conflict, Forbidden, UserError
from app.extensions import db
from app.models.crm import Task
from app.models.people import User
from app.services import fields, reading
from app.services.notify import record_event
from app.services.records.related import checked_related
from app.services.records.responsible import checked_responsible, may_delete
from app.services.tasks import reminders, task_types
from app.services.tasks.due_dates import Later, postponed
from app.services.tasks.task_news import person, snapshot, subject_of

FIELDS = ("text", "due_at", "all_day", "type", "responsible_id", "lead_id", "contact_id")
TEXT_MAX = 500
RESULT_MAX = 2000
FARTHEST_DUE = dt.timedelta(days=36525)
_RELATED = (("lead_id", access.access_lead), ("contact_id", access.access_contact))


def create(actor: User, changes: Mapping[str, Any]) -> Task:
    """Set a task and tell the responsible user, unless they set it themselves. Raises UserError naming the field."""
    values = check(actor, changes, None)
    return do_create(actor, values)


def update(actor: User, task: Task, changes: Mapping[str, Any]) -> Task:
    """Change a task: a new responsible is told and the old one's notice goes away; reminders follow the due date."""
    values = check(actor, changes, task)
    return do_update(actor, task, values)


def postpone(actor: User, task: Task, to: Later | dt.datetime) -> Task:
    """Move a task's due date. Raises Conflict for a completed one, UserError for a moment that has passed."""
    if task.completed_at is not None:
        raise Conflict("already_completed", "This task is completed already")
    due_at = postponed(task, to, actor.zone) if isinstance(to, Later) else to
    return update(actor, task, {"due_at": due_at})


def delete(actor: User, task: Task) -> None:
    """Delete a task; its notices leave the center and what was not sent yet is cancelled. Raises Forbidden."""
    if actor.id != task.author_id and not may_delete(actor, task.responsible_id):
        raise Forbidden("Only its author, who is responsible, managers and admins may delete this task")
    reading.settle_subject(subject_of(task).key, archived=True)
    db.session.delete(task)
    db.session.flush()


def complete(actor: User, task: Task, result: str | None = None) -> Task:
    """Complete a task: its notices leave unread, its author is told unless that is who completed it.

    Raises Conflict when it is completed already (also when somebody else was faster), UserError for a too long result.
    """
    cleaned = (result or "").strip() or None
    if cleaned and len(cleaned) > RESULT_MAX:
        raise UserError("too_long", f"At most {RESULT_MAX} characters", "result")
    now = clock.now()
    won = db.session.execute(
        text(
            "UPDATE tasks SET completed_at = :now, completed_by_id = :actor, result = coalesce(:result, result),"
            " changed_at = clock_timestamp() WHERE id = :id AND completed_at IS NULL RETURNING id"
        ),
        {"now": now, "actor": actor.id, "result": cleaned, "id": task.id},
    ).first()
    if won is None:
        raise Conflict("already_completed", "This task is completed already")
    db.session.refresh(task)
    reading.settle_subject(subject_of(task).key)
    record_event("task:completed", actor.id, subject_of(task), snapshot(task) | {"completed_by": person(actor)})
    return task


def expire_due(limit: int = 100) -> int:
    """Tell about open tasks whose due date has passed, each exactly once per due date. Return how many."""
    now = clock.now()
    rows = db.session.execute(
        text(
            "UPDATE tasks SET expired_at = :now WHERE id IN ("
            " SELECT id FROM tasks WHERE completed_at IS NULL AND expired_at IS NULL AND due_at <= :now"
            " ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING id"
        ),
        {"now": now, "limit": limit},
    ).all()
    ids = [row.id for row in rows]
    for task in db.session.scalars(select(Task).where(Task.id.in_(ids)).execution_options(populate_existing=True)):
        record_event("task:expired", None, subject_of(task), snapshot(task))
    return len(ids)


def check(actor: User, changes: Mapping[str, Any], task: Task | None) -> dict[str, Any]:
    """Return the cleaned values of the fields that change. Raises UserError naming the field; writes nothing."""
    fields.known(changes, FIELDS)
    values = dict(changes)
    if task is None or "text" in values:
        values["text"] = _checked_text(values.get("text"))
    if task is None or "type" in values:
        values["type"] = _checked_type(values.get("type"), task)
    if task is None or "responsible_id" in values:
        values["responsible_id"] = _checked_responsible(actor, values, task)
    for field, load in _RELATED:
        if field in values:
            before_id = getattr(task, field) if task else None
            values[field] = checked_related(load, actor, values[field], field, before_id)
    if task is None or "due_at" in values or "all_day" in values:
        values["due_at"] = _checked_due(values, task)
    elif task.all_day and values.get("responsible_id", task.responsible_id) != task.responsible_id:
        values["due_at"] = _same_day(task, values["responsible_id"])
    return values


def do_create(actor: User, values: Mapping[str, Any]) -> Task:
    """Write a checked task and tell about it."""
    task = Task(author_id=actor.id, **values)
    db.session.add(task)
    db.session.flush()
    _load_people(task)
    reminders.collapse_past(task)
    _tell_assigned(actor, task)
    return task


def do_update(actor: User, task: Task, values: Mapping[str, Any]) -> Task:
    """Write checked changes and let notices and reminders follow."""
    before_responsible, before_due = task.responsible_id, task.due_at
    for field, value in values.items():
        setattr(task, field, value)
    if task.due_at != before_due:
        task.expired_at = None
    db.session.flush()
    if task.responsible_id == before_responsible and task.due_at == before_due:
        return task
    _load_people(task)
    reminders.collapse_past(task)
    if task.responsible_id != before_responsible:
        if before_responsible != task.author_id:
            reading.settle_subject(subject_of(task).key, only_user_id=before_responsible, archived=True)
        else:
            reading.settle_subject(subject_of(task).key, only_user_id=before_responsible)
        _tell_assigned(actor, task)
    else:
        # The due date moved: reminders and the expiry notice speak of a date that is no longer true.
        reading.settle_subject(subject_of(task).key)
    return task


def _tell_assigned(actor: User, task: Task) -> None:
    if task.author_id == task.responsible_id:
        return
    minutes = (task.due_at - clock.now()).total_seconds() / 60
    due_soon = {"lead_minutes": max(1, round(minutes))} if minutes <= 60 and not task.all_day else {}
    record_event("task:assigned", actor.id, subject_of(task), snapshot(task) | {"by": person(actor)} | due_soon)


def _checked_text(value: object) -> str:
    cleaned = " ".join(str(value or "").split())
    if not cleaned:
        raise UserError("required", "Say what is to be done", "text")
    if len(cleaned) > TEXT_MAX:
        raise UserError("too_long", f"At most {TEXT_MAX} characters", "text")
    return cleaned


def _checked_type(wanted: object, task: Task | None) -> str:
    known = task_types.keys()
    if wanted is None and task is None:
        return known[0]
    if wanted not in known:
        raise UserError("invalid", f"Choose one of {', '.join(known)}", "type")
    return str(wanted)


def _checked_responsible(actor: User, values: Mapping[str, Any], task: Task | None) -> int:
    wanted = values.get("responsible_id", actor.id)
    user_id = checked_responsible(actor, wanted, task.responsible_id if task else None)
    if user_id is None:
        raise UserError("required", "Choose who is responsible", "responsible_id")
    return user_id


def _checked_due(values: Mapping[str, Any], task: Task | None) -> dt.datetime:
    given = values.get("due_at", task.due_at if task else None)
    responsible = db.session.get(User, values.get("responsible_id") or (task.responsible_id if task else 0))
    all_day = values.get("all_day", task.all_day if task else False)
    try:
        due = _moment(given, ZoneInfo(responsible.zone) if all_day and responsible is not None else None)
    except OverflowError:  # the first and the last day that there are
        raise UserError("invalid", "Choose a date and time", "due_at") from None
    unchanged = task is not None and due == task.due_at
    if due <= clock.now() and not unchanged:
        raise UserError("in_the_past", "This moment has already passed", "due_at")
    if due > clock.now() + FARTHEST_DUE:
        raise UserError("too_far", "Choose a date within the next hundred years", "due_at")
    return due


def _moment(given: object, whole_day_in: ZoneInfo | None) -> dt.datetime:
    """Return when something is due, in UTC: at the end of the day, where all of it counts. A day alone will do there.

    Raises UserError, OverflowError.
    """
    if not isinstance(given, dt.date):
        raise UserError("required", "Choose a date and time", "due_at")
    day = given
    if isinstance(given, dt.datetime) and given.tzinfo is not None:
        if whole_day_in is None:
            return given.astimezone(dt.UTC)
        day = given.astimezone(whole_day_in).date()
    elif isinstance(given, dt.datetime) or whole_day_in is None:
        raise UserError("invalid", "The time needs its offset, like 2026-05-04T10:00:00+02:00", "due_at")
    return dt.datetime.combine(day, dt.time(23, 59, 59), whole_day_in).astimezone(dt.UTC)


def _same_day(task: Task, responsible_id: int) -> dt.datetime:
    """The end of an all-day task's day by the clock of who is given it."""
    before, after = (db.session.get_one(User, user_id) for user_id in (task.responsible_id, responsible_id))
    day = task.due_at.astimezone(ZoneInfo(before.zone)).date()
    return dt.datetime.combine(day, dt.time(23, 59, 59), ZoneInfo(after.zone)).astimezone(dt.UTC)


def _load_people(task: Task) -> None:
    db.session.refresh(task, ["author", "responsible", "lead", "contact"])
