"""The demo's mailbox: what came in by it over the last weeks. It is switched off, so nothing connects by itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import select

from app import clock
from app.catalogue import Rule
from app.extensions import db
from app.models.crm import Contact, Lead
from app.models.mailboxes import Mail, Mailbox, MailboxState
from app.models.people import Group, User, full_name
from app.services import account, mail_kinds, mailboxes, sealed
from app.services.mail_news import subject_of
from app.services.notify import record_event

ADDRESS = "info@pedalhouse.example"
# Contact's number, days ago, subject, text, the answer's writer and text. The newest is the last, and news.
THREADS = (
    (
        0,
        19,
        "Spare battery for the city bike",
        "Hello,\n\ndo you have a second battery for last year's city bike, and what would it cost?\n\nKind regards",
        "staff",
        "Hello,\n\nyes, we have two in stock: 389 euros with fitting. Shall I put one aside for you?",
    ),
    (
        3,
        11,
        "Invoice 2041",
        "Good morning,\n\nour bookkeeping needs the invoice once more, with the order number 77-12 on it. Thank you!",
        "manager",
        "Good morning,\n\nof course: it is on its way to you by post as well.",
    ),
    (
        5,
        4,
        "Service for our six rental bikes",
        "Hi,\n\nthe six rental bikes need their yearly service before Easter. Could you fetch them in two lots?",
        "",
        "",
    ),
    (
        8,
        0,
        "Cargo bike: test ride on Saturday?",
        "Hello!\n\nWe would love to try the long cargo bike with both kids on Saturday morning. Is ten o'clock free?",
        "",
        "",
    ),
)
HTML = (
    "<p>Hi,</p><p>the <b>six rental bikes</b> need their yearly service before Easter. Could you fetch them in two"
    " lots?</p><table border='1' cellpadding='6' style='border-collapse: collapse'><tr><th>Lot</th><th>Bikes</th></tr>"
    "<tr><td>1</td><td>R1, R2, R3</td></tr><tr><td>2</td><td>R4, R5, R6</td></tr></table><p>Best</p>"
)


def load(people: Mapping[str, User]) -> None:
    """Make the mailbox and its mails; only the newest is news, to who shares the mailbox."""
    group = db.session.scalars(select(Group).where(Group.name == "Sales Office")).one()
    mailbox = _mailbox(group)
    contacts = list(db.session.scalars(select(Contact).order_by(Contact.id)))
    now = clock.now()
    for number, days, subject, said, writer, answer in THREADS:
        contact = contacts[number % len(contacts)]
        lead_id = db.session.scalars(
            select(Lead.id).where(Lead.contact_id == contact.id, Lead.closed_at.is_(None)).order_by(Lead.id.desc())
        ).first()
        first = _mail(mailbox, contact, lead_id, subject, said, now - dt.timedelta(days=days, minutes=25))
        first.html = HTML if days == 4 else None
        if writer:
            _answer(mailbox, first, people[writer], answer)
        elif days == 0:
            data = {
                "mail_id": first.id,
                "name": contact.name,
                "from": contact.email,
                "subject": subject,
                "text": " ".join(said.split()),
                "mailbox": mailbox.name,
                "contact": {"id": contact.id, "name": contact.name},
                "url": f"/mailview/show/{first.id}",
            }
            told = {user.id: Rule.GROUP for user in group.users}
            record_event("mail:received", None, subject_of(first.id, first.id), data, told=told)
    db.session.flush()


def _mailbox(group: Group) -> Mailbox:
    mailbox = Mailbox(
        name="Shop",
        address=ADDRESS,
        group_id=group.id,
        imap_host="imap.pedalhouse.example",
        imap_port=993,
        username=ADDRESS,
        password=sealed.seal("not-a-password"),
        makes_leads=True,
        trusted=True,
        active=False,
    )
    db.session.add(mailbox)
    db.session.flush()
    db.session.add(MailboxState(mailbox_id=mailbox.id, last_ok_at=clock.now(), last_mail_at=clock.now()))
    account.set_setting(mailboxes.CONNECTED, True)
    return mailbox


def _mail(mailbox: Mailbox, contact: Contact, lead_id: int | None, subject: str, said: str, at: dt.datetime) -> Mail:
    made = Mail(
        mailbox_id=mailbox.id,
        folder="INBOX",
        uidvalidity=1,
        uid=int(at.timestamp()),
        fingerprint=mail_kinds.digest_of(subject, str(at)),
        message_id=f"<{int(at.timestamp())}@example.org>",
        direction="incoming",
        from_name=contact.name,
        from_address=contact.email or "",
        to_line=mailbox.address,
        subject=subject,
        body=said,
        received_at=at,
        contact_id=contact.id,
        lead_id=lead_id,
        created_at=at,
    )
    db.session.add(made)
    db.session.flush()
    made.thread_id = made.id
    return made


def _answer(mailbox: Mailbox, first: Mail, writer: User, words: str) -> None:
    at = first.received_at + dt.timedelta(hours=2)
    made = Mail(
        mailbox_id=mailbox.id,
        fingerprint=mail_kinds.digest_of("answer", first.subject),
        message_id=f"<answer-{first.id}@pedalhouse.example>",
        in_reply_to=first.message_id,
        references=first.message_id or "",
        thread_id=first.id,
        direction="outgoing",
        from_name=full_name(writer),
        from_address=mailbox.address,
        to_line=first.from_address,
        subject=f"Re: {first.subject}",
        body=words,
        received_at=at,
        contact_id=first.contact_id,
        lead_id=first.lead_id,
        author_id=writer.id,
        send_state="sent",
        created_at=at,
    )
    db.session.add(made)
    db.session.flush()
