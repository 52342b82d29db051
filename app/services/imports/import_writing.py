"""Imported rows on their way into the tables: known clients are found again, the rest is added, a batch at a time.

Runs inside the one transaction of a whole import. Memory and statements are those of a batch; only tags wait for the
end, because a new tag is locked for everybody else until the commit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from app import clock
from app.extensions import db
from app.models.base import sort_key_of
from app.models.crm import Contact, Lead, Stage
from app.models.people import User
from app.models.records import Tag, contact_tags, lead_tags
from app.services.bulk_copy import Ids
from app.services.imports.import_known import AnyContact, AnyLead, Known
from app.services.imports.import_rows import Row
from app.services.imports.import_tables import NewCompany, NewContact, NewLead, Told, write_new
from app.services.records import history, lead_tasks

TAGS_AT_ONCE = 10_000


class Duplicates(StrEnum):
    """What happens to a row whose client is known by address or phone."""

    SKIP = "skip"
    UPDATE = "update"
    NEW = "new"


@dataclass(slots=True)
class Writer:
    """Writes the rows of one import. ``counts``: new, updated, skipped; ``new_contacts`` of an import of leads.

    ``responsible_id`` is whose the rows are that name nobody; ``stage_id`` and ``currency`` likewise.
    """

    actor_id: int
    kind: str
    duplicates: Duplicates
    responsible_id: int | None
    stage_id: int = 0
    currency: str = "EUR"
    counts: Counter[str] = field(default_factory=Counter)
    # Colleague → how many new leads are theirs.
    assigned: Counter[int] = field(default_factory=Counter)
    ids: dict[str, Ids] = field(
        default_factory=lambda: {name: Ids(name) for name in ("companies", "contacts", "leads")}
    )
    _made: set[int] = field(default_factory=set)
    _tags: list[tuple[int, str]] = field(default_factory=list)
    _words: dict[str, str] = field(default_factory=dict)
    _closed: dict[int, bool] = field(default_factory=dict)

    def write(self, rows: Sequence[Row]) -> None:
        """Write a batch."""
        if not rows:
            return
        batch = _Batch(self, db.session.get_one(User, self.actor_id), rows)
        (batch.write_contacts if self.kind == "contacts" else batch.write_leads)()
        batch.finish()
        # Memory stays that of one batch.
        db.session.expunge_all()

    def finish(self) -> None:
        """Put the tags on."""
        if not self._words:
            return
        names = [{"name": name, "sort_key": key} for key, name in sorted(self._words.items())]
        db.session.execute(upsert(Tag).on_conflict_do_nothing(), names)
        ids = {row.sort_key: row.id for row in db.session.execute(select(Tag.sort_key, Tag.id))}
        table, column = (contact_tags, "contact_id") if self.kind == "contacts" else (lead_tags, "lead_id")
        for start in range(0, len(self._tags), TAGS_AT_ONCE):
            pairs = [{column: one, "tag_id": ids[key]} for one, key in self._tags[start : start + TAGS_AT_ONCE]]
            db.session.execute(upsert(table).on_conflict_do_nothing(), pairs)

    def tag(self, record_id: int, names: Iterable[str]) -> None:
        """Remember a record's tags."""
        for name in names:
            key = sort_key_of(name)
            self._words.setdefault(key, name)
            self._tags.append((record_id, key))

    def has_made(self, contact_id: int) -> bool:
        """Whether this import has made the contact, in this batch or before."""
        return contact_id in self._made

    def note_made(self, contact_id: int) -> None:
        """Remember what this import has made."""
        self._made.add(contact_id)

    def closes(self, stage_id: int) -> bool:
        """Whether a stage is won or lost."""
        if stage_id not in self._closed:
            self._closed[stage_id] = db.session.get_one(Stage, stage_id).kind in history.CLOSED_KINDS
        return self._closed[stage_id]


class _Batch:
    def __init__(self, writer: Writer, actor: User, rows: Sequence[Row]) -> None:
        self._writer, self._actor, self._rows = writer, actor, rows
        self._known = Known(actor, rows, contacts=writer.duplicates != Duplicates.NEW)
        self._companies = self._known.companies()
        self._new: list[NewCompany | NewContact | NewLead] = []
        self._before: dict[Contact | Lead, dict[str, str]] = {}
        self._told: list[Told] = []

    def write_contacts(self) -> None:
        counts = self._writer.counts
        for row in self._rows:
            known = self._known.contact(row)
            if known is None:
                known = self._new_contact(row.name, row)
                counts["new"] += 1
            elif self._writer.duplicates == Duplicates.SKIP:
                counts["skipped"] += 1
                continue
            else:
                self._change(known, _given_name(row.name, row) | self._contact_values(row))
                counts["updated"] += 1
            self._told.append(Told("contact", known.id, row))

    def write_leads(self) -> None:
        counts, duplicates = self._writer.counts, self._writer.duplicates
        open_leads: dict[tuple[int, str], AnyLead] = self._known.leads() if duplicates == Duplicates.UPDATE else {}
        for row in self._rows:
            known = self._known.contact(row)
            if known is not None and duplicates == Duplicates.SKIP and not self._writer.has_made(known.id):
                counts["skipped"] += 1
                continue
            client = self._client(row, known)
            key = (client.id if client else 0, sort_key_of(row.name))
            lead = open_leads.get(key)
            if lead is None:
                lead = self._new_lead(row, client)
                counts["new"] += 1
                if client is not None and duplicates == Duplicates.UPDATE:
                    open_leads[key] = lead
            else:
                self._change(lead, self._lead_changes(row))
                counts["updated"] += 1
            self._told.append(Told("lead", lead.id, row))

    def finish(self) -> None:
        """Write what has gathered, then what is said of it: timeline, notes, tags."""
        db.session.flush()
        changes = [
            (tag, history.subject_of(item), data)
            for item, before in self._before.items()
            for tag, data in history.changes_of(item, before)
        ]
        write_new(self._actor, self._new, changes, self._told)
        for told in self._told:
            self._writer.tag(told.id, told.row.tags)

    # -- adding and changing

    def _company(self, row: Row) -> int | None:
        if row.company is None:
            return None
        key = sort_key_of(row.company)
        if key not in self._companies:
            company = NewCompany(self._writer.ids["companies"].take(), row.company, self._responsible(row))
            self._companies[key] = company.id
            self._new.append(company)
            self._writer.counts["new_companies"] += 1
        return self._companies[key]

    def _new_contact(self, name: str, row: Row) -> NewContact:
        contact = NewContact(
            self._writer.ids["contacts"].take(),
            name,
            row.email,
            row.phone,
            self._company(row),
            self._responsible(row),
        )
        self._new.append(contact)
        self._writer.note_made(contact.id)
        self._known.remember(contact)
        return contact

    def _client(self, row: Row, known: AnyContact | None) -> AnyContact | None:
        if known is not None:
            if self._writer.duplicates == Duplicates.UPDATE:
                values = _given_name(row.client, row) | self._contact_values(row)
                values.pop("responsible_id", None)  # the lead's
                self._change(known, values)
            return known
        if row.client is None:
            return None
        self._writer.counts["new_contacts"] += 1
        return self._new_contact(row.client, row)

    def _new_lead(self, row: Row, client: AnyContact | None) -> NewLead:
        stage_id, responsible_id = row.stage_id or self._writer.stage_id, self._responsible(row)
        lead = NewLead(
            self._writer.ids["leads"].take(),
            row.name,
            stage_id,
            client.id if client else None,
            self._company(row),
            responsible_id,
            row.budget,
            row.currency or self._writer.currency,
            clock.now() if self._writer.closes(stage_id) else None,
        )
        self._new.append(lead)
        if responsible_id is not None:
            self._writer.assigned[responsible_id] += 1
        return lead

    def _contact_values(self, row: Row) -> dict[str, Any]:
        given = {
            "email": row.email,
            "phone": row.phone,
            "responsible_id": row.responsible_id,
            "company_id": self._company(row),
        }
        return {name: value for name, value in given.items() if value is not None}

    def _lead_changes(self, row: Row) -> dict[str, Any]:
        given = {
            "stage_id": row.stage_id,
            "budget": row.budget,
            "currency": row.currency,
            "responsible_id": row.responsible_id,
            "company_id": self._company(row),
        }
        return {name: value for name, value in given.items() if value is not None}

    def _change(self, item: AnyContact | AnyLead, values: dict[str, Any]) -> None:
        """Change a record; what an old one said before is kept once, for its timeline."""
        differing = {name: value for name, value in values.items() if getattr(item, name) != value}
        if not differing:
            return
        if isinstance(item, Contact | Lead):
            kept = self._before.setdefault(item, {})
            for name, words in history.texts(item, [name for name in differing if name not in kept]).items():
                kept[name] = words
        for name, value in differing.items():
            setattr(item, name, value)
        if isinstance(item, Contact | NewContact):
            self._known.remember(item)
        elif "stage_id" in differing:
            self._keep_closed(item)

    def _keep_closed(self, lead: AnyLead) -> None:
        closes = self._writer.closes(lead.stage_id)
        if closes == (lead.closed_at is not None):
            return
        lead.closed_at = clock.now() if closes else None
        if isinstance(lead, Lead):
            (lead_tasks.silence if closes else lead_tasks.wake)(lead)

    def _responsible(self, row: Row) -> int | None:
        return row.responsible_id if row.responsible_id is not None else self._writer.responsible_id


def _given_name(name: str | None, row: Row) -> dict[str, Any]:
    """A name that stands for a missing one does not replace the one that is known."""
    return {"name": name} if name and name not in (row.email, row.phone, row.company) else {}
