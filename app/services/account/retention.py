"""What is kept for how long: old notices, delivery traces and idempotency keys go, a batch at a time.

A batch is one statement over a few hundred rows in a transaction of its own, so nobody waits for it; the beat comes
back at once until nothing old is left. Events stay: they are the timelines of the cards.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import text

from app import clock
from app.extensions import db
from app.services.account import account

BATCH = 500
KEY_AGE = dt.timedelta(days=1)
NOTICE_DAYS, TRACE_DAYS = 90, 30
SHORTEST_DAYS, LONGEST_DAYS = 7, 3650

# An item put away until later is still wanted, whatever its age.
_OLD_ITEMS = text("""
DELETE FROM feed_items WHERE id IN (
    SELECT id FROM feed_items WHERE at < :before AND remind_at IS NULL ORDER BY at LIMIT :batch
    FOR UPDATE SKIP LOCKED)
RETURNING id
""")

# Of an item that is kept since something new came in, the old notices go.
_OLD_NOTICES = text("""
DELETE FROM notifications WHERE id IN (
    SELECT n.id FROM notifications n JOIN feed_items i ON i.id = n.feed_item_id
    WHERE n.created_at < :before AND i.at >= :before LIMIT :batch FOR UPDATE OF n SKIP LOCKED)
RETURNING id
""")

# What is still on its way is no trace yet.
_OLD_TRACES = text("""
DELETE FROM deliveries WHERE id IN (
    SELECT id FROM deliveries WHERE created_at < :before AND finished_at < :before
      AND state NOT IN ('pending', 'sending') LIMIT :batch FOR UPDATE SKIP LOCKED)
RETURNING id
""")

_OLD_KEYS = text("""
DELETE FROM idempotency_keys WHERE (user_id, key) IN (
    SELECT user_id, key FROM idempotency_keys WHERE created_at < :before LIMIT :batch FOR UPDATE SKIP LOCKED)
RETURNING user_id
""")


def notice_days() -> int:
    """Return for how many days notices are kept, read or not."""
    return int(account.get_setting("notice_days", NOTICE_DAYS))


def trace_days() -> int:
    """Return for how many days the traces of deliveries are kept."""
    return int(account.get_setting("trace_days", TRACE_DAYS))


def remove_notices() -> int:
    """Delete a batch of notices that are too old, with what was sent about them. Return how many."""
    before = clock.now() - dt.timedelta(days=notice_days())
    return _delete(_OLD_ITEMS, before) or _delete(_OLD_NOTICES, before)


def remove_traces() -> int:
    """Delete a batch of finished deliveries that are too old. Return how many."""
    return _delete(_OLD_TRACES, clock.now() - dt.timedelta(days=trace_days()))


def remove_keys() -> int:
    """Delete a batch of idempotency keys that no honest program repeats any more. Return how many."""
    return _delete(_OLD_KEYS, clock.now() - KEY_AGE)


def _delete(statement: Any, before: dt.datetime) -> int:
    return len(db.session.execute(statement, {"before": before, "batch": BATCH}).all())
