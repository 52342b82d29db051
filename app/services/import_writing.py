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

from sqlalchemy import func, insert, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import joinedload

from app import access, clock
from app.extensions import db
from app.models.base import sort_key_of
from app.models.crm import Company, Contact, Lead, Stage
from app.models.notifications import Event
from app.models.people import User
from app.models.records import Note, Tag, contact_tags, lead_tags
from app.services import history, lead_tasks
from app.services.history import Record, subject_of
from app.services.import_rows import Row
from app.services.task_news import person

SOURCE = "import"
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
    _made: set[int] = field(default_factory=set)
    _tags: list[tuple[int, str]] = field(default_factory=list)
    _words: dict[str, str] = field(default_factory=dict)
    _closed: dict[int, bool] = field(default_factory=dict)

    def write(self, rows: Sequence[Row]) -> None:
        """Write a batch."""
        if not rows:
            return
        actor = db.session.get_one(User, self.actor_id)
        batch = _Batch(self, actor, rows)
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
        """Whether an earlier batch of this import has made the contact."""
        return contact_id in self._made

    def note_made(self, contact_ids: Iterable[int]) -> None:
        """Remember what this import has made."""
        self._made.update(contact_ids)

    def closes(self, stage_id: int) -> bool:
        """Whether a stage is won or lost."""
        if stage_id not in self._closed:
            self._closed[stage_id] = db.session.get_one(Stage, stage_id).kind in history.CLOSED_KINDS
        return self._closed[stage_id]


class _Batch:
    def __init__(self, writer: Writer, actor: User, rows: Sequence[Row]) -> None:
        self._writer, self._actor, self._rows = writer, actor, rows
        self._by_email: dict[str, Contact] = {}
        self._by_tail: dict[str, Contact] = {}
        self._companies = self._find_companies()
        self._added: dict[Record, None] = {}
        self._before: dict[Record, dict[str, str]] = {}
        self._told: list[tuple[Record, Row]] = []
        if writer.duplicates != Duplicates.NEW:
            self._find_contacts()

    def write_contacts(self) -> None:
        counts = self._writer.counts
        for row in self._rows:
            known = self._known(row)
            if known is None:
                self._told.append((self._new_contact(row, row), row))
                counts["new"] += 1
            elif self._writer.duplicates == Duplicates.SKIP:
                counts["skipped"] += 1
            else:
                self._change(known, _given_name(row.name, row) | self._contact_values(row))
                self._told.append((known, row))
                counts["updated"] += 1

    def write_leads(self) -> None:
        counts = self._writer.counts
        open_leads = self._find_leads() if self._writer.duplicates == Duplicates.UPDATE else {}
        for row in self._rows:
            known = self._known(row)
            if known is not None and self._writer.duplicates == Duplicates.SKIP and not self._is_new(known):
                counts["skipped"] += 1
                continue
            client = self._client(row, known)
            key = (client.id if client else None, sort_key_of(row.name))
            lead = open_leads.get(key)  # type: ignore[arg-type]
            if lead is None:
                lead = self._new_lead(row, client)
                counts["new"] += 1
                if key[0] is not None:
                    open_leads[key] = lead  # type: ignore[index]
            else:
                self._change(lead, self._lead_changes(row))
                counts["updated"] += 1
            self._told.append((lead, row))

    def finish(self) -> None:
        """Write what has gathered, then what is said of it: timeline, notes, tags."""
        db.session.flush()
        self._writer.note_made(item.id for item in self._added if isinstance(item, Contact))
        events = [
            self._event(f"{subject_of(item).type}:created", item, {"name": item.name, "source": SOURCE})
            for item in self._added
        ]
        for item, before in self._before.items():
            events += [self._event(tag, item, data) for tag, data in history.changes_of(item, before)]
        notes = [self._note(item, row.note) for item, row in self._told if row.note]
        if notes:
            db.session.execute(insert(Note), notes)
        if events:
            db.session.execute(insert(Event), events)
        for item, row in self._told:
            self._writer.tag(item.id, row.tags)

    # -- finding

    def _find_contacts(self) -> None:
        emails = {row.email.lower() for row in self._rows if row.email}
        tails = {tail for row in self._rows if (tail := _tail(row.phone))}
        statement = (
            select(Contact)
            .where(access.visible_contacts(self._actor))
            .where(or_(func.lower(Contact.email).in_(emails), Contact.phone_tail.in_(tails)))
            .options(joinedload(Contact.company), joinedload(Contact.responsible))
            .order_by(Contact.id)
        )
        for contact in db.session.scalars(statement):
            self._remember(contact)

    def _remember(self, contact: Contact) -> None:
        """The oldest of several stays the one that is meant."""
        if contact.email:
            self._by_email.setdefault(contact.email.lower(), contact)
        if contact.phone_tail:
            self._by_tail.setdefault(contact.phone_tail, contact)

    def _known(self, row: Row) -> Contact | None:
        if self._writer.duplicates == Duplicates.NEW:
            return None
        found = self._by_email.get(row.email.lower()) if row.email else None
        return found or self._by_tail.get(_tail(row.phone) or "")

    def _is_new(self, contact: Contact) -> bool:
        return contact in self._added or self._writer.has_made(contact.id)

    def _find_leads(self) -> dict[tuple[int, str], Lead]:
        ids = {contact.id for row in self._rows if (contact := self._known(row)) is not None}
        statement = (
            select(Lead)
            .where(access.visible_leads(self._actor), Lead.contact_id.in_(ids), Lead.closed_at.is_(None))
            .options(joinedload(Lead.stage), joinedload(Lead.company), joinedload(Lead.responsible))
            .order_by(Lead.id)
        )
        found: dict[tuple[int, str], Lead] = {}
        for lead in db.session.scalars(statement):
            found.setdefault((int(lead.contact_id or 0), lead.sort_key), lead)
        return found

    def _find_companies(self) -> dict[str, Company]:
        names = {sort_key_of(row.company): row.company for row in self._rows if row.company}
        if not names:
            return {}
        statement = select(Company).where(access.visible_companies(self._actor), Company.sort_key.in_(names))
        found: dict[str, Company] = {}
        for company in db.session.scalars(statement.order_by(Company.id)):
            found.setdefault(company.sort_key, company)
        return found

    # -- adding and changing

    def _company(self, row: Row) -> Company | None:
        if row.company is None:
            return None
        key = sort_key_of(row.company)
        if key not in self._companies:
            company = Company(name=row.company, responsible_id=self._responsible(row))
            self._companies[key] = company
            db.session.add(company)
            self._added[company] = None
            self._writer.counts["new_companies"] += 1
        return self._companies[key]

    def _new_contact(self, row: Row, called: Row) -> Contact:
        name = (row.client if self._writer.kind == "leads" else None) or called.name
        contact = Contact(
            name=name,
            email=row.email,
            phone=row.phone,
            company=self._company(row),
            responsible_id=self._responsible(row),
        )
        db.session.add(contact)
        self._added[contact] = None
        if self._writer.duplicates != Duplicates.NEW:
            self._remember(contact)
        return contact

    def _client(self, row: Row, known: Contact | None) -> Contact | None:
        if known is not None:
            if self._writer.duplicates == Duplicates.UPDATE:
                values = _given_name(row.client, row) | self._contact_values(row)
                values.pop("responsible_id", None)  # the lead's
                self._change(known, values)
            return known
        if row.client is None:
            return None
        self._writer.counts["new_contacts"] += 1
        return self._new_contact(row, row)

    def _new_lead(self, row: Row, client: Contact | None) -> Lead:
        stage_id, responsible_id = row.stage_id or self._writer.stage_id, self._responsible(row)
        lead = Lead(
            name=row.name,
            stage_id=stage_id,
            contact=client,
            company=self._company(row),
            responsible_id=responsible_id,
            currency=row.currency or self._writer.currency,
            source=SOURCE,
            closed_at=clock.now() if self._writer.closes(stage_id) else None,
        )
        if row.budget is not None:
            lead.budget = row.budget
        db.session.add(lead)
        self._added[lead] = None
        if responsible_id is not None:
            self._writer.assigned[responsible_id] += 1
        return lead

    def _contact_values(self, row: Row) -> dict[str, Any]:
        given = {"email": row.email, "phone": row.phone, "responsible_id": row.responsible_id}
        values = {name: value for name, value in given.items() if value is not None}
        company = self._company(row)
        return values | ({"company": company} if company is not None else {})

    def _lead_changes(self, row: Row) -> dict[str, Any]:
        given = {
            "stage_id": row.stage_id,
            "budget": row.budget,
            "currency": row.currency,
            "responsible_id": row.responsible_id,
            "company": self._company(row),
        }
        return {name: value for name, value in given.items() if value is not None}

    def _change(self, item: Contact | Lead, values: dict[str, Any]) -> None:
        """Change a record; what it said before is kept once, for its timeline."""
        differing = {name: value for name, value in values.items() if getattr(item, name) != value}
        if not differing:
            return
        if item not in self._added:
            names = ["company_id" if name == "company" else name for name in differing]
            kept = self._before.setdefault(item, {})
            for name, words in history.texts(item, [name for name in names if name not in kept]).items():
                kept[name] = words
        for name, value in differing.items():
            setattr(item, name, value)
        if isinstance(item, Contact):
            self._remember(item)
        if isinstance(item, Lead) and "stage_id" in differing:
            self._keep_closed(item)

    def _keep_closed(self, lead: Lead) -> None:
        closes = self._writer.closes(lead.stage_id)
        if closes == (lead.closed_at is not None):
            return
        lead.closed_at = clock.now() if closes else None
        if lead not in self._added:
            (lead_tasks.silence if closes else lead_tasks.wake)(lead)

    def _responsible(self, row: Row) -> int | None:
        return row.responsible_id if row.responsible_id is not None else self._writer.responsible_id

    # -- what is said of it

    def _event(self, tag: str, item: Record, data: dict[str, Any]) -> dict[str, Any]:
        subject = subject_of(item)
        return {
            "tag": tag,
            "actor_id": self._writer.actor_id,
            "subject_type": subject.type,
            "subject_id": subject.id,
            "data": {"by": person(self._actor)} | data,
            "created_at": clock.now(),
        }

    def _note(self, item: Record, body: str) -> dict[str, Any]:
        subject = subject_of(item)
        return {
            "subject_type": subject.type,
            "subject_id": subject.id,
            "author_id": self._writer.actor_id,
            "body": body,
            "created_at": clock.now(),
        }


def _given_name(name: str | None, row: Row) -> dict[str, Any]:
    """A name that stands for a missing one does not replace the one that is known."""
    return {"name": name} if name and name not in (row.email, row.phone, row.company) else {}


def _tail(phone: str | None) -> str | None:
    digits = "".join(char for char in phone or "" if char.isdigit())
    return digits[-10:] or None
