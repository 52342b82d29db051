"""The listener, run by a test for as long as it needs."""

from __future__ import annotations

import threading

from flask import Flask

from app.integrations.mailbox_watch import MailboxWatch
from tests.waiting import eventually


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
