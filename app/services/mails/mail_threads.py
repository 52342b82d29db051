"""Which mails belong together: by what each names as the mails before it (RFC 5322, section 3.6.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import text

from app.extensions import db
from app.services.mails.mail_incoming import IncomingMail

_BEFORE = text(
    "SELECT message_id, thread_id FROM mails WHERE mailbox_id = :mailbox_id AND message_id = ANY(:ids)"
    " AND thread_id IS NOT NULL"
)
# What came before the mail that it answers: the other folder was read later, or a server was slow.
_AFTER = text(
    "SELECT in_reply_to, thread_id FROM mails WHERE mailbox_id = :mailbox_id AND in_reply_to = ANY(:ids)"
    " AND thread_id IS NOT NULL"
)


def threads_of(mailbox_id: int, mails: Sequence[tuple[int, IncomingMail]]) -> dict[int, int]:
    """Return the thread of each new mail, given with the id that it will have: mail id → thread id. Two statements.

    Threads that turn out to be one are joined.
    """
    own = [mail.message_id for _, mail in mails if mail.message_id]
    named = {one for _, mail in mails for one in mail.references}
    known: dict[str, int] = {}
    for row in db.session.execute(_BEFORE, {"mailbox_id": mailbox_id, "ids": [*named]}) if named else ():
        known[row.message_id] = row.thread_id
    waiting: dict[str, int] = {}
    for row in db.session.execute(_AFTER, {"mailbox_id": mailbox_id, "ids": own}) if own else ():
        waiting[row.in_reply_to] = row.thread_id
    joined = _Joined()
    made: dict[int, int] = {}
    for mail_id, mail in mails:
        before = [known[one] for one in mail.references if one in known]
        if mail.message_id in waiting:
            before.append(waiting[mail.message_id])
        thread = joined.join(before) if before else mail_id
        made[mail_id] = thread
        if mail.message_id:
            known.setdefault(mail.message_id, thread)
            if mail.in_reply_to:
                waiting.setdefault(mail.in_reply_to, thread)
    _write(joined.moved)
    return {mail_id: joined.of(thread) for mail_id, thread in made.items()}


class _Joined:
    """Threads that are one: each leads to the oldest."""

    def __init__(self) -> None:
        self.moved: dict[int, int] = {}

    def of(self, thread: int) -> int:
        while thread in self.moved:
            thread = self.moved[thread]
        return thread

    def join(self, threads: Sequence[int]) -> int:
        found = {self.of(thread) for thread in threads}
        oldest = min(found)
        for thread in found - {oldest}:
            self.moved[thread] = oldest
        return oldest


def _write(moved: Mapping[int, int]) -> None:
    for old, new in moved.items():
        db.session.execute(text("UPDATE mails SET thread_id = :new WHERE thread_id = :old"), {"old": old, "new": new})
