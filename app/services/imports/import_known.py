"""What a batch of imported rows finds again: clients by address or phone, their open leads, companies by name."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from app import access
from app.extensions import db
from app.models.base import sort_key_of
from app.models.crm import Company, Contact, Lead
from app.models.people import User
from app.services.imports.import_rows import Row
from app.services.imports.import_tables import NewContact, NewLead, tail_of

AnyContact = Contact | NewContact
AnyLead = Lead | NewLead


class Known:
    """The records that rows may mean, as far as the person who imports may see them.

    Without ``contacts`` no client is known: each row makes a new one.
    """

    def __init__(self, actor: User, rows: Sequence[Row], *, contacts: bool) -> None:
        self._actor, self._rows, self._looks = actor, rows, contacts
        self._by_email: dict[str, AnyContact] = {}
        self._by_tail: dict[str, AnyContact] = {}
        if contacts:
            self._find_contacts()

    def contact(self, row: Row) -> AnyContact | None:
        """Return whom a row means: the address counts before the phone."""
        found = self._by_email.get(row.email.lower()) if row.email else None
        return found or self._by_tail.get(tail_of(row.phone) or "")

    def remember(self, contact: AnyContact) -> None:
        """Let later rows find a contact; the oldest of several stays the one that is meant."""
        if not self._looks:
            return
        if contact.email:
            self._by_email.setdefault(contact.email.lower(), contact)
        if tail := tail_of(contact.phone):
            self._by_tail.setdefault(tail, contact)

    def leads(self) -> dict[tuple[int, str], AnyLead]:
        """Return the known clients' open leads by the client's id and the folded name."""
        ids = {contact.id for row in self._rows if (contact := self.contact(row)) is not None}
        statement = (
            select(Lead)
            .where(access.visible_leads(self._actor), Lead.contact_id.in_(ids), Lead.closed_at.is_(None))
            .options(joinedload(Lead.stage), joinedload(Lead.company), joinedload(Lead.responsible))
            .order_by(Lead.id)
        )
        found: dict[tuple[int, str], AnyLead] = {}
        for lead in db.session.scalars(statement):
            found.setdefault((int(lead.contact_id or 0), lead.sort_key), lead)
        return found

    def companies(self) -> dict[str, int]:
        """Return the ids of the companies that rows name, by the folded name."""
        names = {sort_key_of(row.company) for row in self._rows if row.company}
        if not names:
            return {}
        statement = select(Company.sort_key, Company.id).where(
            access.visible_companies(self._actor), Company.sort_key.in_(names)
        )
        found: dict[str, int] = {}
        for row in db.session.execute(statement.order_by(Company.id)):
            found.setdefault(row.sort_key, row.id)
        return found

    def _find_contacts(self) -> None:
        emails = {row.email.lower() for row in self._rows if row.email}
        tails = {tail for row in self._rows if (tail := tail_of(row.phone))}
        statement = (
            select(Contact)
            .where(access.visible_contacts(self._actor))
            .where(or_(func.lower(Contact.email).in_(emails), Contact.phone_tail.in_(tails)))
            .options(joinedload(Contact.company), joinedload(Contact.responsible))
            .order_by(Contact.id)
        )
        for contact in db.session.scalars(statement):
            self.remember(contact)
