"""Companies: firms that contacts work for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.errors import Forbidden
from app.extensions import db
from app.models.crm import Company
from app.models.people import User
from app.services import fields
from app.services.records import card_chats, history
from app.services.records.responsible import checked_responsible, may_delete

FIELDS = ("name", "website", "phone", "responsible_id")


def create(actor: User, changes: Mapping[str, Any]) -> Company:
    """Add a company; whoever adds it is responsible unless somebody else is named. Raises UserError."""
    company = Company(**check(actor, {"responsible_id": actor.id} | dict(changes), None))
    db.session.add(company)
    db.session.flush()
    history.created(actor, company)
    return company


def update(actor: User, company: Company, changes: Mapping[str, Any]) -> Company:
    """Change the given fields. Raises UserError naming the field."""
    values = check(actor, changes, company)
    before = history.texts(company, values)
    for field, value in values.items():
        setattr(company, field, value)
    db.session.flush()
    history.changed(actor, company, before)
    if "name" in values:
        card_chats.renamed(company)
    return company


def delete(actor: User, company: Company) -> None:
    """Delete a company; its contacts and leads stay, without it. Raises Forbidden."""
    if not may_delete(actor, company.responsible_id):
        raise Forbidden("Only who is responsible, managers and admins may delete this company")
    card_chats.put_away(history.subject_of(company))
    db.session.delete(company)
    db.session.flush()


def check(actor: User, changes: Mapping[str, Any], company: Company | None) -> dict[str, Any]:
    """Return the cleaned values of the fields that change; writes nothing."""
    fields.known(changes, FIELDS)
    values = dict(changes)
    if company is None or "name" in values:
        values["name"] = fields.needed_line(values.get("name"), "name", 160)
    if "website" in values:
        values["website"] = fields.website(values["website"])
    if "phone" in values:
        values["phone"] = fields.phone(values["phone"])
    if "responsible_id" in values:
        before_id = company.responsible_id if company else None
        values["responsible_id"] = checked_responsible(actor, values["responsible_id"], before_id)
    return values
