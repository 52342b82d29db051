"""What was read elsewhere disappears from the devices that were told: what waits is cancelled, what shows is closed.

Closing is a push of its own, to every device that was sent the notice, once. Apple's service is left out: it takes the
right to push away from pages whose pushes show nothing.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection, Mapping
from typing import Any

from flask import current_app
from sqlalchemy import text

from app import clock
from app.channels.base import Message
from app.extensions import db
from app.services import outbound
from app.services.claimed import Claimed
from app.transaction import on_commit

PURPOSE = "read"
# What was shown before that has scrolled out of every list of notifications.
SHOWN_FOR = dt.timedelta(hours=24)
MAX_ITEMS = 100

_CLOSE = """
shown AS (
    UPDATE deliveries d SET taken_back_at = :now FROM told, devices v
    WHERE d.id = told.id AND v.id = CAST(substring(d.address FROM '^device:([0-9]+)$') AS int)
      AND v.endpoint NOT LIKE 'https://web.push.apple.com/%'
    RETURNING d.user_id, d.channel, d.address, told.item
),
closing AS (
    INSERT INTO deliveries (dedupe_key, purpose, channel, address, user_id, state, not_before, queued_until, data,
                            created_at)
    SELECT 'read:' || address || ':' || gen_random_uuid(), 'read', channel, address, user_id, 'pending', :now,
           :queued_until, jsonb_build_object('items', jsonb_agg(DISTINCT item), 'at', CAST(:at AS bigint)), :now
    FROM shown GROUP BY user_id, channel, address ORDER BY address
    RETURNING id, channel
)
SELECT id, channel FROM closing
"""

_ITEMS = text(f"""
WITH cancelled AS (
    UPDATE deliveries d SET state = 'cancelled', skip_reason = 'already_read', finished_at = :now
    FROM notifications n WHERE n.feed_item_id = ANY(:ids) AND d.notification_id = n.id AND d.state = 'pending'
),
told AS (
    SELECT d.id, 'n:' || n.feed_item_id AS item FROM notifications n JOIN deliveries d ON d.notification_id = n.id
    WHERE n.feed_item_id = ANY(:ids) AND d.state = 'sent' AND d.channel IN ('browser', 'mobile')
      AND d.taken_back_at IS NULL AND d.finished_at > :since
),
{_CLOSE}
""")

_CHATS = text(f"""
WITH told AS (
    SELECT d.id, 'c:' || CAST(d.data ->> 'chat_id' AS int) AS item FROM deliveries d
    WHERE d.user_id = ANY(:user_ids) AND d.state = 'sent' AND d.channel IN ('browser', 'mobile')
      AND d.taken_back_at IS NULL AND d.purpose = 'chat' AND d.finished_at > :since
      AND CAST(d.data ->> 'chat_id' AS int) = ANY(:ids)
),
{_CLOSE}
""")


def items_read(item_ids: Collection[int]) -> None:
    """Notices were read: what waits about them stays in, what devices show of them is closed. One statement."""
    if item_ids:
        _run(_ITEMS, {"ids": list(item_ids)})


def chats_read(user_ids: Collection[int], chat_ids: Collection[int]) -> None:
    """Chats were read by these people: what their devices show of them is closed. One statement."""
    if user_ids and chat_ids:
        _run(_CHATS, {"user_ids": list(user_ids), "ids": list(chat_ids)})


def message_of(delivery: Claimed) -> Message:
    """Word what closes notifications: no words at all."""
    data = delivery.data or {}
    items = tuple(str(item) for item in data.get("items") or ())[:MAX_ITEMS]
    return Message(
        delivery_id=delivery.id,
        subject="",
        title="",
        text="",
        url=current_app.config["PUBLIC_URL"],
        tag=PURPOSE,
        closes=items,
        closes_until=int(data.get("at") or 0),
    )


def _run(statement: Any, values: Mapping[str, Any]) -> None:
    now = clock.now()
    rows = db.session.execute(
        statement,
        {
            "now": now,
            "since": now - SHOWN_FOR,
            "queued_until": now + outbound.QUEUED_FOR,
            # Real time, not the product's: devices compare it with when a push left.
            "at": int(time.time() * 1000),
            **values,
        },
    ).all()
    if rows:
        due = [(row.channel, row.id) for row in rows]
        on_commit(lambda: outbound.enqueue(due))
