"""From a message to the bytes of a mail."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from email.headerregistry import HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, EmailPolicy
from email.utils import format_datetime, parseaddr
from typing import Any
from urllib.parse import urlsplit

import flask_mail
from flask import current_app

from app import clock
from app.channels.base import Message

PROOF = "X-Frontdesk-Proof"
"""Comes back in a bounce's copy of the head: strangers can guess a Message-ID, not this."""

_HEADER_NAME = re.compile(r"^[!-9;-~]+$")  # RFC 5322, section 2.2: printable ASCII without the colon
_LINE_BREAK = re.compile(r"[\r\n\x00]")
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9.-]+")


class _InBrackets(UnstructuredHeader):
    """What stands in angle brackets: a line each, as it is.

    The standard library encodes what is longer than a line (RFC 2047), where section 5 forbids it: no program finds a
    thread or an address to unsubscribe at in that.
    """

    name: str

    def fold(self, *, policy: EmailPolicy) -> str:
        words = str(self) if policy.utf8 else str(self).encode("ascii", "replace").decode()
        return f"{self.name}: {f'{policy.linesep} '.join(words.split())}{policy.linesep}"


_HEADERS = HeaderRegistry()
for _name in ("In-Reply-To", "References", "List-Unsubscribe"):
    _HEADERS.map_to_type(_name, _InBrackets)  # type: ignore[arg-type]  # it becomes one of theirs
_PLAIN, _UTF8 = (policy.clone(header_factory=_HEADERS) for policy in (SMTP, SMTPUTF8))


class MailMessage(flask_mail.Message):
    """Flask-Mail's message, built so that every server takes it as it is.

    Flask-Mail leaves UTF-8 lines unwrapped (one of 3,000 characters is refused: "500 Line too long"), lets a line break
    in an extra header through, and cannot put pictures inside the HTML.
    """

    def __init__(self, message: Message, recipients: Sequence[str], sender: str, cc: Sequence[str] = ()) -> None:
        super().__init__(
            subject=message.subject,
            recipients=list(recipients),
            cc=list(cc),
            body=message.text,
            html=message.html or None,
            sender=sender,
            extra_headers=mail_headers(message) | {PROOF: proof_of(message.delivery_id, recipients[0])},
        )
        self.msgId = f"<delivery-{message.delivery_id}@{mail_host()}>"
        self.images = message.images
        self.enclosed = message.attachments
        # Checked first and serialised later: built once.
        self._built: EmailMessage | None = None

    @property
    def receivers(self) -> list[str]:
        """All who get it, in the order in which they are named."""
        return [str(one) for one in (*self.recipients, *self.cc)]

    def has_bad_headers(self) -> bool:
        """Tell whether anything that goes into the head could end its line and begin a header of its own."""
        values = [self.subject, self.sender, *self.receivers, *(self.extra_headers or {}).values()]
        names = self.extra_headers or {}
        return any(_LINE_BREAK.search(str(value)) for value in values) or not all(map(_HEADER_NAME.match, names))

    def mime(self) -> EmailMessage:
        """Return the MIME tree; what is changed after the first call has no effect.

        :raises flask_mail.BadHeaderError: a header holds a line break
        :raises ValueError: a header cannot be written, e.g. a second Subject
        """
        if self._built is None:
            self._built = self._build()
        return self._built

    def _build(self) -> EmailMessage:
        if self.has_bad_headers():
            raise flask_mail.BadHeaderError
        addresses = (parseaddr(str(self.sender))[1], *self.receivers)
        mail = EmailMessage(policy=_PLAIN if all(map(str.isascii, addresses)) else _UTF8)
        mail["Subject"] = self.subject
        mail["From"] = self.sender
        mail["To"] = ", ".join(map(str, self.recipients))
        if self.cc:
            mail["Cc"] = ", ".join(map(str, self.cc))
        mail["Date"] = format_datetime(clock.now())
        mail["Message-ID"] = self.msgId
        for name, value in (self.extra_headers or {}).items():
            mail[name] = value
        mail.set_content(self.body or "", cte="quoted-printable")
        if self.html:
            mail.add_alternative(self.html, subtype="html", cte="quoted-printable")
            html_part = list(mail.iter_parts())[-1]
            for image in self.images:
                html_part.add_related(
                    image.content, maintype="image", subtype=image.subtype, cid=f"<{image.cid}>", disposition="inline"
                )
        for one in self.enclosed:
            maintype, _, subtype = one.type.partition("/")
            params = {"charset": "utf-8"} if maintype == "text" else None
            mail.add_attachment(one.content, maintype=maintype, subtype=subtype, filename=one.name, params=params)
        return mail

    def _message(self) -> Any:  # what Flask-Mail serialises
        return self.mime()


def mail_headers(message: Message) -> dict[str, str]:
    """The headers that are not the same for every mail product, in the order in which they are written."""
    headers = {
        # RFC 3834: keeps holiday answers away, and lets our own mailbox intake recognise our own mails.
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    if message.thread:
        root = f"<thread-{_NOT_IN_AN_ID.sub('-', message.thread)}@{mail_host()}>"
        headers |= {"In-Reply-To": root, "References": root}
    if message.tag:
        headers["X-Frontdesk-Event"] = message.tag
    return headers | dict(message.headers)


def proof_of(delivery_id: int, address: str) -> str:
    """What only this installation can write into the mail of a delivery to an address."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(key, f"mail:{delivery_id}:{address.lower()}".encode(), hashlib.sha256).hexdigest()[:32]


def mail_host() -> str:
    """The right side of Message-IDs: the host that people know this installation by."""
    host = urlsplit(current_app.config["PUBLIC_URL"]).hostname or "localhost"
    return "localhost" if ":" in host else host  # an IPv6 address is no valid right side
