"""The listener as a process of its own, ended by kill -9 in the middle of reading."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from flask import Flask
from sqlalchemy import text

from app.extensions import db
from app.models.mailboxes import Mail
from app.startup import ROOT
from app.transaction import transaction
from tests import builders
from tests.imap_servers import ImapServer, mail
from tests.sources.listening import read
from tests.stored import count, snapshots, told
from tests.waiting import eventually

MAILS = 400


def listener() -> subprocess.Popen[bytes]:
    """Start the process as the product does."""
    command = [sys.executable, str(ROOT / "run.py"), "listen"]
    environment = {**os.environ, "FRONTDESK_PROCESS": "worker", "LOG_LEVEL": "error"}
    return subprocess.Popen(command, env=environment, cwd=ROOT, start_new_session=True)


def test_a_listener_killed_while_it_reads_loses_and_doubles_nothing(context: Flask, imap: ImapServer) -> None:
    nora = builders.make_user(username="nora")
    box = builders.make_mailbox(owner=nora, imap_port=imap.port)
    read(box)
    imap.put(*[mail(f"Mail {number}") for number in range(MAILS)])
    first = listener()
    try:
        eventually(lambda: count(Mail), 90, "the first batch")
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    reached = count(Mail)
    assert 0 < reached < MAILS
    with transaction():
        # What the clock would do: the dead process's lease runs out.
        db.session.execute(
            text("UPDATE mailbox_states SET leased_until = created_at FROM mailboxes WHERE id = mailbox_id")
        )
    second = listener()
    try:
        eventually(lambda: count(Mail) == MAILS, 90, "the rest")
    finally:
        second.terminate()
        second.wait(timeout=30)
    assert sorted(one["subject"] for one in snapshots("mail:received")) == sorted(f"Mail {n}" for n in range(MAILS))
    assert len(told("mail:received")) == MAILS
    leased = db.session.scalar(text("SELECT leased_by FROM mailbox_states"))
    assert leased is None
