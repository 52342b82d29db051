"""The mail server that tests share; tests/channels has one that can do more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask

from app.embedded import free_port


class SmtpServer:
    """A real SMTP server. ``refuse`` is what it answers to every recipient from now on; "" takes the mail."""

    def __init__(self) -> None:
        self.refuse = ""
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.arrived = threading.Condition()
        self.port = free_port()
        self._controller: Controller | None = None

    def start(self) -> None:
        """Listen on the port, again after :meth:`stop` too."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Go away: connections are refused."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def wait_for(self, count: int, seconds: float = 20) -> list[EmailMessage]:
        """Return the mails once there are ``count`` of them; fails when they do not come."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.mails) >= count, seconds), f"{len(self.mails)} mails came"
            return list(self.mails)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        with self.arrived:
            self.mails.append(message_from_bytes(envelope.content, policy=SMTP_POLICY))  # type: ignore[arg-type]
            self.recipients.extend(envelope.rcpt_tos)
            self.arrived.notify_all()
        return "250 taken"


@pytest.fixture
def smtp(app: Flask) -> Iterator[SmtpServer]:
    """A mail server that the application sends through during the test."""
    server = SmtpServer()
    server.start()
    before = {name: app.config[name] for name in ("MAIL_SERVER", "MAIL_PORT", "MAIL_TIMEOUT_SECONDS")}
    app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=server.port, MAIL_TIMEOUT_SECONDS=5)
    yield server
    app.config.update(before)
    server.stop()
