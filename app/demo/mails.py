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
from app.models.notifications import Event
from app.models.people import Group, User, full_name
from app.services import sealed
from app.services.account import account
from app.services.mails import mail_kinds, mailboxes
from app.services.mails.mail_news import said, subject_of
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


def load(people: Mapping[str, User]) -> Mailbox:
    """Make the mailbox and its mails; only the newest is news, to who shares the mailbox. Return the mailbox."""
    group = db.session.scalars(select(Group).where(Group.name == "Sales Office")).one()
    mailbox = _mailbox(group)
    contacts = list(db.session.scalars(select(Contact).order_by(Contact.id)))
    now = clock.now()
    for number, days, subject, text, writer, answer in THREADS:
        contact = contacts[number % len(contacts)]
        lead_id = db.session.scalars(
            select(Lead.id).where(Lead.contact_id == contact.id, Lead.closed_at.is_(None)).order_by(Lead.id.desc())
        ).first()
        first = came_in(mailbox, contact, lead_id, subject, text, now - dt.timedelta(days=days, minutes=25))
        first.html = HTML if days == 4 else None
        if writer:
            answered(mailbox, first, people[writer], answer)
        news = news_of(mailbox, first, contact)
        if days:
            db.session.add(past_news(first, news))
        else:
            told = {user.id: Rule.GROUP for user in group.users}
            record_event("mail:received", None, subject_of(first.id, first.id), news, told=told)
    db.session.flush()
    return mailbox


def past_news(mail: Mail, news: dict[str, object]) -> Event:
    """Return what was recorded of a mail then."""
    return Event(tag="mail:received", subject_type="mail", subject_id=mail.id, data=news, created_at=mail.received_at)


def news_of(mailbox: Mailbox, mail: Mail, contact: Contact) -> dict[str, object]:
    """Return what the news of a mail is made of."""
    return {
        "mail_id": mail.id,
        "name": contact.name,
        "from": contact.email,
        "subject": mail.subject,
        "text": said(mail.body),
        "mailbox": mailbox.name,
        "owner_id": mailbox.owner_id,
        "group_id": mailbox.group_id,
        "contact": {"id": contact.id, "name": contact.name},
        "url": f"/mailview/show/{mail.id}",
    }


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


def came_in(mailbox: Mailbox, contact: Contact, lead_id: int | None, subject: str, text: str, at: dt.datetime) -> Mail:
    """Write a mail from a client."""
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
        body=text,
        received_at=at,
        contact_id=contact.id,
        lead_id=lead_id,
        created_at=at,
    )
    db.session.add(made)
    db.session.flush()
    made.thread_id = made.id
    return made


def answered(mailbox: Mailbox, first: Mail, writer: User, words: str) -> None:
    """Write a colleague's answer to one."""
    at = first.received_at + dt.timedelta(hours=2)
    made = Mail(
        mailbox_id=mailbox.id,
        fingerprint=mail_kinds.digest_of("answer", str(first.id)),
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
