"""The first reading of a large mailbox, against a bare loop of the standard library over the same mails.

The bare loop asks for one mail after the other and throws it away. Ours asks in batches, reads every mail, cleans its
HTML, finds thread, contact and lead, and commits. Both read the same server (``bench.imap_house``), whose answers need
half a millisecond to get here, as in one data centre; the same beside it with none at all, where the bare loop is
nothing but memory copied. BENCH_MAILS says how many.
"""

from __future__ import annotations

import imaplib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.extensions import db
from app.integrations import mailbox as imap_mailbox
from app.integrations.mailbox_connection import connected
from app.models.mailboxes import Mailbox, MailboxState
from app.models.people import User
from app.services import sealed
from app.services.mails import mailbox_leases, mailboxes
from app.transaction import transaction
from bench.house import application
from bench.row import Row, at_most

MAILS = int(os.environ.get("BENCH_MAILS", "50000"))
AWAY_MILLISECONDS = 0.5
MAILS_AT_ONCE = 5000
_ME = "bench"


def run() -> list[Row]:
    """Read bare, and as the listener does; in small first, so that nothing is done for the first time."""
    near_bare, near_ours = _both(MAILS_AT_ONCE, 0)
    bare, ours = _both(MAILS, AWAY_MILLISECONDS)
    return [
        at_most(f"First reading of {MAILS:,} mails: time as part of a bare loop's", ours / bare, 2),
        said("… mails per second: product, bare loop", MAILS / ours, MAILS / bare),
        said("… from a server without any distance", MAILS_AT_ONCE / near_ours, MAILS_AT_ONCE / near_bare),
    ]


def _both(mails: int, away_milliseconds: float) -> tuple[float, float]:
    with _server(mails, away_milliseconds) as port, application().app_context():
        return _bare(port, mails), _ours(port, mails)


@contextmanager
def _server(mails: int, away_milliseconds: float) -> Iterator[int]:
    command = [sys.executable, "-m", "bench.imap_house", str(mails), str(away_milliseconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def _bare(port: int, mails: int) -> float:
    started = time.perf_counter()
    client = imaplib.IMAP4("127.0.0.1", port)
    client.login("info", "secret")
    client.select("INBOX", readonly=True)
    uids = client.uid("search", "ALL")[1][0].split()
    for uid in uids:
        client.uid("fetch", uid.decode(), "(BODY.PEEK[])")
    seconds = time.perf_counter() - started
    assert len(uids) == mails
    client.logout()
    return seconds


def _ours(port: int, mails: int) -> float:
    with transaction():
        owner = db.session.query(User).filter_by(username="staff").one()
        box = Mailbox(
            name="Bench",
            address="info@shop.example",
            owner_id=owner.id,
            imap_host="127.0.0.1",
            imap_port=port,
            imap_security="none",
            username="info",
            password=sealed.seal("secret"),
            trusted=True,
        )
        db.session.add(box)
        db.session.flush()
        db.session.add(MailboxState(mailbox_id=box.id))
        db.session.flush()
        mailbox_leases.claim(_ME, [], 1000)
    account = mailboxes.account_of(db.session.get_one(Mailbox, box.id))
    db.session.rollback()
    started = time.perf_counter()
    with connected(account) as client:
        count = imap_mailbox.read_new(client, account, _ME)
    seconds = time.perf_counter() - started
    assert count == mails, count
    with transaction():
        db.session.delete(db.session.get_one(Mailbox, account.mailbox_id))
    return seconds


def said(name: str, product: float, bare: float) -> Row:
    """Both rates in one row."""
    return Row(name, f"{product:,.0f}, {bare:,.0f}", "", True)
