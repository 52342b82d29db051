"""The new records of an import as rows of their tables, and what is said of them: timelines and notes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app import clock
from app.models.base import sort_key_of
from app.models.people import User
from app.services.bulk_copy import copy
from app.services.imports.import_rows import Row
from app.services.notify import Subject
from app.services.tasks.task_news import person

SOURCE = "import"


@dataclass(slots=True)
class NewCompany:
    """A row of ``companies``."""

    id: int
    name: str
    responsible_id: int | None


@dataclass(slots=True)
class NewContact:
    """A row of ``contacts``."""

    id: int
    name: str
    email: str | None
    phone: str | None
    company_id: int | None
    responsible_id: int | None


@dataclass(slots=True)
class NewLead:
    """A row of ``leads``."""

    id: int
    name: str
    stage_id: int
    contact_id: int | None
    company_id: int | None
    responsible_id: int | None
    budget: Decimal | None
    currency: str
    closed_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """A record with the row that made or changed it."""

    kind: str
    id: int
    row: Row


def write_new(
    actor: User,
    new: Sequence[NewCompany | NewContact | NewLead],
    changes: Sequence[tuple[str, Subject, dict[str, Any]]],
    told: Sequence[Told],
) -> None:
    """Write new records in the order in which they refer to each other, then timelines and notes."""
    now = clock.now()
    companies = [one for one in new if isinstance(one, NewCompany)]
    contacts = [one for one in new if isinstance(one, NewContact)]
    leads = [one for one in new if isinstance(one, NewLead)]
    if companies:
        copy(
            "companies",
            ("id", "name", "sort_key", "responsible_id", "created_at"),
            ((one.id, one.name, sort_key_of(one.name), one.responsible_id, now) for one in companies),
        )
    if contacts:
        copy(
            "contacts",
            ("id", "name", "sort_key", "email", "phone", "phone_tail", "company_id", "responsible_id", "created_at"),
            (
                (
                    one.id,
                    one.name,
                    sort_key_of(one.name),
                    one.email,
                    one.phone,
                    tail_of(one.phone),
                    one.company_id,
                    one.responsible_id,
                    now,
                )
                for one in contacts
            ),
        )
    if leads:
        columns = ("stage_id", "contact_id", "company_id", "responsible_id", "budget", "currency", "closed_at")
        copy(
            "leads",
            ("id", "name", "sort_key", *columns, "source", "created_at"),
            (
                (
                    one.id,
                    one.name,
                    sort_key_of(one.name),
                    one.stage_id,
                    one.contact_id,
                    one.company_id,
                    one.responsible_id,
                    one.budget or 0,
                    one.currency,
                    one.closed_at,
                    SOURCE,
                    now,
                )
                for one in leads
            ),
        )
    _write_events(actor, companies, contacts, leads, changes)
    notes = [(one.kind, one.id, actor.id, one.row.note, now) for one in told if one.row.note]
    if notes:
        copy("notes", ("subject_type", "subject_id", "author_id", "body", "created_at"), notes)


def tail_of(phone: str | None) -> str | None:
    """Return the last ten digits, as contacts keep them."""
    digits = "".join(filter(str.isdigit, phone or ""))
    return digits[-10:] or None


def _write_events(
    actor: User,
    companies: Sequence[NewCompany],
    contacts: Sequence[NewContact],
    leads: Sequence[NewLead],
    changes: Sequence[tuple[str, Subject, dict[str, Any]]],
) -> None:
    by, now = person(actor), clock.now()
    rows = [
        (
            f"{kind}:created",
            actor.id,
            kind,
            one.id,
            json.dumps({"by": by, "name": one.name, "source": SOURCE}),
            now,
        )
        for kind, records in (("company", companies), ("contact", contacts), ("lead", leads))
        for one in records
    ]
    rows += [
        (tag, actor.id, subject.type, subject.id, json.dumps({"by": by} | data), now) for tag, subject, data in changes
    ]
    if rows:
        copy("events", ("tag", "actor_id", "subject_type", "subject_id", "data", "created_at"), rows)
