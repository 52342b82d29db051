"""The mail server that tests share; tests/channels has one that can do more."""

from __future__ import annotations

import asyncio
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
    """A real SMTP server. ``refuse`` is what it answers to every recipient from now on (``refuse_sender``: to our
    own address); "" takes the mail. ``refuse_only`` names the one recipient that it is said to.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self.refuse = self.refuse_sender = self.refuse_only = ""
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.arrived = threading.Condition(threading.RLock())
        self.port = free_port()
        self._controller: Controller | None = None

    def start(self) -> None:
        """Listen on the port, again after :meth:`stop` too."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **self._options)
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

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.refuse_sender:
            return self.refuse_sender
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.refuse and self.refuse_only in ("", address):
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        with self.arrived:
            self.mails.append(message_from_bytes(envelope.content, policy=SMTP_POLICY))  # type: ignore[arg-type]
            self.recipients.extend(envelope.rcpt_tos)
            self.arrived.notify_all()
        return "250 taken"


class HoldingSmtpServer(SmtpServer):
    """Can keep a client waiting: ``hold`` is "RCPT" or "DATA", where it stops answering until :meth:`let_go`."""

    def __init__(self) -> None:
        super().__init__()
        self.hold = ""
        self.holds = threading.Event()
        self._let_go = threading.Event()

    def let_go(self) -> None:
        """Answer again."""
        self.hold = ""
        self._let_go.set()

    def mend(self) -> None:
        """Be as at the start again, on the same port."""
        self.let_go()
        self.refuse = ""
        self.holds.clear()
        if self._controller is None:
            self.start()

    def about(self, text: str) -> list[EmailMessage]:
        """Return the mails whose plain text has ``text``."""
        with self.arrived:
            return [mail for mail in self.mails if text in _plain(mail)]

    def wait_about(self, text: str, seconds: float = 20) -> EmailMessage:
        """Return the first mail about ``text``; fails when none comes."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: self.about(text), seconds), f"no mail about {text!r} came"
            return self.about(text)[0]

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        """Answer, at once or after having been held."""
        if self.hold == "RCPT":
            await self._wait()
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take the mail; the answer may come later."""
        answer = await super().handle_DATA(server, session, envelope)
        if self.hold == "DATA":
            await self._wait()
        return answer

    async def _wait(self) -> None:
        self._let_go.clear()
        self.holds.set()
        await asyncio.get_running_loop().run_in_executor(None, self._let_go.wait, 60)


def _plain(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return str(mail["Subject"]) + (body.get_content() if body else "")


@pytest.fixture
def smtp(app: Flask) -> Iterator[SmtpServer]:
    """A mail server that the application sends through during the test."""
    from app.channels import email

    server = SmtpServer()
    server.start()
    before = {name: app.config[name] for name in ("MAIL_SERVER", "MAIL_PORT", "MAIL_TIMEOUT_SECONDS")}
    app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=server.port, MAIL_TIMEOUT_SECONDS=5)
    email.init_app(app)  # Flask-Mail reads the settings once
    yield server
    app.config.update(before)
    email.init_app(app)
    server.stop()
