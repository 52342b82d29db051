"""What tests of mails share."""

from __future__ import annotations

import pytest
from flask import Flask

from app.models.mailboxes import Mailbox
from tests import builders
from tests.mailboxes import SmtpServer
from tests.sources.mail_desk import Browser


@pytest.fixture
def browser(app: Flask) -> Browser:
    """Nobody is signed in yet."""
    return Browser(app)


@pytest.fixture
def shop(context: Flask, smtp: SmtpServer) -> Mailbox:
    """A mailbox that Sales, which is Nora, share and send by."""
    nora = builders.make_user(username="nora", first_name="Nora", last_name="Reed")
    builders.make_user(username="milo")
    return builders.make_mailbox(
        group=builders.make_group("Sales", members=[nora]),
        smtp_host="127.0.0.1",
        smtp_port=smtp.port,
        smtp_security="none",
        username="",
    )
