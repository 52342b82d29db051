"""The first reading of a large mailbox, against a bare loop of the standard library over the same mails.

The bare loop asks for one mail after the other and throws it away. Ours asks in batches, reads every mail, cleans its
HTML, finds thread, contact and lead, and commits. BENCH_MAILS says how many; several passes are made in turns.
"""

from __future__ import annotations

import imaplib
import os
import time
from email.message import EmailMessage
from email.utils import format_datetime

from app import clock
from app.extensions import db
from app.integrations import mailbox as imap_mailbox
from app.models.mailboxes import Mailbox, MailboxState
from app.models.people import User
from app.services import mailboxes, sealed
from app.transaction import transaction
from bench.house import application
from bench.row import Row, at_most, noted
from tests.imap_servers import PASSWORD, USER, ImapServer

MAILS = int(os.environ.get("BENCH_MAILS", "5000"))
_WORDS = "We would like to know when the bicycles are ready and what the new lamps cost with fitting. " * 8


def run() -> list[Row]:
    """Fill a server, read it bare, read it as the product does."""
    server = ImapServer()
    server.start()
    try:
        _fill(server)
        bare = _bare(server)
        with application().app_context():
            ours = _ours(server)
    finally:
        server.stop()
    return [
        at_most(f"First reading of {MAILS:,} mails: time as part of a bare loop's", ours / bare, 2),
        noted("… mails per second", MAILS / ours),
        noted("… mails per second of the bare loop", MAILS / bare),
    ]


def _fill(server: ImapServer) -> None:
    client = server.client()
    for number in range(MAILS):
        mail = EmailMessage()
        mail["From"], mail["To"] = f"Client {number % 997} <client{number % 997}@example.org>", "info@shop.example"
        mail["Subject"], mail["Message-ID"] = f"Question {number}", f"<m{number}@example.org>"
        mail["Date"] = format_datetime(clock.now())
        if number % 3:
            mail["In-Reply-To"] = f"<m{number - number % 3}@example.org>"
        mail.set_content(_WORDS)
        if number % 2:
            mail.add_alternative(f"<p>{_WORDS}</p><table><tr><td>{number}</td></tr></table>", subtype="html")
        client.append("INBOX", "", imaplib.Time2Internaldate(clock.now()), mail.as_bytes())
    client.logout()


def _bare(server: ImapServer) -> float:
    client = server.client()
    client.select("INBOX", readonly=True)
    started = time.perf_counter()
    uids = client.uid("search", "ALL")[1][0].split()
    for uid in uids:
        client.uid("fetch", uid.decode(), "(BODY.PEEK[])")
    seconds = time.perf_counter() - started
    assert len(uids) == MAILS
    client.logout()
    return seconds


def _ours(server: ImapServer) -> float:
    with transaction():
        owner = db.session.query(User).filter_by(username="staff").one()
        box = Mailbox(
            name="Bench",
            address="info@shop.example",
            owner_id=owner.id,
            imap_host="127.0.0.1",
            imap_port=server.port,
            imap_security="none",
            username=USER,
            password=sealed.seal(PASSWORD),
            trusted=True,
        )
        db.session.add(box)
        db.session.flush()
        db.session.add(MailboxState(mailbox_id=box.id))
    account = mailboxes.account_of(db.session.get_one(Mailbox, box.id))
    db.session.rollback()
    started = time.perf_counter()
    with imap_mailbox.connected(account) as client:
        count = imap_mailbox.read_new(client, account)
    seconds = time.perf_counter() - started
    assert count == MAILS, count
    with transaction():
        db.session.delete(db.session.get_one(Mailbox, account.mailbox_id))
    return seconds
