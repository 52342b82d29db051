"""What a mail that came in sets off: its people are told, somebody unknown becomes a lead, a bounce is looked after."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, text

from app import access, clock
from app.catalogue import Rule
from app.extensions import db
from app.models.crm import Contact, Lead, Stage
from app.models.mailboxes import Mailbox
from app.models.people import User
from app.services import audience
from app.services.account import faults, lost_addresses
from app.services.mails import mail_kinds, mailbox_health
from app.services.mails.mail_incoming import Bounce, IncomingMail
from app.services.mails.mail_people import Person, is_colleague, link
from app.services.notify import Subject, record_event
from app.services.records import history, lead_answers, pipelines

TEXT_LENGTH = 500
# A server gives up after five days; later it is no news of ours.
BOUNCES_FOR_DAYS = 14
# RFC 3463: no such mailbox or host, moved, disabled.
GONE = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})


def subject_of(mail_id: int, thread_id: int) -> Subject:
    """Return what notices are about: all mails of one thread are one row of the center."""
    return Subject("mail", mail_id, f"mails:{thread_id}")


def arrived(mailbox: Mailbox, mail_id: int, mail: IncomingMail, thread_id: int, person: Person) -> None:
    """Tell whose mailbox it is; who is told of a new lead by it, has heard of it thereby."""
    told = dict.fromkeys(mailbox_health.owners(mailbox), Rule.RESPONSIBLE if mailbox.owner_id else Rule.GROUP)
    if not told and mailbox.group_id is not None:
        about = {"name": mailbox.name, "url": f"/mailboxview/show/{mailbox.id}"}
        faults.note(f"mailbox:{mailbox.id}:group", "mailbox_without_people", about)
        told = dict.fromkeys(audience.admins(), Rule.ADMIN)
    for user_id in _senders(mail):
        told.pop(user_id, None)
    if mailbox.makes_leads and person.contact_id is None and not mail.newsletter and not is_colleague(person.address):
        for user_id in _make_lead(mailbox, mail, person):
            told.pop(user_id, None)
    data = snapshot(mailbox, mail_id, mail, person)
    record_event("mail:received", None, subject_of(mail_id, thread_id), data, told=told)


def snapshot(mailbox: Mailbox, mail_id: int, mail: IncomingMail, person: Person) -> dict[str, object]:
    """Return what words about the mail are made of."""
    return {
        "mail_id": mail_id,
        "name": person.name or mail.from_name or mail.from_address,
        "from": mail.from_address,
        "subject": mail.subject,
        "text": said(mail.body),
        "mailbox": mailbox.name,
        # Whose mail it is in the numbers of reports.
        "owner_id": mailbox.owner_id,
        "group_id": mailbox.group_id,
        "contact": {"id": person.contact_id, "name": person.name} if person.contact_id else None,
        "url": f"/mailview/show/{mail_id}",
    }


def said(body: str) -> str:
    """Return the beginning of what a mail says, without what it quotes."""
    own = []
    for line in body[:20_000].splitlines():
        if line.startswith(">"):
            continue
        own.append(line.strip())
    return " ".join(" ".join(own).split())[:TEXT_LENGTH]


def bounced(bounce: Bounce) -> None:
    """A server could not deliver a mail of ours: mark the delivery, and tell whom it concerns."""
    delivery_id = mail_kinds.delivery_of(bounce.message_id)
    if delivery_id is None:
        return
    row = db.session.execute(
        text(
            "SELECT id, purpose, address, user_id, state, finished_at FROM deliveries"
            " WHERE id = :id AND channel IN ('email', 'mailbox') AND (lower(address) = ANY(:addresses) OR EXISTS ("
            "   SELECT FROM mails m WHERE m.delivery_id = deliveries.id"
            "   AND CAST(:addresses AS text[]) && string_to_array(lower(concat_ws(', ', m.to_line, m.cc_line)), ', ')))"
            " AND state IN ('sent', 'sending') AND created_at > :since FOR UPDATE"
        ),
        {
            "id": delivery_id,
            "addresses": mail_kinds.spellings(bounce.recipient),
            "since": clock.now() - dt.timedelta(days=BOUNCES_FOR_DAYS),
        },
    ).first()
    if row is None:
        return
    reason = f"{bounce.status} {bounce.reason}".strip()
    db.session.execute(
        text("UPDATE deliveries SET state = 'failed', error = :error, finished_at = :now WHERE id = :id"),
        {"id": row.id, "error": reason, "now": clock.now()},
    )
    if row.purpose == "mail":
        from app.services.mails import mail_answers

        mail_answers.came_back(row.id, bounce.recipient, reason)
        return
    proven = mail_kinds.is_proven(row.id, row.address, bounce.proof)
    lost_addresses.came_back(row.address, row.user_id, reason, gone=proven and bounce.status in GONE)


def _make_lead(mailbox: Mailbox, mail: IncomingMail, person: Person) -> list[int]:
    """Make contact and lead of an unknown sender; return who was told."""
    name = (mail.from_name if mail.from_address.lower() == person.address else "") or person.address
    contact = Contact(name=name[:160], email=person.address)
    db.session.add(contact)
    db.session.flush()
    history.record("contact:created", None, history.subject_of(contact), {"name": contact.name, "source": "mail"})
    owner = db.session.get(User, mailbox.owner_id) if mailbox.owner_id else None
    responsible = owner if owner is not None and owner.active and not access.is_free(owner) else None
    lead = Lead(
        name=(mail.subject or contact.name)[:160],
        stage_id=_incoming_stage(),
        contact_id=contact.id,
        responsible_id=responsible.id if responsible else None,
        source="mail",
    )
    db.session.add(lead)
    db.session.flush()
    person.contact_id, person.name, person.lead_id = contact.id, contact.name, lead.id
    link(person.address, contact.id, lead.id)
    words = said(mail.body) or mail.subject
    return list(lead_answers.arrive(None, lead, words, via=mailbox.name, group_id=mailbox.group_id))


def _incoming_stage() -> int:
    pipeline = pipelines.ensure_default()
    statement = select(Stage.id).where(Stage.pipeline_id == pipeline.id)
    first = statement.order_by(Stage.kind != "incoming", Stage.position, Stage.id).limit(1)
    return db.session.scalars(first).one()


def _senders(mail: IncomingMail) -> list[int]:
    """Nobody is told about what they wrote themselves."""
    rows = db.session.execute(
        text("SELECT id FROM ab_user WHERE lower(email) = :address"), {"address": mail.from_address.lower()}
    )
    return [row.id for row in rows]
