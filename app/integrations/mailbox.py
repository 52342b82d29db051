"""One mailbox by IMAP (RFC 9051): read what is new of a folder, wait for news.

Reading asks for UIDs after the last one that was committed, in batches; the server's flags are left as they are.
"""

from __future__ import annotations

import datetime as dt
import logging
import select
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError
from sqlalchemy.exc import DataError

from app import clock
from app.channels import mailbox as answers
from app.channels.email import wire_address
from app.errors import SendError
from app.integrations import mail_parsing
from app.integrations.mailbox_connection import MailboxProblem, connected
from app.services.mails import mail_answers, mail_intake
from app.services.mails.mail_incoming import IncomingMail
from app.services.mails.mail_incoming import Problem as Unshown
from app.services.mails.mailbox_health import Problem
from app.services.mails.mailboxes import Account

log = logging.getLogger(__name__)

INBOX = "INBOX"
# Of one transaction, which may last 20 seconds; and of one answer of the server. Nobody is told of history.
BATCH_MAILS, BATCH_HISTORY, BATCH_BYTES = 100, 400, 8 * 1024 * 1024
# Sizes are asked for so many at once.
SIZES = 2000
# Whoever reads one mailbox alone writes when it likes.
FREELY: AbstractContextManager[Any] = nullcontext()
# Of a larger mail only so much is fetched.
LARGEST_FETCHED = 25 * 1024 * 1024
BEGINNING = 300_000
# What the mail itself causes, unlike a database that does not answer.
_NOT_STORABLE = (ValueError, TypeError, LookupError, DataError)
_BODY, _BEGINNING = b"BODY[]", b"BODY[]<0>"


def test(account: Account) -> None:
    """Try all that the mailbox needs: reading, the folder of what was sent, the server that answers leave by.

    Raises MailboxProblem.
    """
    with connected(account) as client:
        for folder in folders_of(account):
            _select(client, account, folder)
    server = mail_answers.server_of(account)
    if server is not None:
        connection = answers.connection_to(server)
        try:
            connection.check(wire_address(account.address))
        except SendError as error:
            cure = "Look at host, port and security of the server for answers; it takes the same user and password"
            raise MailboxProblem(Problem("smtp_host", error.reason, cure, lasting=True)) from error
        finally:
            connection.__exit__(None, None, None)


def folders_of(account: Account) -> list[str]:
    """Return what is read; the inbox last, since news is waited for in it."""
    return [*([account.sent_folder] if account.sent_folder else []), INBOX]


def read_new(
    client: IMAPClient, account: Account, me: str | None = None, turn: AbstractContextManager[Any] = FREELY
) -> int:
    """Read what is new in all folders; return how many mails were. Raises MailboxProblem, LeaseLost.

    The database is only used inside ``turn``, which is entered and left again for each batch.
    """
    return sum(read_folder(client, account, folder, me, turn) for folder in folders_of(account))


def read_folder(
    client: IMAPClient,
    account: Account,
    folder: str,
    me: str | None = None,
    turn: AbstractContextManager[Any] = FREELY,
) -> int:
    """Read what is new in a folder, batch by batch, each committed with the place that it reaches."""
    state = _select(client, account, folder)
    uidvalidity, next_uid = int(state[b"UIDVALIDITY"]), int(state.get(b"UIDNEXT") or 0)
    if not next_uid:
        found = client.search(["UID", "*"]) if state.get(b"EXISTS") else []
        next_uid = max(found, default=0) + 1
    with turn:
        place = mail_intake.place_of(account.mailbox_id, folder, uidvalidity, next_uid, account.first_days, me)
    uids = _new_uids(client, place)
    pieces = _pieces(client, uids, place.history_uid)
    count = 0
    for piece in _ahead(pieces) if len(uids) > BATCH_MAILS else pieces:
        mails = [_mail_of(piece, uid) for uid in piece.uids if uid in piece.fetched]
        with turn:
            count += _take(account, folder, uidvalidity, mails, piece.uids[-1], me)
    return count


def wait_for_news(client: IMAPClient, until: float, stopped: Callable[[], bool], slice_seconds: float) -> None:
    """Wait in IDLE (RFC 2177) until the inbox changes, the monotonic moment ``until``, or until it is ``stopped``.

    The inbox must be selected. What came since it was read is told at once.
    """
    while time.monotonic() < until and not stopped():
        client.idle()
        while time.monotonic() < until and not stopped() and not _says_something(client, slice_seconds):
            pass
        # The client's own look at what was said takes a line for broken that has only come in part.
        _, said = client.idle_done()
        if any(len(line) > 1 and line[1] in (b"EXISTS", b"RECENT") for line in said):
            return


def can_idle(client: IMAPClient) -> bool:
    """Whether the server tells of news by itself."""
    return bool(client.has_capability("IDLE"))


def _says_something(client: IMAPClient, seconds: float) -> bool:
    connection = client.socket()
    if isinstance(connection, ssl.SSLSocket) and connection.pending():
        return True
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _select(client: IMAPClient, account: Account, folder: str) -> Mapping[bytes, Any]:
    try:
        state: Mapping[bytes, Any] = client.select_folder(folder, readonly=True)
    except IMAPClientError as error:
        if isinstance(error, client.AbortError):
            raise
        cure = "Write it as the mailbox does, like Sent or INBOX.Sent, or leave it empty"
        field = "sent_folder" if folder == account.sent_folder else "username"
        raise MailboxProblem(Problem(field, f"The folder {folder} cannot be opened", cure, lasting=True)) from error
    if b"UIDVALIDITY" not in state:
        raise MailboxProblem(Problem("imap_host", "This server does not number its mails", "It cannot be read", True))
    return state


def _new_uids(client: IMAPClient, place: mail_intake.Place) -> list[int]:
    criteria: list[Any] = ["UID", f"{place.last_uid + 1}:*"]
    if place.last_uid == 0:
        criteria += ["SINCE", place.since]
    # "n:*" names the last mail even where all are older.
    return sorted(uid for uid in client.search(criteria) if uid > place.last_uid)


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a server answered for a batch; what vanished meanwhile is not in ``fetched``."""

    uids: list[int]
    about: Mapping[int, Mapping[bytes, Any]]
    fetched: dict[int, bytes]


def _pieces(client: IMAPClient, uids: Sequence[int], history_uid: int) -> Iterator[_Piece]:
    for start in range(0, len(uids), SIZES):
        about = client.fetch(uids[start : start + SIZES], [b"RFC822.SIZE", b"INTERNALDATE"])
        for batch in _batches(uids[start : start + SIZES], about, history_uid):
            yield _Piece(batch, about, _fetch(client, batch, about))


def _ahead(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """Let the server work on the next batch while one is read and stored. One more is in memory by that."""
    with ThreadPoolExecutor(1, thread_name_prefix="mailbox-ahead") as other:
        coming = other.submit(next, pieces, None)
        while (piece := coming.result()) is not None:
            coming = other.submit(next, pieces, None)
            yield piece


def _batches(uids: Sequence[int], about: Mapping[int, Mapping[bytes, Any]], history_uid: int) -> Iterator[list[int]]:
    batch: list[int] = []
    total = 0
    for uid in uids:
        size = min(_size(about, uid), LARGEST_FETCHED)
        most = BATCH_HISTORY if uid <= history_uid else BATCH_MAILS
        if batch and (len(batch) >= most or total + size > BATCH_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(uid)
        total += size
    if batch:
        yield batch


def _fetch(client: IMAPClient, uids: Sequence[int], about: Mapping[int, Mapping[bytes, Any]]) -> dict[int, bytes]:
    large = {uid for uid in uids if _size(about, uid) > LARGEST_FETCHED}
    whole = [uid for uid in uids if uid not in large]
    answers: dict[int, Mapping[bytes, Any]] = dict(client.fetch(whole, [b"BODY.PEEK[]"])) if whole else {}
    for uid in large:
        answers |= client.fetch([uid], [f"BODY.PEEK[]<0.{BEGINNING}>".encode()])
    raw = {uid: answer.get(_BODY, answer.get(_BEGINNING)) for uid, answer in answers.items()}
    return {uid: found for uid, found in raw.items() if found is not None}


def _mail_of(piece: _Piece, uid: int) -> IncomingMail:
    size = _size(piece.about, uid)
    about = piece.about.get(uid, {})
    return mail_parsing.read(piece.fetched[uid], uid, _at(about), size=size, whole=size <= LARGEST_FETCHED)


def _size(about: Mapping[int, Mapping[bytes, Any]], uid: int) -> int:
    return int(about.get(uid, {}).get(b"RFC822.SIZE") or 0)


def _take(
    account: Account, folder: str, uidvalidity: int, mails: list[IncomingMail], read_until: int, me: str | None
) -> int:
    """Store a batch. One mail that cannot be stored must not hold up all that follow: that it came is all we keep."""
    try:
        return mail_intake.take(account.mailbox_id, folder, uidvalidity, mails, read_until, me)
    except _NOT_STORABLE as error:
        log.warning("a batch of mails could not be stored: %s", type(error).__name__)
    count = 0
    for mail in mails:
        try:
            count += mail_intake.take(account.mailbox_id, folder, uidvalidity, [mail], mail.uid, me)
        except _NOT_STORABLE:
            log.exception("mail %s of mailbox %s could not be stored", mail.uid, account.mailbox_id)
            bare = IncomingMail(mail.uid, mail.fingerprint, mail.received_at, mail.size, problem=Unshown.UNREADABLE)
            count += mail_intake.take(account.mailbox_id, folder, uidvalidity, [bare], mail.uid, me)
    return count


def _at(about: Mapping[bytes, Any]) -> dt.datetime:
    at = about.get(b"INTERNALDATE")
    if not isinstance(at, dt.datetime):
        return clock.now()
    try:
        return at.astimezone(dt.UTC)
    except (OverflowError, ValueError):
        return clock.now()
