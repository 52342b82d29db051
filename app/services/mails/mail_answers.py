"""Mails that people write: they leave by the mailbox's own server, on the same way as everything else."""

from __future__ import annotations

from collections.abc import Sequence
from email.headerregistry import Address

from flask import current_app
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.catalogue import Rule
from app.channels.base import MailServer, Message
from app.channels.email import wire_address
from app.channels.mime import mail_host
from app.clock import zone_of
from app.errors import Conflict, SendError, UserError
from app.extensions import db
from app.models.mailboxes import CopyState, Mail, Mailbox, MailKind, SendState
from app.models.notifications import Delivery
from app.models.people import User, full_name
from app.services import outbound, reading
from app.services.chats import chat_files
from app.services.claimed import Claimed
from app.services.mails import mail_files, mail_kinds, mail_receivers
from app.services.mails.mail_files import Enclosure, Upload
from app.services.mails.mail_news import said, subject_of
from app.services.mails.mailboxes import Account, account_of
from app.services.notify import record_event
from app.services.records import history
from app.services.tasks.due_words import full_due
from app.transaction import on_commit

PURPOSE, CHANNEL = "mail", "mailbox"
LONGEST_ANSWER, LONGEST_QUOTE = 50_000, 10_000


def answer(
    actor: User, mail: Mail, body: object, token: str, uploads: Sequence[Upload] = (), cc: object = None
) -> Mail:
    """Answer a mail that the actor may open; return the answer. ``token`` makes a second click the same answer.

    ``cc`` gets a copy. A mailbox that is not read at the moment can answer all the same. Raises UserError on ``body``,
    ``files``, ``cc``.
    """
    words, receivers = check(mail, body), mail_receivers.checked(mail_receivers.of_answer(mail).to, cc)
    files = mail_files.check(uploads)
    key = f"mail:{actor.id}:{mail.id}:{token[:64]}"
    before = known(key)
    if before is not None:
        return before
    named = [*mail.references.split(), *([mail.message_id] if mail.message_id else [])]
    subject = mail.subject if mail.subject.lower().startswith("re:") else f"Re: {mail.subject}".strip()
    made = Mail(
        mailbox_id=mail.mailbox_id,
        in_reply_to=mail.message_id,
        references=" ".join(dict.fromkeys(named[-50:])),
        thread_id=mail.thread_id,
        to_line=receivers.to_line,
        cc_line=receivers.cc_line,
        subject=subject[:300],
        body=f"{words}\n\n{_quoted(mail, actor)}",
        contact_id=mail.contact_id,
        lead_id=mail.lead_id,
    )
    sent = send_off(actor, made, mail.mailbox, key, files)
    reading.settle_subject(subject_of(mail.id, int(mail.thread_id or mail.id)).key, taken_by=full_name(actor))
    return sent


def known(key: str) -> Mail | None:
    """Return the mail that was sent under this key before."""
    statement = select(Mail).join(Delivery, Delivery.id == Mail.delivery_id).where(Delivery.dedupe_key == key)
    return db.session.execute(statement).scalar_one_or_none()


def send_off(actor: User, mail: Mail, mailbox: Mailbox, key: str, files: Sequence[Enclosure]) -> Mail:
    """Complete a mail of the actor's that has words, receiver and thread; store and queue it with its files.

    Returns the one that was sent under this key in the same moment, where there is one.
    """
    delivery_id = _queued(actor, mail, key)
    if delivery_id is None:
        before = known(key)
        if before is None:
            raise Conflict("exists", "This was sent already, and its mailbox deleted", "body")
        return before
    written: list[str] = []
    try:
        _complete(actor, mail, mailbox, delivery_id)
        mail_files.keep(mail, files, written)
        db.session.flush()
    except BaseException:
        chat_files.unlink(written)
        raise
    subject = subject_of(mail.id, int(mail.thread_id or mail.id))
    history.record("mail:sent", actor, subject, _snapshot(mail) | {"answer": mail.in_reply_to is not None})
    on_commit(lambda: outbound.enqueue([(CHANNEL, int(mail.delivery_id or 0))]))
    return mail


def check(mail: Mail, body: object) -> str:
    """Return the cleaned text of an answer; writes nothing."""
    words = checked_words(body)
    if not mail_receivers.of_answer(mail).to:
        raise Conflict("no_address", "This mail names nobody to answer", "body")
    return words


def checked_words(body: object) -> str:
    """Return the cleaned text of a mail. Raises UserError on ``body``."""
    if not isinstance(body, str) or not body.strip():
        raise UserError("required", "Write something first", "body")
    words = body.replace("\r\n", "\n").strip()
    if len(words) > LONGEST_ANSWER:
        raise UserError("too_long", f"At most {LONGEST_ANSWER} characters", "body")
    if "\x00" in words:
        raise UserError("invalid", "This character cannot be stored", "body")
    return words


def may_be_answered(mail: Mail) -> bool:
    """Whether somebody would read an answer."""
    return bool(mail_receivers.of_answer(mail).to) and mail.kind in (MailKind.PERSON, MailKind.AUTOMATIC)


def message_of(delivery: Claimed) -> Message:
    """Return what somebody wrote as a mail. Raises LookupError when it, a file or the password is gone."""
    mail = db.session.scalars(select(Mail).where(Mail.delivery_id == delivery.id)).one_or_none()
    if mail is None:
        raise LookupError("the answer is gone")
    return message_for(mail)


def message_for(mail: Mail) -> Message:
    """Like :func:`message_of`, for a mail that one has."""
    mailbox, receivers = mail.mailbox, mail_receivers.of(mail)
    headers = {}
    if mail.in_reply_to:
        headers = {"In-Reply-To": mail.in_reply_to, "References": mail.references}
    return Message(
        delivery_id=int(mail.delivery_id or 0),
        subject=mail.subject,
        title=mail.subject,
        text=mail.body,
        headers=headers,
        attachments=mail_files.of_mail(mail),
        to=receivers.to[1:],
        cc=receivers.cc,
        sender=str(Address(mail.from_name, *wire_address(mailbox.address).rsplit("@", 1))),
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
        if mail.mailbox.copies_sent and mail.uid is None:
            mail.sent_copy = CopyState.DUE.value
    elif final:
        _failed(mail, error.reason)
    else:
        mail.send_error = error.reason


def came_back(delivery_id: int, receiver: str, reason: str) -> None:
    """The server of a receiver took the mail and then reported that it could not deliver it."""
    mail = _locked(delivery_id)
    if mail is not None and mail_receivers.of(mail).several:
        reason = f"{receiver}: {reason}"
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


def _queued(actor: User, mail: Mail, key: str) -> int | None:
    """Write the delivery of a mail; None where there is one by this key: the click before has just been committed."""
    now = clock.now()
    return db.session.execute(
        insert(Delivery)
        .values(
            dedupe_key=key,
            purpose=PURPOSE,
            channel=CHANNEL,
            address=mail_receivers.of(mail).to[0],
            user_id=actor.id,
            state="pending",
            not_before=now,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=[Delivery.dedupe_key])
        .returning(Delivery.id)
    ).scalar_one_or_none()


def _complete(actor: User, mail: Mail, mailbox: Mailbox, delivery_id: int) -> None:
    mail.fingerprint = mail_kinds.digest_of("answer", str(delivery_id))
    mail.message_id = f"<delivery-{delivery_id}@{mail_host()}>"
    mail.direction = "outgoing"
    mail.from_name = (f"{full_name(actor)} · {mailbox.name}" if mailbox.group_id else full_name(actor))[:160]
    mail.from_address = mailbox.address
    mail.received_at, mail.author_id = clock.now(), actor.id
    mail.delivery_id, mail.send_state = delivery_id, SendState.WAITING.value
    db.session.add(mail)
    db.session.flush()
    mail.thread_id = mail.thread_id or mail.id


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
