"""Which process reads which mailbox: a lease in the database that expires, so another follows one that was killed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import text

from app import clock
from app.extensions import db

LEASE = dt.timedelta(seconds=45)

_READABLE = "m.active AND (m.owner_id IS NULL OR EXISTS (SELECT FROM ab_user u WHERE u.id = m.owner_id AND u.active))"
_CLAIM = text(f"""
WITH due AS (
    SELECT s.mailbox_id, m.changed_at FROM mailbox_states s JOIN mailboxes m ON m.id = s.mailbox_id
    WHERE {_READABLE} AND s.mailbox_id <> ALL(:running)
      AND (s.leased_until IS NULL OR s.leased_until < :now) AND (s.next_try_at IS NULL OR s.next_try_at <= :now)
    ORDER BY s.next_try_at NULLS FIRST, s.mailbox_id LIMIT :most FOR UPDATE OF s SKIP LOCKED
)
UPDATE mailbox_states s SET leased_by = :me, leased_until = :until FROM due WHERE s.mailbox_id = due.mailbox_id
RETURNING s.mailbox_id, due.changed_at
""")
_RENEW = text(f"""
UPDATE mailbox_states s SET leased_until = :until FROM mailboxes m
WHERE m.id = s.mailbox_id AND {_READABLE} AND s.leased_by = :me AND s.mailbox_id = ANY(:running)
RETURNING s.mailbox_id, m.changed_at
""")


class LeaseLost(Exception):
    """Another process reads this mailbox now: what this one has read must not be stored."""


def claim(me: str, running: Collection[int], most: int) -> dict[int, dt.datetime]:
    """Take mailboxes that are due and nobody reads; return them with the version of each one's settings.

    Inside a transaction; two claims of one row cannot both succeed.
    """
    now = clock.now()
    values = {"me": me, "now": now, "until": now + LEASE, "running": list(running), "most": most}
    return {row.mailbox_id: row.changed_at for row in db.session.execute(_CLAIM, values)}


def renew(me: str, running: Collection[int]) -> dict[int, dt.datetime]:
    """Keep the mailboxes that one reads; return which are still ours, and the version of each one's settings."""
    values = {"me": me, "until": clock.now() + LEASE, "running": list(running)}
    return {row.mailbox_id: row.changed_at for row in db.session.execute(_RENEW, values)}


def release(me: str, mailbox_id: int) -> None:
    """Let another process have the mailbox."""
    db.session.execute(
        text(
            "UPDATE mailbox_states SET leased_by = NULL, leased_until = NULL WHERE mailbox_id = :id AND leased_by = :me"
        ),
        {"id": mailbox_id, "me": me},
    )


def require(me: str, mailbox_id: int) -> None:
    """Raise LeaseLost unless the mailbox is ours; it then stays so until the end of the transaction."""
    row = db.session.execute(
        text("SELECT 1 FROM mailbox_states WHERE mailbox_id = :id AND leased_by = :me FOR UPDATE"),
        {"id": mailbox_id, "me": me},
    ).first()
    if row is None:
        raise LeaseLost(mailbox_id)
