"""The kinds of tasks, kept by admins: words and a colour each. Tasks name them by a key that never changes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask import g, has_app_context
from sqlalchemy import func, select, text

from app.errors import Conflict, UserError
from app.extensions import db
from app.models.base import sort_key_of
from app.models.crm import Task, TaskType
from app.models.people import User
from app.services import fields
from app.services.people.people import require_admin
from app.services.records import positions
from app.services.records.positions import Direction
from app.services.records.stages import COLOURS, COUNT_MAX

FIELDS = ("name", "colour")
# key, name, colour; what a fresh account starts with
DEFAULTS = (
    ("todo", "To do", "1"),
    ("call", "Call", "2"),
    ("meeting", "Meeting", "3"),
    ("mail", "Mail", "4"),
    ("offer", "Offer", "won"),
)
TYPES_MAX = 30
_TAKEN = {"name": "There is a type of this name already"}
_KEPT = "task_types"


def ensure_defaults() -> None:
    """Give an account that has none the usual types."""
    if db.session.scalar(select(TaskType.id).limit(1)) is None:
        db.session.add_all(_defaults())
        db.session.flush()


def every() -> Sequence[TaskType]:
    """Return all types in their order; an account that has none yet is offered the usual ones.

    Kept for the request: every row of a list asks.
    """
    if has_app_context() and _KEPT in g:
        return g.get(_KEPT)  # type: ignore[no-any-return]
    found = db.session.scalars(select(TaskType).order_by(TaskType.position, TaskType.id)).all() or _defaults()
    if has_app_context():
        setattr(g, _KEPT, found)
    return found


def keys() -> list[str]:
    """Return the keys of all types in their order; the first one is what a task has unless said otherwise."""
    return [one.key for one in every()]


def create(actor: User, changes: Mapping[str, Any]) -> TaskType:
    """Add a type at the end. Raises UserError naming the field, Forbidden for all but admins."""
    require_admin(actor)
    ensure_defaults()
    values = check(changes, None)
    known = _fresh()
    if len(known) >= TYPES_MAX:
        raise Conflict("too_many", f"At most {TYPES_MAX} types")
    added = TaskType(key=_key_of(values["name"], {one.key for one in known}), position=len(known), **values)
    db.session.add(added)
    fields.flush_unique("task_types", _TAKEN)
    g.pop(_KEPT, None)
    return added


def update(actor: User, changed: TaskType, changes: Mapping[str, Any]) -> TaskType:
    """Change words or colour. Raises like create."""
    require_admin(actor)
    for field, value in check(changes, changed).items():
        setattr(changed, field, value)
    fields.flush_unique("task_types", _TAKEN)
    g.pop(_KEPT, None)
    return changed


def delete(actor: User, removed: TaskType, target_id: int | None = None) -> None:
    """Delete a type; its tasks get another one.

    Raises Conflict for the last one and while tasks need another type (``needs_target``), UserError on ``target``.
    """
    require_admin(actor)
    others = [one for one in _fresh() if one.id != removed.id]
    if not others:
        raise Conflict("last_one", "The last type stays")
    if task_count(removed):
        if target_id is None:
            raise Conflict("needs_target", "There are tasks of this type; choose another one for them", "target")
        target = next((one for one in others if one.id == target_id), None)
        if target is None:
            raise UserError("invalid", "Choose another type", "target")
        db.session.execute(
            text("UPDATE tasks SET type = :new, changed_at = clock_timestamp() WHERE type = :old"),
            {"new": target.key, "old": removed.key},
        )
    db.session.delete(removed)
    db.session.flush()
    positions.number(others)
    g.pop(_KEPT, None)


def move(actor: User, moved: TaskType, direction: Direction) -> None:
    """Change places with the type before or behind."""
    require_admin(actor)
    positions.move(_fresh(), moved.id, direction)
    g.pop(_KEPT, None)


def targets(removed: TaskType) -> list[TaskType]:
    """Return what tasks of a type can be instead."""
    return [one for one in every() if one.key != removed.key]


def task_count(of_type: TaskType) -> int:
    """Return how many tasks are of a type, counted up to COUNT_MAX + 1."""
    some = select(Task.id).where(Task.type == of_type.key).limit(COUNT_MAX + 1).subquery()
    return int(db.session.scalar(select(func.count()).select_from(some)) or 0)


def check(changes: Mapping[str, Any], changed: TaskType | None) -> dict[str, Any]:
    """Return the cleaned values of the fields that change; writes nothing."""
    fields.known(changes, FIELDS)
    values = dict(changes)
    if changed is None or "name" in values:
        values["name"] = fields.needed_line(values.get("name"), "name", 40)
        key = values["name"].casefold()
        if any(one.name.casefold() == key for one in _fresh() if changed is None or one.id != changed.id):
            raise UserError("taken", _TAKEN["name"], "name")
    if "colour" in values and values["colour"] not in COLOURS:
        raise UserError("invalid", "Choose one of the colours", "colour")
    return values


def _fresh() -> Sequence[TaskType]:
    return db.session.scalars(select(TaskType).order_by(TaskType.position, TaskType.id)).all()


def _defaults() -> list[TaskType]:
    return [
        TaskType(key=key, name=name, colour=colour, position=position)
        for position, (key, name, colour) in enumerate(DEFAULTS)
    ]


def _key_of(name: str, taken: set[str]) -> str:
    """Make the name that programs use, like "site_visit"."""
    plain = re.sub(r"[^a-z0-9]+", "_", sort_key_of(name)).strip("_")[:16] or "type"
    return next(
        key for number in range(1, TYPES_MAX * 2) if (key := plain if number == 1 else f"{plain}_{number}") not in taken
    )
