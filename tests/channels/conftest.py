"""A real SMTP server in a thread, which can be told to refuse, to go away or to ask for TLS."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from flask import Flask

from app.channels import email
from tests import certificates


class Mailbox:
    """What the server took, and how it shall answer: ``answers["RCPT"]`` is said to the next RCPTs, "" means yes."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.recipients: list[list[str]] = []
        self.connections = 0
        self.passwords: list[bytes] = []
        self.answers: dict[str, list[str]] = {"MAIL": [], "RCPT": [], "DATA": []}
        self.hang_up_before_mail = 0
        self.on_hang_up: Callable[[], None] = lambda: None

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=SMTP_POLICY) for raw in self.raw]  # type: ignore[arg-type, misc]

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 0 if getattr(session, "counted", False) else 1
        session.counted = True
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.hang_up_before_mail and len(self.raw) + 1 == self.hang_up_before_mail:
            self.hang_up_before_mail = 0
            self.on_hang_up()
            server.transport.abort()
            return "250 never heard"
        if self.answers["MAIL"] and (answer := self.answers["MAIL"].pop(0)):
            return answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.answers["RCPT"] and (answer := self.answers["RCPT"].pop(0)):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answers["DATA"] and (answer := self.answers["DATA"].pop(0)):
            return answer
        self.raw.append(envelope.content)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 taken"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.passwords.append(data.password)
        return AuthResult(success=data.password == b"right", handled=False)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def start_smtp(mailbox: Mailbox) -> Iterator[Callable[..., Controller]]:
    """Start the server; keyword arguments go to aiosmtpd."""
    started: list[Controller] = []

    def start(**options: Any) -> Controller:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        controller = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
        controller.start()
        started.append(controller)
        return controller

    yield start
    for controller in started:
        if controller.server is not None:
            controller.stop()


@pytest.fixture
def mail_app() -> Callable[..., Flask]:
    """A bare Flask with the mail channel only: it needs nothing else."""

    def build(**settings: Any) -> Flask:
        app = Flask("mail_test")
        app.config.update(
            PUBLIC_URL="https://desk.example.com",
            MAIL_DEFAULT_SENDER="Frontdesk <frontdesk@example.com>",
            MAIL_TIMEOUT_SECONDS=5,
            MAIL_SERVER=None,
        )
        app.config.update(settings)
        email.init_app(app)
        return app

    return build


@pytest.fixture
def make_certificate(tmp_path: Path) -> Callable[[str], Path]:
    """Write a self-signed certificate for an IP address, with its key in the same file."""
    return lambda address: certificates.make(tmp_path, address)


@pytest.fixture
def tls_context() -> Callable[[Path], ssl.SSLContext]:
    return certificates.serving
