"""Whose mails they are: the contact with that address and the contact's newest open lead, for a batch at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from app.extensions import db
from app.services.mails.mail_incoming import IncomingMail

# By the index of addresses; the oldest contact has it. (``id + 0``: with stale statistics the planner would rather
# walk the primary key up to the first match.)
_FIND = text("""
SELECT a.address, c.id AS contact_id, c.name, l.id AS lead_id
FROM unnest(CAST(:addresses AS text[])) AS a(address)
JOIN LATERAL (
    SELECT id, name FROM contacts WHERE lower(email) = a.address ORDER BY id + 0 LIMIT 1
) c ON true
LEFT JOIN LATERAL (
    SELECT l.id FROM leads l JOIN stages s ON s.id = l.stage_id
    WHERE l.contact_id = c.id AND l.closed_at IS NULL AND s.kind IN ('incoming', 'open') ORDER BY l.id DESC LIMIT 1
) l ON true
""")


@dataclass(slots=True)
class Person:
    """Who a mail's other side is; ``address`` is where an answer goes, in lower case."""

    address: str
    contact_id: int | None = None
    name: str = ""
    lead_id: int | None = None


def people_of(mails: Sequence[tuple[int, IncomingMail]], outgoing: Mapping[int, bool]) -> dict[int, Person]:
    """Return the other side of each mail, by the mail's id: one statement. Mails of one address share the person."""
    found: dict[str, Person] = {}
    of_mail: dict[int, list[str]] = {}
    for mail_id, mail in mails:
        sides = mail.to_addresses if outgoing[mail_id] else (mail.from_address, mail.reply_to or "")
        of_mail[mail_id] = [side.lower() for side in sides if side]
        for address in of_mail[mail_id]:
            found.setdefault(address, Person(address))
    for row in db.session.execute(_FIND, {"addresses": list(found)}) if found else ():
        person = found[row.address]
        person.contact_id, person.name, person.lead_id = row.contact_id, row.name, row.lead_id
    nobody = Person("")
    return {mail_id: _first_known(addresses, found) or nobody for mail_id, addresses in of_mail.items()}


def link(address: str | None, contact_id: int, lead_id: int | None = None) -> None:
    """Give the mails of an address that was nobody's until now to its contact."""
    if address:
        db.session.execute(
            text(
                "UPDATE mails SET contact_id = :contact_id, lead_id = :lead_id"
                " WHERE contact_id IS NULL AND lower(from_address) = :address"
            ),
            {"contact_id": contact_id, "lead_id": lead_id, "address": address.lower()},
        )


def is_colleague(address: str) -> bool:
    """Whether the address is a colleague's, or a mailbox of ours: who writes from it is no client."""
    row = db.session.execute(
        text(
            "SELECT 1 WHERE EXISTS (SELECT FROM ab_user WHERE lower(email) = :address)"
            " OR EXISTS (SELECT FROM mailboxes WHERE lower(address) = :address)"
        ),
        {"address": address},
    ).first()
    return row is not None


def _first_known(addresses: Sequence[str], found: Mapping[str, Person]) -> Person | None:
    known = [found[address] for address in addresses if found[address].contact_id is not None]
    # Of several unknown ones, the last is whom to answer: a website's form writes as itself.
    return known[0] if known else found[addresses[-1]] if addresses else None
