"""Contacts: clients and prospects as persons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app import access
from app.errors import Forbidden
from app.extensions import db
from app.models.crm import Contact
from app.models.people import User
from app.services import fields
from app.services.mails import mail_people
from app.services.records import card_chats, history
from app.services.records.related import checked_related
from app.services.records.responsible import checked_responsible, may_delete

FIELDS = ("name", "email", "phone", "company_id", "responsible_id")


def create(actor: User, changes: Mapping[str, Any]) -> Contact:
    """Add a contact; whoever adds it is responsible unless somebody else is named. Raises UserError."""
    contact = Contact(**check(actor, {"responsible_id": actor.id} | dict(changes), None))
    db.session.add(contact)
    db.session.flush()
    history.created(actor, contact)
    mail_people.link(contact.email, contact.id)
    return contact


def update(actor: User, contact: Contact, changes: Mapping[str, Any]) -> Contact:
    """Change the given fields. Raises UserError naming the field."""
    values = check(actor, changes, contact)
    before = history.texts(contact, values)
    for field, value in values.items():
        setattr(contact, field, value)
    db.session.flush()
    history.changed(actor, contact, before)
    if "email" in values:
        mail_people.link(contact.email, contact.id)
    if "name" in values:
        card_chats.renamed(contact)
    return contact


def delete(actor: User, contact: Contact) -> None:
    """Delete a contact; leads and tasks stay, without it. Raises Forbidden."""
    if not may_delete(actor, contact.responsible_id):
        raise Forbidden("Only who is responsible, managers and admins may delete this contact")
    card_chats.put_away(history.subject_of(contact))
    db.session.delete(contact)
    db.session.flush()


def check(actor: User, changes: Mapping[str, Any], contact: Contact | None) -> dict[str, Any]:
    """Return the cleaned values of the fields that change; writes nothing."""
    fields.known(changes, FIELDS)
    values = dict(changes)
    if contact is None or "name" in values:
        values["name"] = fields.needed_line(values.get("name"), "name", 160)
    if "email" in values:
        values["email"] = fields.email(values["email"])
    if "phone" in values:
        values["phone"] = fields.phone(values["phone"])
    if "company_id" in values:
        before_id = contact.company_id if contact else None
        values["company_id"] = checked_related(
            access.access_company, actor, values["company_id"], "company_id", before_id
        )
    if "responsible_id" in values:
        before_id = contact.responsible_id if contact else None
        values["responsible_id"] = checked_responsible(actor, values["responsible_id"], before_id)
    return values
