"""What is kept about one client: handed out whole, and erased for good. Numbers that name nobody stay.

Adding a table that holds words of or about clients: a line in ``PARTS`` and in ``ERASE``.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from app import clock
from app.errors import UserError
from app.extensions import db
from app.models.base import sort_key_of
from app.models.crm import Contact
from app.models.people import User
from app.services.chats import chat_files
from app.services.people.people import require_admin
from app.transaction import on_commit

ERASED_NAME = "Erased contact"
AT_MOST = 10_000

_ABOUT = (
    "((s.subject_type = 'contact' AND s.subject_id = :id) OR (s.subject_type = 'lead' AND s.subject_id = ANY(:leads)))"
)

_HANGING = (
    f"{_ABOUT} OR (s.subject_type = 'talk' AND s.subject_id = ANY(:talks))"
    " OR (s.subject_type = 'task' AND s.subject_id = ANY(:tasks))"
    " OR (s.subject_type = 'chat' AND s.subject_id = ANY(:chats))"
)

# Of the tables that name a contact and a lead.
_ITS = "(contact_id = :id OR lead_id = ANY(:leads))"
_FROM_OUTSIDE = (
    f"(s.subject_type = 'mail' AND s.subject_id IN (SELECT id FROM mails WHERE {_ITS}))"
    f" OR (s.subject_type = 'call' AND s.subject_id IN (SELECT id FROM calls WHERE {_ITS}))"
    " OR (s.subject_type = 'payment' AND s.subject_id IN (SELECT id FROM payments WHERE contact_id = :id))"
)

# Name in the file → what it holds, as JSON objects in ``r``. Internal notes are about the person, so they are in it.
PARTS: Mapping[str, str] = {
    "contact": "SELECT to_jsonb(c) - '{sort_key,phone_tail}'::text[] AS r FROM contacts c WHERE id = :id",
    "leads": "SELECT to_jsonb(l) - 'sort_key' AS r FROM leads l WHERE id = ANY(:leads) ORDER BY id",
    "tasks": "SELECT to_jsonb(t) AS r FROM tasks t WHERE contact_id = :id OR lead_id = ANY(:leads) ORDER BY id",
    "notes": f"SELECT to_jsonb(s) AS r FROM notes s WHERE {_ABOUT} ORDER BY id",
    "visits": "SELECT to_jsonb(v) - 'key' AS r FROM visitors v WHERE chat_id = ANY(:chats) ORDER BY id",
    "talks": "SELECT to_jsonb(t) AS r FROM talks t WHERE chat_id = ANY(:chats) ORDER BY number",
    "messages": (
        "SELECT jsonb_build_object('at', created_at, 'from', author_kind, 'internal', NOT public, 'text', body) AS r"
        " FROM messages WHERE chat_id = ANY(:chats) ORDER BY chat_id, seq"
    ),
    "files": (
        "SELECT jsonb_build_object('name', name, 'type', type, 'size', size, 'at', created_at) AS r"
        " FROM chat_files WHERE chat_id = ANY(:chats) ORDER BY id"
    ),
    "mails": (
        "SELECT jsonb_build_object('at', received_at, 'from', from_address, 'to', to_line, 'subject', subject,"
        f" 'text', body) AS r FROM mails WHERE {_ITS} ORDER BY id"
    ),
    "calls": f"SELECT to_jsonb(c) AS r FROM calls c WHERE {_ITS} ORDER BY id",
    "payments": "SELECT to_jsonb(p) AS r FROM payments p WHERE contact_id = :id ORDER BY id",
    "forms": f"SELECT to_jsonb(f) - 'digest' AS r FROM form_entries f WHERE {_ITS} ORDER BY id",
    "events": (
        "SELECT jsonb_build_object('at', created_at, 'what', tag, 'data', data) AS r"
        f" FROM events s WHERE {_ABOUT} ORDER BY id"
    ),
}

# In this order; each with the same parameters.
ERASE: tuple[str, ...] = (
    "DELETE FROM message_edits WHERE message_id IN (SELECT id FROM messages WHERE chat_id = ANY(:chats))",
    "UPDATE messages SET body = '', mentions = NULL, deleted_at = coalesce(deleted_at, :now),"
    " changed_at = clock_timestamp() WHERE chat_id = ANY(:chats)",
    "UPDATE chats SET name = CAST(:name AS text), changed_at = clock_timestamp(), described_at = clock_timestamp()"
    " WHERE id = ANY(:chats)",
    "DELETE FROM paused_addresses WHERE address IN (SELECT lower(email) FROM contacts WHERE id = :id"
    " UNION SELECT lower(email) FROM visitors WHERE chat_id = ANY(:chats))",
    # A new key: the browser that held the old one is a stranger again.
    "UPDATE visitors SET name = NULL, email = NULL, phone = NULL, page_url = NULL, external_id = NULL,"
    " key = left(md5(random()::text || :salt || id), 32) WHERE chat_id = ANY(:chats)",
    "UPDATE talks SET comment = NULL, changed_at = clock_timestamp() WHERE chat_id = ANY(:chats)",
    f"DELETE FROM notes s WHERE {_ABOUT}",
    "UPDATE tasks SET text = CAST(:name AS text), result = NULL, changed_at = clock_timestamp()"
    " WHERE contact_id = :id OR lead_id = ANY(:leads)",
    "UPDATE leads SET name = :name, sort_key = :sort_key, declined_because = NULL, changed_at = clock_timestamp()"
    " WHERE id = ANY(:leads)",
    # What was told of them goes with its notices and their deliveries; daily numbers are kept elsewhere.
    f"DELETE FROM feed_items s WHERE {_HANGING} OR {_FROM_OUTSIDE}",
    f"DELETE FROM events s WHERE {_HANGING} OR {_FROM_OUTSIDE}",
    # What was sent to them; where there is no mail server, it was kept.
    "WITH gone AS (DELETE FROM deliveries WHERE purpose IN ('client', 'messenger')"
    " AND CAST(data ->> 'chat_id' AS int) = ANY(:chats)"
    f" OR id IN (SELECT delivery_id FROM mails WHERE {_ITS}) RETURNING id)"
    " DELETE FROM kept_mails WHERE delivery_id IN (SELECT id FROM gone)"
    f" OR delivery_id IN (SELECT delivery_id FROM mails WHERE {_ITS})",
    f"DELETE FROM mails WHERE {_ITS}",
    # That there was a call or a payment counts in reports; who it was with does not.
    f"UPDATE calls SET phone = '', recording_url = NULL WHERE {_ITS}",
    "DELETE FROM stripe_customers WHERE customer_id IN (SELECT customer_id FROM payments WHERE contact_id = :id)",
    "UPDATE payments SET email = NULL, name = NULL, about = NULL, reason = NULL, customer_id = NULL"
    " WHERE contact_id = :id",
    f"DELETE FROM form_entries WHERE {_ITS}",
    "UPDATE contacts SET name = :name, sort_key = :sort_key, email = NULL, phone = NULL, phone_tail = NULL,"
    " company_id = NULL, changed_at = clock_timestamp() WHERE id = :id",
    "UPDATE audit_log SET old = '{}', new = '{}' WHERE (table_name = 'contacts' AND row_id = :row_id)"
    " OR (table_name = 'leads' AND row_id = ANY(CAST(:leads AS text[])))"
    " OR (table_name = 'tasks' AND row_id = ANY(CAST(:tasks AS text[])))",
    "DELETE FROM deleted_records WHERE (kind = 'contacts' AND record_id = :id)"
    " OR (kind = 'leads' AND record_id = ANY(:leads))",
)


def of_contact(actor: User, contact: Contact) -> dict[str, Any]:
    """Return everything that is kept about a contact, for admins. Raises Forbidden, UserError when it is too much."""
    require_admin(actor)
    found = _found(contact)
    return {name: _rows(name, statement, found) for name, statement in PARTS.items()}


def erase_contact(actor: User, contact: Contact) -> None:
    """Erase what is kept about a contact; the empty card stays for what counts it. Raises Forbidden but for admins."""
    require_admin(actor)
    found = _found(contact)
    files = db.session.execute(
        text(
            "SELECT stored_as FROM chat_files WHERE chat_id = ANY(:chats)"
            " UNION ALL SELECT f.stored_as FROM mail_files f JOIN mails m ON m.id = f.mail_id"
            f" WHERE f.stored_as IS NOT NULL AND {_ITS}"
        ),
        found,
    )
    stored = [row.stored_as for row in files]
    db.session.execute(text("DELETE FROM chat_files WHERE chat_id = ANY(:chats)"), {"chats": found["chats"]})
    values = {
        **found,
        "row_id": str(contact.id),
        "name": ERASED_NAME,
        "sort_key": sort_key_of(ERASED_NAME),
        "now": clock.now(),
        "salt": secrets.token_hex(),
    }
    for statement in ERASE:
        db.session.execute(text(statement), values)
    db.session.expire_all()
    on_commit(lambda: chat_files.unlink(stored))


def _found(contact: Contact) -> dict[str, Any]:
    """Return the ids of all that hangs on a contact."""
    row = db.session.execute(
        text(
            "WITH l AS (SELECT id FROM leads WHERE contact_id = :id), c AS (SELECT id FROM chats WHERE contact_id = :id"
            " UNION SELECT chat_id FROM talks WHERE contact_id = :id"
            " UNION SELECT id FROM chats WHERE (subject_type = 'contact' AND subject_id = :id)"
            "  OR (subject_type = 'lead' AND subject_id IN (SELECT id FROM l)))"
            " SELECT ARRAY(SELECT id FROM l) AS leads, ARRAY(SELECT id FROM c) AS chats,"
            " ARRAY(SELECT number FROM talks WHERE chat_id IN (SELECT id FROM c)) AS talks,"
            " ARRAY(SELECT id FROM tasks WHERE contact_id = :id OR lead_id IN (SELECT id FROM l)) AS tasks"
        ),
        {"id": contact.id},
    ).one()
    return {"id": contact.id, **row._mapping}


def _rows(name: str, statement: str, found: Mapping[str, Any]) -> list[Any]:
    rows = (
        db.session.execute(text(f"SELECT r FROM ({statement}) AS part LIMIT {AT_MOST + 1}"), dict(found))
        .scalars()
        .all()
    )
    if len(rows) > AT_MOST:
        raise UserError("too_much", f"More than {AT_MOST} {name}: ask whoever runs the database", "contact")
    return list(rows)
