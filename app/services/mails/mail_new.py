"""Mails that answer none: written on a client's card, or to any address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from app import access, clock
from app.errors import UserError
from app.extensions import db
from app.models.crm import Company, Contact, Lead
from app.models.mailboxes import Mail, Mailbox
from app.models.people import User
from app.services import fields
from app.services.mails import mail_answers, mail_files, mail_receivers
from app.services.mails.mail_files import Upload
from app.services.mails.mail_incoming import IncomingMail
from app.services.mails.mail_people import people_of

SUGGESTED_MAX, SENDERS_MAX = 50, 100


@dataclass(frozen=True, slots=True)
class About:
    """Whose card it is written on. ``suggested``: (name, address) of whom it may go to, the likeliest first."""

    contact: Contact | None = None
    lead: Lead | None = None
    company: Company | None = None
    suggested: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody typed, unchecked."""

    mailbox_id: int | None = None
    to: str = ""
    cc: str = ""
    subject: str = ""
    body: str = ""
    files: Sequence[Upload] = ()


def senders(user: User) -> list[Mailbox]:
    """Return the mailboxes that a person writes from: the own ones first, then those of the person's groups."""
    ours = or_(Mailbox.owner_id == user.id, Mailbox.group_id.in_(access.groups_of(user)))
    if access.is_admin(user):
        ours = or_(ours, Mailbox.group_id.is_not(None))
    statement = select(Mailbox).where(ours, Mailbox.active).order_by(Mailbox.owner_id.is_(None), Mailbox.sort_key)
    return list(db.session.scalars(statement.limit(SENDERS_MAX)))


def about(user: User, *, contact_id: int = 0, lead_id: int = 0, company_id: int = 0) -> About:
    """Return what a card suggests. Raises NotFound for a record that this person may not open."""
    if lead_id:
        lead = access.access_lead(user, lead_id)
        # An own lead may be of a client whom only colleagues see: there is nothing to suggest then.
        theirs = select(Contact).where(Contact.id == lead.contact_id, access.visible_contacts(user))
        contact = db.session.scalars(theirs).one_or_none()
        return About(contact, lead, suggested=_addresses([contact] if contact else []))
    if contact_id:
        contact = access.access_contact(user, contact_id)
        return About(contact, suggested=_addresses([contact]))
    if company_id:
        company = access.access_company(user, company_id)
        statement = select(Contact).where(
            Contact.company_id == company.id, Contact.email.is_not(None), access.visible_contacts(user)
        )
        people = db.session.scalars(statement.order_by(Contact.sort_key, Contact.id).limit(SUGGESTED_MAX))
        return About(company=company, suggested=_addresses(list(people)))
    return About()


def send(actor: User, draft: Draft, card: About, token: str) -> Mail:
    """Send a mail; return it. ``token`` makes a second click the same mail. Raises UserError naming the field."""
    key = f"mail:{actor.id}:new:{token[:64]}"
    known = mail_answers.known(key)
    if known is not None:
        return known
    mailbox = next((one for one in senders(actor) if one.id == draft.mailbox_id), None)
    if mailbox is None:
        raise UserError("invalid", "Choose a mailbox that you may write from", "mailbox")
    receivers = mail_receivers.typed(draft.to, draft.cc)
    subject = fields.needed_line(draft.subject, "subject", 300)
    words = mail_answers.checked_words(draft.body)
    files = mail_files.check(draft.files)
    contact_id, lead_id = _whose(card, receivers.to[0])
    mail = Mail(
        mailbox_id=mailbox.id,
        subject=subject,
        body=words,
        contact_id=contact_id,
        lead_id=lead_id,
        to_line=receivers.to_line,
        cc_line=receivers.cc_line,
    )
    return mail_answers.send_off(actor, mail, mailbox, key, files)


def _whose(card: About, to: str) -> tuple[int | None, int | None]:
    """Whose it is by its first address; written on a lead's card, or to its client elsewhere, it is the card's."""
    person = people_of([(1, IncomingMail(1, "", clock.now(), to_addresses=(to,)))], {1: True})[1]
    client_id = card.contact.id if card.contact else card.lead.contact_id if card.lead else None
    own = client_id is not None and person.contact_id in (None, client_id)
    if card.lead is not None and (own or person.contact_id is None):
        return card.lead.contact_id or person.contact_id, card.lead.id
    if own and card.contact is not None:
        return card.contact.id, person.lead_id
    return person.contact_id, person.lead_id


def _addresses(contacts: Sequence[Contact]) -> tuple[tuple[str, str], ...]:
    return tuple((one.name, one.email) for one in contacts if one.email)
