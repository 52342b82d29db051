"""Who a client is: the door they came in by, and the contact they turn out to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text

from app import clock
from app.extensions import db
from app.models.crm import Contact
from app.services import fields

# What a client has left at this door is known from the row; whoever writes for the first time gets one.
_ARRIVE = text("""
INSERT INTO visitors AS v (key, widget_id, messenger_id, external_id, name, email, phone, page_url, last_seen_at,
                           created_at)
VALUES (:key, :widget_id, :messenger_id, :external_id, :name, :email, :phone, :page_url, :now, :now)
ON CONFLICT (key) DO UPDATE SET last_seen_at = :now, page_url = coalesce(excluded.page_url, v.page_url),
    name = coalesce(excluded.name, v.name), email = coalesce(excluded.email, v.email),
    phone = coalesce(excluded.phone, v.phone)
RETURNING id, key, chat_id, name, email, phone, page_url
""")

_BEGIN = text("""
WITH chat AS (
    INSERT INTO chats (kind, contact_id, created_at) VALUES ('client', :contact_id, :now) RETURNING id
), notices AS (
    INSERT INTO chat_notices (chat_id) SELECT id FROM chat
), mine AS (
    UPDATE visitors SET chat_id = chat.id FROM chat WHERE visitors.id = :visitor_id
)
SELECT id FROM chat
""")


@dataclass(frozen=True, slots=True)
class Door:
    """Where a client writes: a widget or a messenger. ``source`` is what leads from it are called."""

    name: str
    group_id: int | None
    working_hours: str | None
    zone: str
    widget_id: int | None = None
    messenger_id: int | None = None

    @property
    def source(self) -> str:
        """Return the source of a lead that came in here."""
        return "chat"


@dataclass(frozen=True, slots=True)
class Who:
    """What is known of a client before anything is looked up."""

    key: str
    external_id: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    page_url: str | None = None


def arrive(door: Door, who: Who) -> Row[Any]:
    """Return the client's row at this door, locked until the end of the transaction: one message after the other."""
    return db.session.execute(
        _ARRIVE,
        {
            "key": who.key,
            "widget_id": door.widget_id,
            "messenger_id": door.messenger_id,
            "external_id": who.external_id,
            "name": who.name,
            "email": who.email,
            "phone": who.phone,
            "page_url": who.page_url,
            "now": clock.now(),
        },
    ).one()


def begin_chat(visitor: Row[Any]) -> tuple[int, bool]:
    """Give a client a chat; return its id and whether the client was unknown until now."""
    contact_id = find_contact(visitor.email, visitor.phone)
    unknown = contact_id is None
    if contact_id is None:
        name = visitor.name or f"Visitor {visitor.id}"
        contact = Contact(name=name, email=visitor.email, phone=visitor.phone)
        db.session.add(contact)
        db.session.flush()
        contact_id = contact.id
    values = {"contact_id": contact_id, "visitor_id": visitor.id, "now": clock.now()}
    return int(db.session.execute(_BEGIN, values).scalar_one()), unknown


def find_contact(email: str | None, phone: str | None, but: int = 0) -> int | None:
    """Return the oldest contact with this address, else with this phone number by its last ten digits."""
    digits = "".join(char for char in phone or "" if char.isdigit())
    row = db.session.execute(
        text(
            "SELECT id FROM contacts WHERE id <> :but AND (lower(email) = lower(CAST(:email AS text))"
            " OR phone_tail = CAST(:tail AS text))"
            " ORDER BY (lower(email) = lower(CAST(:email AS text))) DESC NULLS LAST, id LIMIT 1"
        ),
        # Fewer digits than a number has would find strangers.
        {"email": email, "tail": digits[-10:] if len(digits) >= 7 else None, "but": but},
    ).first()
    return int(row.id) if row is not None else None


def leave_address(key: str, values: Mapping[str, str | None]) -> Row[Any] | None:
    """Note name, address or phone of a client; a known address finds the contact. Return the client's row."""
    given = {name: value for name, value in values.items() if value}
    row = db.session.execute(
        text(
            "UPDATE visitors SET name = coalesce(CAST(:name AS text), name),"
            " email = coalesce(CAST(:email AS text), email),"
            " phone = coalesce(CAST(:phone AS text), phone) WHERE key = :key"
            " RETURNING id, key, chat_id, name, email, phone"
        ),
        {"key": key, "name": given.get("name"), "email": given.get("email"), "phone": given.get("phone")},
    ).one_or_none()
    if row is None or row.chat_id is None:
        return row
    contact_id = db.session.execute(
        text("SELECT contact_id FROM chats WHERE id = :id FOR NO KEY UPDATE"), {"id": row.chat_id}
    ).scalar()
    contact = db.session.get(Contact, contact_id, with_for_update=True) if contact_id else None
    if contact is None:
        return row
    # An address that is there already is not a stranger's to change.
    known = find_contact(given.get("email"), given.get("phone"), but=contact.id)
    if known is not None and not contact.email and not contact.phone:
        _join(contact, known)
        return row
    for name in ("email", "phone"):
        if given.get(name) and not getattr(contact, name):
            setattr(contact, name, given[name])
    if given.get("name") and contact.name.startswith("Visitor "):
        contact.name = str(given["name"])
    db.session.flush()
    return row


def checked_address(payload: Mapping[str, object]) -> dict[str, str | None]:
    """Return name, email and phone of a payload, cleaned. Raises UserError naming the field."""
    return {
        "name": fields.line(payload.get("name"), "name", 100),
        "email": fields.email(payload.get("email")),
        "phone": fields.phone(payload.get("phone")),
    }


def _join(provisional: Contact, known_id: int) -> None:
    """The client turned out to be somebody known: everything goes there, and the provisional contact away."""
    values = {"old": provisional.id, "new": known_id}
    for table in ("chats", "talks", "leads", "tasks", "calls", "mails", "payments", "form_entries"):
        db.session.execute(text(f"UPDATE {table} SET contact_id = :new WHERE contact_id = :old"), values)
    db.session.execute(
        text("UPDATE notes SET subject_id = :new WHERE subject_type = 'contact' AND subject_id = :old"), values
    )
    db.session.execute(
        text(
            "INSERT INTO contact_tags (contact_id, tag_id) SELECT :new, tag_id FROM contact_tags"
            " WHERE contact_id = :old ON CONFLICT DO NOTHING"
        ),
        values,
    )
    db.session.delete(provisional)
    db.session.flush()
