"""People at a shared mailbox: what comes in, what they write in the browser, and what the worker sends."""

from __future__ import annotations

import contextvars
from email.message import EmailMessage
from itertools import count

from flask import Flask
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from app import clock
from app.extensions import db
from app.integrations import mail_parsing
from app.models.mailboxes import Mail, Mailbox
from app.services import delivery
from app.services.mails import mail_intake
from tests import builders

_reports = count(1)


class Browser:
    """A signed-in person's; each request has a context of its own, as in the product."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client()

    def login(self, username: str) -> None:
        contextvars.Context().run(self._client.get, "/logout/")
        contextvars.Context().run(builders.login, self._client, username)

    def get(self, path: str) -> TestResponse:
        return contextvars.Context().run(self._client.get, path)

    def post(self, path: str, data: dict[str, str] | None = None, *, follow: bool = False) -> TestResponse:
        return contextvars.Context().run(self._client.post, path, data=data, follow_redirects=follow)


def comes_in(box: Mailbox, sent: EmailMessage | bytes, uid: int = 1) -> Mail:
    """Let a mail come in as if it had been read from its server."""
    raw = sent if isinstance(sent, bytes) else sent.as_bytes()
    db.session.rollback()
    mail_intake.place_of(box.id, "INBOX", 1, 1, 14)
    mail_intake.take(box.id, "INBOX", 1, [mail_parsing.read(raw, uid, clock.now())], uid)
    return db.session.scalars(select(Mail).where(Mail.uid == uid)).one()


def send_due() -> None:
    """Do what the worker does."""
    db.session.rollback()
    rows = db.session.execute(text("SELECT id, channel FROM deliveries WHERE state = 'pending'")).all()
    db.session.rollback()
    for row in rows:
        delivery.deliver(row.channel, [row.id])


def bounce(message_id: str, recipient: str, *, status: str = "5.1.1", action: str = "failed", proof: str = "") -> bytes:
    """A mail server's report, as RFC 3464 has it."""
    head = f"Message-ID: {message_id}\r\nSubject: News\r\n" + (f"X-Frontdesk-Proof: {proof}\r\n" if proof else "")
    return (
        "From: MAILER-DAEMON@mx.example.org\r\nTo: frontdesk@localhost\r\nSubject: Undelivered Mail\r\n"
        f"Message-ID: <report-{next(_reports)}@mx.example.org>\r\nAuto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 No such user\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{head}\r\n--b--\r\n"
    ).encode()
