"""What was read from a mailbox comes in: once each, in batches, together with how far the folder was read.

The folder's place moves in the same transaction as the mails are written: killed at whatever moment, the next reading
begins where the last commit ended.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from sqlalchemy import insert, text

from app import clock
from app.extensions import db
from app.models.mailboxes import Mailbox, MailFile, MailFolder, MailKind
from app.services.bulk_copy import copy
from app.services.chats import chat_files, file_types
from app.services.mails import mail_kinds, mail_news, mail_threads, mailbox_leases
from app.services.mails.mail_incoming import IncomingMail
from app.services.mails.mail_people import Person, people_of
from app.transaction import transaction

_KNOWN = text(
    "SELECT id, fingerprint, folder, uidvalidity, uid FROM mails"
    " WHERE mailbox_id = :mailbox_id AND fingerprint = ANY(:fingerprints) ORDER BY id"
)
_OURS = text(
    "SELECT id, message_id, folder, uidvalidity FROM mails WHERE mailbox_id = :mailbox_id AND message_id = ANY(:ids)"
    " AND delivery_id IS NOT NULL"
)
_NEW_UID = text("UPDATE mails SET folder = :folder, uidvalidity = :uidvalidity, uid = :uid WHERE id = :id")
_IDS = text("SELECT nextval(pg_get_serial_sequence('mails', 'id')) AS id FROM generate_series(1, :number)")


@dataclass(frozen=True, slots=True)
class Place:
    """How far a folder was read: ask for UIDs after ``last_uid``, not received before ``since``."""

    uidvalidity: int
    last_uid: int
    since: dt.date
    history_uid: int


def place_of(
    mailbox_id: int, folder: str, uidvalidity: int, next_uid: int, first_days: int, me: str | None = None
) -> Place:
    """Return where to go on; at the first look at a folder, and after its server numbered it anew, where to begin.

    What is there at the first look is history: it is kept, and told to nobody. After a new numbering all is read again
    from the first reading's day on; what we have is recognised, what came meanwhile is news.
    """
    now = clock.now()
    with transaction():
        if me is not None:
            mailbox_leases.require(me, mailbox_id)
        found = db.session.get(MailFolder, (mailbox_id, folder), with_for_update=True, populate_existing=True)
        if found is None:
            found = MailFolder(
                mailbox_id=mailbox_id,
                name=folder,
                uidvalidity=uidvalidity,
                last_uid=0 if first_days else next_uid - 1,
                history_uid=next_uid - 1,
                since=(now - dt.timedelta(days=first_days)).date(),
                started_at=now,
            )
            db.session.add(found)
        elif found.uidvalidity != uidvalidity:
            found.uidvalidity, found.last_uid, found.history_uid = uidvalidity, 0, 0
            found.renumbered_until = next_uid - 1
        return Place(found.uidvalidity, found.last_uid, found.since, found.history_uid)


def take(
    mailbox_id: int,
    folder: str,
    uidvalidity: int,
    mails: Sequence[IncomingMail],
    read_until: int,
    me: str | None = None,
) -> int:
    """Write a batch of a folder, its place moved to ``read_until``; return how many of them are new.

    Raises LeaseLost when another process reads the mailbox by now (``me`` names this one).
    """
    written: list[str] = []
    try:
        with transaction():
            return _take(mailbox_id, folder, uidvalidity, mails, read_until, me, written)
    except BaseException:
        chat_files.unlink(written)
        raise


def _take(
    mailbox_id: int,
    folder: str,
    uidvalidity: int,
    mails: Sequence[IncomingMail],
    read_until: int,
    me: str | None,
    written: list[str],
) -> int:
    if me is not None:
        mailbox_leases.require(me, mailbox_id)
    place = db.session.get_one(MailFolder, (mailbox_id, folder), with_for_update=True, populate_existing=True)
    mailbox = db.session.get_one(Mailbox, mailbox_id)
    if place.uidvalidity != uidvalidity:
        raise mailbox_leases.LeaseLost(mailbox_id)
    later = [mail for mail in mails if mail.uid > place.last_uid]
    new = _unknown(mailbox_id, folder, uidvalidity, later)
    if new:
        _write(mailbox, place, new, written)
    place.last_uid = max(place.last_uid, read_until)
    if place.renumbered_until is not None and place.last_uid >= place.renumbered_until:
        place.renumbered_until = None
    db.session.flush()
    return len(new)


def _unknown(mailbox_id: int, folder: str, uidvalidity: int, mails: Sequence[IncomingMail]) -> list[IncomingMail]:
    """Leave out what we have: under an older UID, in another folder, or as an answer that we sent ourselves."""
    if not mails:
        return []
    values = {"mailbox_id": mailbox_id, "fingerprints": [mail.fingerprint for mail in mails]}
    known: dict[str, Any] = {row.fingerprint: row for row in db.session.execute(_KNOWN, values)}
    sent = [mail.message_id for mail in mails if mail_kinds.delivery_of(mail.message_id) is not None]
    ours: dict[str, Any] = {}
    if sent:
        ours = {row.message_id: row for row in db.session.execute(_OURS, {"mailbox_id": mailbox_id, "ids": sent})}
    new: list[IncomingMail] = []
    for mail in mails:
        at = {"folder": folder, "uidvalidity": uidvalidity, "uid": mail.uid}
        if mail.message_id in ours:
            # Seen for the first time, or under its new number. Another copy of it is left out.
            row, ours[mail.message_id] = ours[mail.message_id], None
            if row is not None and (row.uidvalidity is None or _renumbered(row, folder, uidvalidity)):
                db.session.execute(_NEW_UID, at | {"id": row.id})
        elif mail.fingerprint not in known:
            known[mail.fingerprint] = None
            new.append(mail)
        elif (row := known[mail.fingerprint]) is not None and _renumbered(row, folder, uidvalidity):
            # The same mail under its new number. A second copy beside it is left out.
            db.session.execute(_NEW_UID, at | {"id": row.id})
            known[mail.fingerprint] = None
    return new


def _renumbered(row: Any, folder: str, uidvalidity: int) -> bool:
    return bool(row.folder == folder and row.uidvalidity != uidvalidity)


def _write(mailbox: Mailbox, place: MailFolder, mails: list[IncomingMail], written: list[str]) -> None:
    now = clock.now()
    ids = [row.id for row in db.session.execute(_IDS, {"number": len(mails)})]
    numbered = list(zip(ids, mails, strict=True))
    outgoing = {mail_id: mail_kinds.is_outgoing(mail, mailbox, place.name) for mail_id, mail in numbered}
    people = people_of(numbered, outgoing)
    threads = mail_threads.threads_of(mailbox.id, numbered)
    kinds = {mail_id: mail_kinds.kind_of(mail) for mail_id, mail in numbered}
    rows = [
        _row(mailbox, place, mail_id, mail, now)
        | {
            "thread_id": threads[mail_id],
            "kind": kinds[mail_id].value,
            "direction": "outgoing" if outgoing[mail_id] else "incoming",
            "contact_id": people[mail_id].contact_id,
            "lead_id": people[mail_id].lead_id,
        }
        for mail_id, mail in numbered
    ]
    copy("mails", list(rows[0]), (list(row.values()) for row in rows))
    files = [row for mail_id, mail in numbered for row in _files(mail_id, mail, written)]
    if files:
        db.session.execute(insert(MailFile), files)
    for mail_id, mail in numbered:
        if _is_news(place, mail) and not outgoing[mail_id]:
            _tell(mailbox, mail_id, mail, kinds[mail_id], threads[mail_id], people)


def _tell(
    mailbox: Mailbox,
    mail_id: int,
    mail: IncomingMail,
    kind: MailKind,
    thread_id: int,
    people: dict[int, Person],
) -> None:
    db.session.execute(
        text("UPDATE mailbox_states SET last_mail_at = :at WHERE mailbox_id = :id"),
        {"at": clock.now(), "id": mailbox.id},
    )
    if kind is MailKind.BOUNCE and mail.bounce is not None:
        mail_news.bounced(mail.bounce)
    elif kind is MailKind.PERSON:
        mail_news.arrived(mailbox, mail_id, mail, thread_id, people[mail_id])


def _is_news(place: MailFolder, mail: IncomingMail) -> bool:
    if mail.uid <= place.history_uid:
        return False
    # Found under a new numbering: what is older than our first look was there before. Servers say whole seconds.
    renumbered = place.renumbered_until is not None and mail.uid <= place.renumbered_until
    return not (renumbered and mail.received_at < place.started_at.replace(microsecond=0))


def _row(mailbox: Mailbox, place: MailFolder, mail_id: int, mail: IncomingMail, now: dt.datetime) -> dict[str, Any]:
    return {
        "id": mail_id,
        "mailbox_id": mailbox.id,
        "folder": place.name,
        "uidvalidity": place.uidvalidity,
        "uid": mail.uid,
        "fingerprint": mail.fingerprint,
        "message_id": mail.message_id,
        "in_reply_to": mail.in_reply_to,
        "refs": " ".join(mail.references),
        "from_name": mail.from_name,
        "from_address": mail.from_address,
        "reply_to": mail.reply_to,
        "to_line": mail.to_line,
        "cc_line": mail.cc_line,
        "subject": mail.subject,
        "body": mail.body,
        "html": mail.html,
        "size": mail.size,
        "problem": mail.problem.value if mail.problem else None,
        "has_files": bool(mail.files),
        "received_at": min(mail.received_at, now + dt.timedelta(days=1)),
        "created_at": now,
    }


def _files(mail_id: int, mail: IncomingMail, written: list[str]) -> list[dict[str, Any]]:
    """Keep the files as those of chats: under random names, what they are found out from what they hold."""
    rows = []
    for file in mail.files:
        stream = BytesIO(file.content)
        kind = file_types.recognise(stream) if len(file.content) <= chat_files.max_bytes() else None
        stored_as = chat_files.put(stream) if kind else None
        if stored_as:
            written.append(stored_as)
        rows.append(
            {
                "mail_id": mail_id,
                "name": chat_files.clean_name(file.name),
                "size": len(file.content),
                "type": kind or "",
                "stored_as": stored_as,
                "content_id": file.content_id,
            }
        )
    return rows
