"""Popups that a person really saw: the browser's own push about them stays in."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import text

from app import clock
from app.extensions import db


def seen_live(user_id: int, item_ids: Collection[int]) -> int:
    """Skip what has not gone to the person's browsers about these items; return how many pushes that were.

    Being shown is not reading: the items stay unread, and every other channel does what it would have done.
    """
    rows = db.session.execute(
        text(
            "UPDATE deliveries d SET state = 'skipped', skip_reason = 'seen_live', finished_at = :now"
            " FROM notifications n JOIN feed_items i ON i.id = n.feed_item_id"
            " WHERE i.id = ANY(:ids) AND i.user_id = :user_id AND d.notification_id = n.id"
            " AND d.channel = 'browser' AND d.state = 'pending' RETURNING d.id"
        ),
        {"ids": list(item_ids), "user_id": user_id, "now": clock.now()},
    ).all()
    return len(rows)
