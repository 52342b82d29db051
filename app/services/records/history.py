"""What happened to a record, for its card's timeline: events that tell nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select

from app import clock
from app.extensions import db
from app.models.crm import Company, Contact, Lead
from app.models.notifications import Event
from app.models.people import User, full_name
from app.services.notify import Subject
from app.services.tasks.task_news import person

Record = Lead | Contact | Company
CLOSED_KINDS = ("won", "lost")


def record(tag: str, actor: User | None, subject: Subject, data: Mapping[str, Any]) -> None:
    """Write an event that only the timeline shows. Must run inside a transaction()."""
    values = {
        "tag": tag,
        "actor_id": actor.id if actor else None,
        "subject_type": subject.type,
        "subject_id": subject.id,
        "data": {"by": person(actor)} | dict(data),
        "created_at": clock.now(),
    }
    db.session.execute(insert(Event).values(**values))


def subject_of(item: Record) -> Subject:
    """Return the subject of a lead, contact or company."""
    return Subject(type(item).__name__.lower(), item.id)


def created(actor: User, item: Record) -> None:
    """Note that a record was added."""
    subject = subject_of(item)
    source = item.source if isinstance(item, Lead) else "manual"
    record(f"{subject.type}:created", actor, subject, {"name": item.name, "source": source})


def is_creator(actor: User, item: Record) -> bool:
    """Whether the actor added the record."""
    subject = subject_of(item)
    statement = select(Event.id).where(
        Event.subject_type == subject.type,
        Event.subject_id == subject.id,
        Event.tag == f"{subject.type}:created",
        Event.actor_id == actor.id,
    )
    return db.session.scalars(statement.limit(1)).first() is not None


def texts(item: Record, fields: Iterable[str]) -> dict[str, str]:
    """Return what a person reads in these fields now; relations by name."""
    return {field: _text(item, field) for field in fields}


def changed(actor: User, item: Record, before: Mapping[str, str]) -> None:
    """Note what differs from ``before``: a new stage and a new responsible as events of their own."""
    subject = subject_of(item)
    for tag, data in changes_of(item, before):
        record(tag, actor, subject, data)


def changes_of(item: Record, before: Mapping[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """Return the tags and contents of the events that say what differs from ``before``."""
    db.session.expire(item, [field.removesuffix("_id") for field in before if field.endswith("_id")])
    kind, after = subject_of(item).type, texts(item, before)
    changes = {field: {"old": before[field], "new": after[field]} for field in before if before[field] != after[field]}
    found: list[tuple[str, dict[str, Any]]] = []
    if "responsible_id" in changes:
        found.append((f"{kind}:assigned", {"name": item.name, **changes.pop("responsible_id")}))
    if "stage_id" in changes and isinstance(item, Lead):
        act = item.stage.kind if item.stage.kind in CLOSED_KINDS else "stage"
        found.append((f"lead:{act}", {"name": item.name, **changes.pop("stage_id")}))
    if changes:
        found.append((f"{kind}:changed", {"name": item.name, "changes": changes}))
    return found


def _text(item: Record, field: str) -> str:
    value = getattr(item, field.removesuffix("_id") if field.endswith("_id") else field)
    if value is None:
        return ""
    if isinstance(value, User):
        return full_name(value)
    return f"{value:.2f}" if isinstance(value, Decimal) else str(value)
