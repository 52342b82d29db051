"""Mails that were sent here and still have to be put into their mailbox's own folder of what was sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, text

from app.channels.mailbox import composed
from app.extensions import db
from app.models.mailboxes import CopyState, Mail
from app.services.mails import mail_answers, mail_receivers, mailbox_leases
from app.transaction import transaction

AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Copy:
    """One mail as it was sent."""

    mail_id: int
    message_id: str
    sent_at: dt.datetime
    raw: bytes


def waiting(mailbox_ids: Collection[int]) -> set[int]:
    """Return which of these mailboxes have something to be put. By an index of what is due alone."""
    statement = text("SELECT DISTINCT mailbox_id FROM mails WHERE sent_copy = 'due' AND mailbox_id = ANY(:ids)")
    return set(db.session.scalars(statement, {"ids": list(mailbox_ids)}))


def due(mailbox_id: int) -> list[Copy]:
    """Return the oldest that are due; what cannot be made again, since a file is gone, is given up."""
    made = []
    with transaction():
        statement = select(Mail).where(Mail.mailbox_id == mailbox_id, Mail.sent_copy == CopyState.DUE.value)
        for mail in db.session.scalars(statement.order_by(Mail.id).limit(AT_ONCE)):
            try:
                raw = composed(mail_receivers.of(mail).to[0], mail_answers.message_for(mail), mail.received_at)
            except LookupError:
                mail.sent_copy = CopyState.FAILED.value
                continue
            made.append(Copy(mail.id, str(mail.message_id), mail.received_at, raw))
    return made


def note(mailbox_id: int, mail_id: int, *, done: bool, me: str | None = None) -> None:
    """Note what became of a copy. Raises LeaseLost."""
    with transaction():
        if me is not None:
            mailbox_leases.require(me, mailbox_id)
        state = CopyState.DONE if done else CopyState.FAILED
        db.session.execute(
            text("UPDATE mails SET sent_copy = :state WHERE id = :id AND sent_copy = 'due'"),
            {"state": state.value, "id": mail_id},
        )
