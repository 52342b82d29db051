"""Mailboxes, read once or for as long as a test needs."""

from __future__ import annotations

import threading

from flask import Flask

from app.extensions import db
from app.integrations import mailbox as imap_mailbox
from app.integrations.mailbox_connection import connected
from app.integrations.mailbox_watch import MailboxWatch
from app.models.mailboxes import Mailbox
from app.services.mails import mailboxes
from tests.waiting import eventually


def read(box: Mailbox) -> int:
    """Read what is new, as the listener does."""
    db.session.rollback()
    account = mailboxes.account_of(db.session.get_one(Mailbox, box.id))
    db.session.rollback()
    with connected(account) as client:
        return imap_mailbox.read_new(client, account)


def listen(app: Flask, *steps: object, seconds: float = 20) -> None:
    """Run the listener until each step has come true, within so many seconds each."""
    stop = threading.Event()
    thread = threading.Thread(target=MailboxWatch(app, stop).run)
    thread.start()
    try:
        for step in steps:
            eventually(step, seconds, getattr(step, "__name__", "a step"))  # type: ignore[arg-type]
    finally:
        stop.set()
        thread.join(timeout=20)
        assert not thread.is_alive()
