"""The search at the top of every page: records, talks by number or client, and chats, only what one may read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from flask_babel import gettext
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload

from app import access
from app.extensions import db
from app.models.crm import Company, Contact, Lead
from app.models.people import User, full_name
from app.models.talks import Talk
from app.services import searching
from app.services.chats import chat_search
from app.services.wording import joined

LIMIT = 6
LENGTH_MAX = 100
NUMBER_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Hit:
    """One line: what it is called, what tells it from others, and where it is."""

    title: str
    sub: str
    url: str


@dataclass(frozen=True, slots=True)
class Found:
    """The hits by kind, in the order shown, and how many records of the CRM are among them."""

    groups: dict[str, list[Hit]]
    records: int

    def as_json(self) -> dict[str, list[dict[str, str]]]:
        """Return them as the interface answers."""
        return {kind: [asdict(hit) for hit in hits] for kind, hits in self.groups.items()}


def find(user: User, q: str) -> Found:
    """Return up to six of each kind that match what was typed. The number of statements is always the same."""
    words = q.replace("\x00", "").strip()[:LENGTH_MAX]
    if not words:
        return Found({kind: [] for kind in ("talks", "leads", "contacts", "companies", "chats")}, 0)
    leads, contacts, companies = _leads(user, words), _contacts(user, words), _companies(user, words)
    return Found(
        {
            "talks": _talks(user, words),
            "leads": leads,
            "contacts": contacts,
            "companies": companies,
            "chats": [Hit(chat["title"], "", chat["url"]) for chat in chat_search.chats(user.id, words)[:LIMIT]],
        },
        len(leads) + len(contacts) + len(companies),
    )


def _leads(user: User, words: str) -> list[Hit]:
    statement = select(Lead).where(access.visible_leads(user), searching.lead_has(words))
    options = (joinedload(Lead.contact), joinedload(Lead.stage))
    rows = _first(statement.options(*options).order_by(Lead.id.desc()))
    return [
        Hit(row.name, joined(row.contact.name if row.contact else "", row.stage.name), f"/leadview/show/{row.id}")
        for row in rows
    ]


def _contacts(user: User, words: str) -> list[Hit]:
    statement = select(Contact).where(access.visible_contacts(user), searching.contact_has(words))
    rows = _first(statement.options(joinedload(Contact.company)).order_by(Contact.sort_key, Contact.id))
    return [
        Hit(
            row.name,
            joined(row.company.name if row.company else "", row.email or row.phone or ""),
            f"/contactview/show/{row.id}",
        )
        for row in rows
    ]


def _companies(user: User, words: str) -> list[Hit]:
    statement = select(Company).where(access.visible_companies(user), searching.company_has(words))
    rows = _first(statement.order_by(Company.sort_key, Company.id))
    return [Hit(row.name, "", f"/companyview/show/{row.id}") for row in rows]


def _talks(user: User, words: str) -> list[Hit]:
    """By number, with or without a hash, or by the client's name among the newest."""
    digits = words.removeprefix("#")
    numbered = digits.isascii() and digits.isdigit() and int(digits) <= NUMBER_MAX
    named = Talk.contact_id.in_(select(Contact.id).where(searching.name_has(Contact.sort_key, words)))
    found = or_(Talk.number == int(digits), named) if numbered else named
    statement = select(Talk).where(access.visible_talks(user), found)
    options = (joinedload(Talk.contact), joinedload(Talk.responsible))
    return [
        Hit(
            gettext("Talk %(number)s", number=talk.number),
            joined(talk.contact.name if talk.contact else "", full_name(talk.responsible) if talk.responsible else ""),
            f"/center/?chat={talk.chat_id}",
        )
        for talk in _first(statement.options(*options).order_by(Talk.number.desc()))
    ]


def _first(statement: Select[Any]) -> list[Any]:
    return list(db.session.scalars(statement.limit(LIMIT)).unique())
