"""Answers to mails, written on a card: they leave by the mailbox's own server, on the same way as everything else."""

from __future__ import annotations

from email.utils import formataddr

from flask import current_app
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.catalogue import Rule
from app.channels.base import MailServer, Message
from app.channels.mime import mail_host
from app.errors import Conflict, SendError, UserError
from app.extensions import db
from app.models.mailboxes import Mail, MailKind, SendState
from app.models.notifications import Delivery
from app.models.people import User, full_name
from app.services import history, mail_kinds, outbound, reading
from app.services.claimed import Claimed
from app.services.due_words import full_due, zone_of
from app.services.mail_news import said, subject_of
from app.services.mailboxes import Account, account_of
from app.services.notify import record_event
from app.transaction import on_commit

PURPOSE, CHANNEL = "mail", "mailbox"
LONGEST_ANSWER, LONGEST_QUOTE = 50_000, 10_000


def answer(actor: User, mail: Mail, body: object, token: str) -> Mail:
    """Answer a mail that the actor may open; return the answer. ``token`` makes a second click the same answer.

    A mailbox that is not read at the moment can answer all the same. Raises UserError on ``body``.
    """
    words = check(mail, body)
    key = f"mail:{actor.id}:{mail.id}:{token[:64]}"
    known = db.session.execute(
        select(Mail).join(Delivery, Delivery.id == Mail.delivery_id).where(Delivery.dedupe_key == key)
    ).scalar_one_or_none()
    if known is not None:
        return known
    receiver = receiver_of(mail)
    delivery_id = db.session.execute(
        insert(Delivery)
        .values(
            dedupe_key=key,
            purpose=PURPOSE,
            channel=CHANNEL,
            address=receiver,
            user_id=actor.id,
            state="pending",
            not_before=clock.now(),
            created_at=clock.now(),
        )
        .returning(Delivery.id)
    ).scalar_one()
    made = _write(actor, mail, words, receiver, delivery_id)
    history.record("mail:sent", actor, subject_of(made.id, int(made.thread_id or made.id)), _snapshot(made))
    reading.settle_subject(subject_of(mail.id, int(mail.thread_id or mail.id)).key, taken_by=full_name(actor))
    on_commit(lambda: outbound.enqueue([(CHANNEL, delivery_id)]))
    return made


def check(mail: Mail, body: object) -> str:
    """Return the cleaned text of an answer; writes nothing."""
    if not isinstance(body, str) or not body.strip():
        raise UserError("required", "Write something first", "body")
    words = body.replace("\r\n", "\n").strip()
    if len(words) > LONGEST_ANSWER:
        raise UserError("too_long", f"At most {LONGEST_ANSWER} characters", "body")
    if "\x00" in words:
        raise UserError("invalid", "This character cannot be stored", "body")
    if not receiver_of(mail):
        raise Conflict("no_address", "This mail names nobody to answer", "body")
    return words


def may_be_answered(mail: Mail) -> bool:
    """Whether somebody would read an answer."""
    return bool(receiver_of(mail)) and mail.kind in (MailKind.PERSON, MailKind.AUTOMATIC)


def receiver_of(mail: Mail) -> str:
    """Return where an answer goes."""
    if mail.direction == "outgoing":
        return mail.to_line.rpartition("<")[2].rstrip(">") if "," not in mail.to_line else ""
    return mail.reply_to or mail.from_address


def message_of(delivery: Claimed) -> Message:
    """Return the answer as a mail. Raises LookupError when it, its mailbox or the password is gone."""
    mail = db.session.scalars(select(Mail).where(Mail.delivery_id == delivery.id)).one_or_none()
    if mail is None:
        raise LookupError("the answer is gone")
    mailbox = mail.mailbox
    headers = {}
    if mail.in_reply_to:
        headers = {"In-Reply-To": mail.in_reply_to, "References": mail.references}
    return Message(
        delivery_id=delivery.id,
        subject=mail.subject,
        title=mail.subject,
        text=mail.body,
        headers=headers,
        sender=formataddr((mail.from_name, mailbox.address)),
        server=server_of(account_of(mailbox)),
    )


def server_of(account: Account) -> MailServer | None:
    """Return the mailbox's own server for answers; None: they leave by the account's."""
    if not account.smtp_host:
        return None
    return MailServer(
        host=account.smtp_host,
        port=account.smtp_port,
        security=account.smtp_security,
        username=account.username,
        password=account.password,
        public_only=not account.trusted and not current_app.config["FRONTDESK_TEST"],
    )


def note_try(delivery: Claimed, error: SendError | None, final: bool) -> None:
    """Show on the card what became of the answer; who wrote it is told when it could not be sent."""
    mail = _locked(delivery.id)
    if mail is None:
        return
    if error is None:
        mail.send_state, mail.send_error = SendState.SENT.value, None
    elif final:
        _failed(mail, error.reason)
    else:
        mail.send_error = error.reason


def came_back(delivery_id: int, reason: str) -> None:
    """The receiver's server took the answer and then reported that it could not deliver it."""
    mail = _locked(delivery_id)
    if mail is not None and mail.send_state != SendState.FAILED:
        _failed(mail, reason)


def _locked(delivery_id: int) -> Mail | None:
    statement = select(Mail).where(Mail.delivery_id == delivery_id).with_for_update(of=Mail)
    return db.session.scalars(statement).one_or_none()


def _failed(mail: Mail, reason: str) -> None:
    mail.send_state, mail.send_error = SendState.FAILED.value, reason
    db.session.flush()
    if mail.author_id is not None:
        data = _snapshot(mail) | {"reason": reason, "address": mail.to_line, "answer": True}
        told = {mail.author_id: Rule.CONCERNED}
        record_event("error:mail_undelivered", None, subject_of(mail.id, mail.id), data, told=told)


def _write(actor: User, mail: Mail, words: str, receiver: str, delivery_id: int) -> Mail:
    mailbox, now = mail.mailbox, clock.now()
    named = [*mail.references.split(), *([mail.message_id] if mail.message_id else [])]
    subject = mail.subject if mail.subject.lower().startswith("re:") else f"Re: {mail.subject}".strip()
    made = Mail(
        mailbox_id=mailbox.id,
        fingerprint=mail_kinds.digest_of("answer", str(delivery_id)),
        message_id=f"<delivery-{delivery_id}@{mail_host()}>",
        in_reply_to=mail.message_id,
        references=" ".join(dict.fromkeys(named[-50:])),
        thread_id=mail.thread_id,
        direction="outgoing",
        from_name=f"{full_name(actor)} · {mailbox.name}"[:160] if mailbox.group_id else full_name(actor)[:160],
        from_address=mailbox.address,
        to_line=receiver,
        subject=subject[:300],
        body=f"{words}\n\n{_quoted(mail, actor)}",
        received_at=now,
        contact_id=mail.contact_id,
        lead_id=mail.lead_id,
        author_id=actor.id,
        delivery_id=delivery_id,
        send_state=SendState.WAITING.value,
    )
    db.session.add(made)
    db.session.flush()
    return made


def _quoted(mail: Mail, actor: User) -> str:
    """What is answered, as mail programs quote it."""
    at = full_due(mail.received_at, zone_of(actor.zone).key, all_day=False)
    who = mail.from_name or mail.from_address
    lines = [f"> {line}".rstrip() for line in mail.body[:LONGEST_QUOTE].splitlines()]
    return "\n".join([gettext("%(who)s wrote on %(at)s:", who=who, at=at), *lines])


def _snapshot(mail: Mail) -> dict[str, object]:
    return {
        "mail_id": mail.id,
        "name": mail.to_line,
        "subject": mail.subject,
        "text": said(mail.body),
        "url": f"/mailview/show/{mail.id}",
    }
