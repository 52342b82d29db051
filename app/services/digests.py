"""Digests: at a person's own hours one mail with what is set to digest and still unread, exactly once per window.

A plan per person says when the next one is due. Preparing takes whole batches of people in a handful of statements:
the number does not depend on how many they are.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from app import clock
from app.extensions import db
from app.services import outbound
from app.services.chats import chat_collected
from app.services.chats.chat_feed import PRESENT, PUT_AWAY, UNREAD
from app.services.settings.digest_times import last_until, next_after, plan_of
from app.transaction import on_commit

BATCH_SIZE = 1000
# A digest that goes out later than that says so.
LATE_AFTER = dt.timedelta(minutes=5)

_UNPLANNED = text("""
SELECT u.id AS user_id, u.zone, s.digest::text AS digest
FROM ab_user u
LEFT JOIN digest_plans p ON p.user_id = u.id
LEFT JOIN user_settings s ON s.user_id = u.id
WHERE u.active AND (p.user_id IS NULL OR p.zone <> u.zone OR p.next_at > :far)
LIMIT :limit
""")

_SET_PLANS = text("""
INSERT INTO digest_plans (user_id, zone, next_at)
SELECT * FROM unnest(CAST(:user_ids AS int[]), CAST(:zones AS text[]), CAST(:moments AS timestamptz[]))
    AS planned(user_id, zone, next_at) ORDER BY user_id
ON CONFLICT (user_id) DO UPDATE SET zone = excluded.zone, next_at = excluded.next_at
""")

_DUE = text("""
SELECT p.user_id, p.zone, s.digest::text AS digest
FROM digest_plans p LEFT JOIN user_settings s ON s.user_id = p.user_id
WHERE p.next_at <= :now ORDER BY p.next_at, p.user_id LIMIT :limit FOR UPDATE OF p SKIP LOCKED
""")

# What is taken is taken from the waiting ones whether it is still unread or not: a digest holds what is new since the
# last one. What an open brief holds for mail joins the digest, and leaves the brief.
_PREPARE = text(f"""
WITH due AS (
    SELECT d.user_id, d.window_at, d.late, u.email
    FROM unnest(CAST(:user_ids AS int[]), CAST(:windows AS timestamptz[]), CAST(:late AS boolean[]))
        AS d(user_id, window_at, late)
    JOIN ab_user u ON u.id = d.user_id AND u.active AND u.email LIKE '%@%'
    WHERE NOT EXISTS (SELECT 1 FROM paused_addresses p WHERE p.address = lower(u.email))
      AND NOT EXISTS (SELECT 1 FROM deliveries x WHERE x.dedupe_key = 'digest:' || d.user_id || ':'
                      || to_char(d.window_at AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MI"Z"'))
),
waiting AS (
    UPDATE notifications n SET for_digest = false FROM due
    WHERE n.user_id = due.user_id AND n.for_digest RETURNING n.id, n.user_id, n.feed_item_id
),
briefs AS (
    SELECT d.id, d.user_id FROM deliveries d JOIN due USING (user_id)
    WHERE d.purpose = 'brief' AND d.channel = 'email' AND d.state = 'pending' AND d.attempts = 0
    FOR UPDATE OF d SKIP LOCKED
),
held AS (
    DELETE FROM delivery_items c USING briefs WHERE c.delivery_id = briefs.id
    RETURNING c.notification_id AS id, briefs.user_id
),
waiting_chats AS (
    DELETE FROM chats_for_digest w USING due WHERE w.user_id = due.user_id
    RETURNING w.user_id, w.chat_id, w.tag, w.rule, w.seq
),
held_chats AS (
    DELETE FROM delivery_chats c USING briefs WHERE c.delivery_id = briefs.id
    RETURNING briefs.user_id, c.chat_id, c.tag, c.rule, c.seq
),
emptied AS (
    UPDATE deliveries SET state = 'skipped', skip_reason = 'digest', finished_at = :now
    WHERE id IN (SELECT id FROM briefs)
),
fresh AS (
    SELECT n.id, n.user_id FROM (
        SELECT id, user_id, feed_item_id FROM waiting
        UNION
        SELECT held.id, held.user_id, n.feed_item_id FROM held JOIN notifications n ON n.id = held.id
    ) n JOIN feed_items i ON i.id = n.feed_item_id WHERE i.unread AND NOT i.archived
),
fresh_chats AS (
    SELECT DISTINCT ON (n.user_id, n.chat_id) n.* FROM (
        SELECT * FROM waiting_chats UNION ALL SELECT * FROM held_chats
    ) n
    JOIN chat_members m ON m.chat_id = n.chat_id AND m.user_id = n.user_id JOIN chats c ON c.id = n.chat_id
    WHERE m.last_read_seq < n.seq AND {PRESENT} AND NOT {PUT_AWAY} AND {UNREAD}
    ORDER BY n.user_id, n.chat_id, n.tag <> 'chat:mention', n.seq DESC
),
made AS (
    INSERT INTO deliveries (dedupe_key, purpose, channel, address, user_id, state, not_before, queued_until, data,
                            created_at)
    SELECT 'digest:' || user_id || ':' || to_char(window_at AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MI"Z"'), 'digest',
           'email', email, user_id, 'pending', :now, :queued_until,
           jsonb_build_object('window', to_char(window_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'),
                              'late', late), :now
    FROM due WHERE user_id IN (SELECT user_id FROM fresh UNION ALL SELECT user_id FROM fresh_chats)
    ORDER BY user_id
    ON CONFLICT (dedupe_key) DO NOTHING
    RETURNING id, user_id
),
filled AS (
    INSERT INTO delivery_items (delivery_id, notification_id)
    SELECT made.id, fresh.id FROM fresh JOIN made USING (user_id)
),
filled_chats AS (
    INSERT INTO delivery_chats (delivery_id, chat_id, tag, rule, seq)
    SELECT made.id, n.chat_id, n.tag, n.rule, n.seq FROM fresh_chats n JOIN made USING (user_id)
)
SELECT id FROM made
""")


_AGAIN = text("""
UPDATE notifications n SET for_digest = true FROM feed_items i
WHERE i.id = n.feed_item_id AND n.user_id = :user_id AND n.decisions->>'email' = 'digest'
  AND i.unread AND NOT i.archived
""")


def plan_missing(limit: int = BATCH_SIZE) -> int:
    """Work out plans for people without one, or who have moved to another zone. Return how many."""
    far = clock.now() + dt.timedelta(days=8)  # later than any: the clock was moved back
    rows = db.session.execute(_UNPLANNED, {"limit": limit, "far": far}).all()
    _set_plans({row.user_id: (row.zone, next_after(plan_of(row.digest), row.zone, clock.now())) for row in rows})
    return len(rows)


def plan_anew(user_id: int) -> None:
    """Work out one person's plan after a change of hours, weekdays or zone; a window that has begun is not repeated."""
    row = db.session.execute(
        text(
            "SELECT u.zone, s.digest::text AS digest FROM ab_user u LEFT JOIN user_settings s ON s.user_id = u.id"
            " WHERE u.id = :id"
        ),
        {"id": user_id},
    ).one()
    _set_plans({user_id: (row.zone, next_after(plan_of(row.digest), row.zone, clock.now()))})


def prepare_due(limit: int = BATCH_SIZE) -> int:
    """Write the digests whose hour has come, for a batch of people. Return how many people were looked at.

    Windows that were slept over are caught up by one digest, for the last of them; it says that it is late.
    """
    now = clock.now()
    rows = db.session.execute(_DUE, {"now": now, "limit": limit}).all()
    if not rows:
        return 0
    windows: dict[int, dt.datetime] = {}
    plans: dict[int, tuple[str, dt.datetime | None]] = {}
    worked_out: dict[tuple[str, str | None], tuple[dt.datetime | None, dt.datetime | None]] = {}
    for row in rows:
        key = (row.zone, row.digest)
        if key not in worked_out:
            plan = plan_of(row.digest)
            worked_out[key] = (last_until(plan, row.zone, now), next_after(plan, row.zone, now))
        window, following = worked_out[key]
        if window is not None:
            windows[row.user_id] = window
        plans[row.user_id] = (row.zone, following)
    _prepare(windows, now)
    _set_plans(plans)
    return len(rows)


def send_now(user_id: int) -> bool:
    """Send a person the digest of this minute; False where there is nothing to put into one, or no address.

    Asked for, it holds again what an earlier one held and is still unread.
    """
    now = clock.now()
    db.session.execute(_AGAIN, {"user_id": user_id})
    chat_collected.again(user_id)
    return _prepare({user_id: now.replace(second=0, microsecond=0)}, now) > 0


def next_of(zone: str, digest: Mapping[str, Any]) -> dt.datetime | None:
    """Return when a digest with these settings is due next."""
    return next_after(plan_of(json.dumps(dict(digest))), zone, clock.now())


def _prepare(windows: Mapping[int, dt.datetime], now: dt.datetime) -> int:
    """Write the digests of these people's windows and have them sent after the commit. Return how many."""
    values = {
        "user_ids": list(windows),
        "windows": list(windows.values()),
        "late": [now - window > LATE_AFTER for window in windows.values()],
        "now": now,
        "queued_until": now + outbound.QUEUED_FOR,
    }
    made = db.session.execute(_PREPARE, values).all()
    on_commit(lambda: outbound.enqueue(("email", row.id) for row in made))
    return len(made)


def _set_plans(plans: Mapping[int, tuple[str, dt.datetime | None]]) -> None:
    if plans:
        db.session.execute(
            _SET_PLANS,
            {
                "user_ids": list(plans),
                "zones": [zone for zone, _ in plans.values()],
                "moments": [moment for _, moment in plans.values()],
            },
        )
