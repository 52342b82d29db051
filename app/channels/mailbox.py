"""Mails of a person to a client, by the server of the mailbox that the client wrote to."""

from __future__ import annotations

import datetime as dt
import smtplib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.utils import format_datetime, parseaddr
from types import SimpleNamespace
from typing import cast

import flask_mail
from flask import current_app

from app.channels import public_only
from app.channels.base import MailServer, Message, Sender
from app.channels.email import KeptCopy, wire_address
from app.channels.mime import PROOF, MailMessage, proof_of
from app.channels.smtp import SmtpConnection
from app.errors import PermanentSendError, TemporarySendError

_NOT_PUBLIC = "its host is not on the public internet"


class MailboxChannel:
    """Answers: one connection per mailbox's server and batch."""

    name = "mailbox"

    @contextmanager
    def open(self) -> Iterator[Sender]:
        """A sender for one batch. It connects at the first mail for each server."""
        sender = MailboxSender()
        try:
            yield sender
        finally:
            sender.close()


class MailboxSender:
    """Sends each mail by its own server; one that does not answer holds up no other."""

    def __init__(self) -> None:
        self._connections: dict[MailServer | None, SmtpConnection] = {}
        self._lost: dict[MailServer | None, str] = {}

    def send(self, address: str, message: Message) -> None:
        """As promised by ``app.channels.base.Sender``."""
        mail = _answer(address, message)
        try:
            mail.mime()
        except (flask_mail.BadHeaderError, ValueError) as error:
            raise PermanentSendError("The mail has a header that cannot be written") from error
        if message.server is None and not current_app.config["MAIL_SERVER"]:
            current_app.extensions["mail_keeper"](_copy(address, message, mail))
            return
        if message.server in self._lost:
            raise TemporarySendError(self._lost[message.server])
        try:
            self._connection(message.server).send(mail)
        except TemporarySendError as error:
            if error.connection_lost:
                self._lost[message.server] = error.reason
            # The rest of the batch goes by other servers.
            raise TemporarySendError(error.reason, retry_after_seconds=error.retry_after_seconds) from error

    def close(self) -> None:
        """Say good-bye to all servers."""
        for connection in self._connections.values():
            connection.__exit__(None, None, None)

    def _connection(self, server: MailServer | None) -> SmtpConnection:
        if server not in self._connections:
            self._connections[server] = connection_to(server)
        return self._connections[server]


class AnswerMessage(MailMessage):
    """A person's words: nothing says that a program wrote them."""

    def __init__(self, message: Message, recipients: Sequence[str], sender: str, cc: Sequence[str] = ()) -> None:
        super().__init__(message, recipients, sender, cc)
        self.extra_headers = {PROOF: proof_of(message.delivery_id, recipients[0]), **message.headers}


class MailboxConnection(SmtpConnection):
    """To a server that somebody typed in."""

    def __init__(self, server: MailServer) -> None:
        settings = SimpleNamespace(
            server=server.host,
            port=server.port,
            use_ssl=server.security == "tls",
            use_tls=server.security == "starttls",
            username=server.username,
            password=server.password,
            debug=False,
            max_emails=None,
            suppress=False,
            ascii_attachments=False,
            default_sender=None,
        )
        super().__init__(cast(flask_mail.Mail, settings))
        self._server = server

    def configure_host(self) -> smtplib.SMTP:
        """Connect; a host that must be public is looked up before."""
        if self._server.public_only and not public_only.resolves_public(self._server.host, self._server.port):
            raise smtplib.SMTPException(_NOT_PUBLIC)
        return super().configure_host()

    def _reached(self, host: smtplib.SMTP) -> None:
        """Look again at who was really connected to: the name may have changed its mind meanwhile."""
        peer = str(host.sock.getpeername()[0]) if host.sock else ""
        if self._server.public_only and not public_only.is_public(peer):
            raise smtplib.SMTPException(_NOT_PUBLIC)


def composed(address: str, message: Message, sent_at: dt.datetime) -> bytes:
    """Return a mail as it was sent at that time."""
    mail = _answer(address, message).mime()
    mail.replace_header("Date", format_datetime(sent_at))
    return mail.as_bytes()


def connection_to(server: MailServer | None) -> SmtpConnection:
    """Return a connection that is made by its first mail, or its check; None is the account's own server."""
    return MailboxConnection(server) if server is not None else SmtpConnection(current_app.extensions["mail"])


def _answer(address: str, message: Message) -> AnswerMessage:
    recipients = [wire_address(one) for one in (address, *message.to)]
    return AnswerMessage(message, recipients, message.sender, [wire_address(one) for one in message.cc])


def _copy(address: str, message: Message, mail: AnswerMessage) -> KeptCopy:
    built = mail.mime()
    return KeptCopy(
        delivery_id=message.delivery_id,
        to_address=parseaddr(address)[1] or address,
        subject=message.subject,
        text=message.text,
        html="",
        headers={name: str(value) for name, value in built.items()},
        raw=built.as_bytes(),
    )


__all__ = ["MailboxChannel", "composed", "connection_to"]
