"""Mails, their mailboxes, and what left the house: who may see and open which."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, false, or_, select
from sqlalchemy.orm import joinedload

from app.access.records import visible_contacts, visible_leads
from app.access.sight import EVERYTHING, LARGEST_ID, load
from app.access.who import groups_of, holds, is_admin, is_free
from app.errors import NotFound
from app.extensions import db
from app.models.crm import Contact, Lead
from app.models.mailboxes import Mail, Mailbox, MailFile
from app.models.people import User
from app.services.account import account


def access_mail(user: User, mail_id: int) -> Mail:
    """Return the mail that this person may open. Raises NotFound."""
    options = (
        joinedload(Mail.mailbox).joinedload(Mailbox.owner),
        joinedload(Mail.contact),
        joinedload(Mail.lead),
        joinedload(Mail.author),
    )
    return load(Mail, mail_id, visible_mails(user), "Mail", *options)


def access_mail_file(user: User, mail_id: int, file_id: int) -> MailFile:
    """Return a file of a mail that this person may open. Raises NotFound."""
    mail = access_mail(user, mail_id)
    statement = select(MailFile).where(MailFile.id == file_id, MailFile.mail_id == mail.id)
    found = db.session.scalars(statement).one_or_none() if 0 < file_id <= LARGEST_ID else None
    if found is None or found.stored_as is None:
        raise NotFound("File")
    return found


def access_mailbox(user: User, mailbox_id: int) -> Mailbox:
    """Return the mailbox that this person may see. Raises NotFound."""
    options = (joinedload(Mailbox.owner), joinedload(Mailbox.group), joinedload(Mailbox.state))
    return load(Mailbox, mailbox_id, visible_mailboxes(user), "Mailbox", *options)


def visible_mails(user: User) -> ColumnElement[bool]:
    """Condition for the mails this person may see: of the own mailboxes, and those of clients whom the person may open.

    A mailbox may keep even those to its owner, and who holds no right to see mails sees only the own ones. Admins
    see all of shared mailboxes; mails of a person's own mailbox that belong to no client are nobody else's.
    """
    if is_free(user):
        return false()
    # Mailboxes are few, mails are many.
    ours = or_(Mailbox.owner_id == user.id, Mailbox.group_id.in_(groups_of(user)))
    if is_admin(user):
        ours = or_(ours, Mailbox.group_id.is_not(None))
    mine = Mail.mailbox_id.in_(select(Mailbox.id).where(ours))
    if not holds(user, "mails.see"):
        return mine
    shared = Mail.mailbox_id.in_(select(Mailbox.id).where(Mailbox.shares))
    if is_admin(user) or account.record_visibility() == "all":
        theirs: ColumnElement[bool] = or_(Mail.contact_id.is_not(None), Mail.lead_id.is_not(None))
    else:
        theirs = or_(
            exists().where(Contact.id == Mail.contact_id, visible_contacts(user)),
            exists().where(Lead.id == Mail.lead_id, visible_leads(user)),
        )
    return or_(mine, and_(shared, theirs))


def visible_mailboxes(user: User) -> ColumnElement[bool]:
    """Condition for the mailboxes this person may see: the own ones, those of the person's groups; admins all."""
    if is_admin(user):
        return EVERYTHING
    if is_free(user):
        return false()
    return or_(Mailbox.owner_id == user.id, Mailbox.group_id.in_(groups_of(user)))


def visible_deliveries(user: User) -> ColumnElement[bool]:
    """Condition for what left the house, to whomever: the admins' alone."""
    return EVERYTHING if is_admin(user) else false()
