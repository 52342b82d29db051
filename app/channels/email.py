"""Mail by SMTP; without MAIL_SERVER the same mails are kept for admins to read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.errors import MessageError
from email.message import EmailMessage

import flask_mail
from flask import Flask, current_app

from app.channels.base import Message, Sender
from app.channels.mime import MailMessage
from app.channels.smtp import FrontdeskMail, SmtpConnection
from app.errors import PermanentSendError


@dataclass(frozen=True, slots=True)
class KeptCopy:
    """A mail that was composed and not sent; ``raw`` is what would have gone over the wire."""

    delivery_id: int
    to_address: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    raw: bytes


mail = FrontdeskMail()

# RFC 5321's dot-string, RFC 6531's letters included; quoted local parts exist on paper only.
_LOCAL_PART = re.compile(r"[^\x00-\x20\x7f<>()\[\],;:@\"\\\s]{1,64}")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")

Keeper = Callable[[KeptCopy], None]
"""Stores a copy for good; registered as ``app.extensions["mail_keeper"]``, since a channel knows no models."""


def init_app(app: Flask) -> None:
    """Read the MAIL_… settings; connects to nothing."""
    mail.init_app(app)


class EmailChannel:
    """News by mail: one recipient per mail, one connection per batch."""

    name = "email"

    @contextmanager
    def open(self) -> Iterator[Sender]:
        """A sender for one batch. It connects at its first mail."""
        if not current_app.config["MAIL_SERVER"]:
            yield KeepingSender(current_app.extensions["mail_keeper"])
            return
        with mail.connect() as connection:
            yield SmtpSender(connection)


class SmtpSender:
    """Sends over one SMTP connection."""

    def __init__(self, connection: SmtpConnection) -> None:
        self._connection = connection

    def send(self, address: str, message: Message) -> None:
        """As promised by ``app.channels.base.Sender``."""
        self._connection.send(compose(address, message)[0])


class KeepingSender:
    """Keeps instead of sending, having composed the mail all the same, so that both ways refuse the same mistakes."""

    def __init__(self, keep: Keeper) -> None:
        self._keep = keep

    def send(self, address: str, message: Message) -> None:
        """As promised by ``app.channels.base.Sender``."""
        composed = compose(address, message)[1]
        self._keep(
            KeptCopy(
                delivery_id=message.delivery_id,
                to_address=address,
                subject=message.subject,
                text=message.text,
                html=message.html,
                headers={name: str(value) for name, value in composed.items()},
                raw=composed.as_bytes(),
            )
        )


def compose(address: str, message: Message) -> tuple[MailMessage, EmailMessage]:
    """The mail for one address, for Flask-Mail and as a MIME tree.

    :raises PermanentSendError: the address or a header cannot be written into a mail
    """
    sender = current_app.config["MAIL_DEFAULT_SENDER"]
    mail_message = MailMessage(message, [wire_address(address)], sender)
    try:
        return mail_message, mail_message.mime()
    except flask_mail.BadHeaderError as error:
        raise PermanentSendError("A header of the mail contains a line break") from error
    except (ValueError, MessageError) as error:
        raise PermanentSendError("The mail has a header that cannot be written") from error


def wire_address(address: str) -> str:
    """One plain address with its domain in ASCII (IDNA), as SMTP and the To header need it."""
    local, _, domain = address.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise PermanentSendError("This is not a mail address") from error
    if not _LOCAL_PART.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise PermanentSendError("This is not a mail address")
    return f"{local}@{domain}"
