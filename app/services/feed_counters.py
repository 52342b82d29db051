"""How much is unread in a person's feed, and who waits: counted from the rows every time."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from app.catalogue import Tab
from app.services.calls import call_sight
from app.services.chats import chat_feed
from app.services.talks import talk_sight


def counters(connection: Connection | Session, user_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Count unread items per person and tab; derived from the rows every time, so never wrong."""
    tabs: dict[int, dict[str, int]] = defaultdict(lambda: {tab.value: 0 for tab in Tab})
    rows = connection.execute(
        text(
            "SELECT user_id, tab, count(*) AS unread, CAST(NULL AS timestamptz) AS since FROM feed_items"
            " WHERE user_id = ANY(:ids) AND unread AND NOT archived GROUP BY user_id, tab"
            f" UNION ALL {chat_feed.COUNT_UNREAD} UNION ALL {talk_sight.COUNT_WAITING}"
            f" UNION ALL {call_sight.COUNT}"
        ),
        {"ids": list(user_ids)},
    )
    waits: dict[int, dict[str, Any]] = {}
    calls: dict[int, int] = {}
    for row in rows:
        if row.tab == call_sight.CALLS:
            calls[row.user_id] = row.unread
        elif row.tab == talk_sight.WAITING:
            waits[row.user_id] = _waiting(row.unread, row.since)
        else:
            tabs[row.user_id][row.tab] += row.unread
    nobody = _waiting(0, None)
    return {
        user_id: {
            "total": sum(tabs[user_id].values()),
            **waits.get(user_id, nobody),
            "calls": calls.get(user_id, 0),
            "tabs": tabs[user_id],
        }
        for user_id in user_ids
    }


def waiting(connection: Connection | Session, user_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Count, for each of the people, the clients who wait and may be seen by them."""
    rows = connection.execute(text(talk_sight.COUNT_WAITING), {"ids": list(user_ids)})
    counted = {row.user_id: _waiting(row.unread, row.since) for row in rows}
    return {user_id: counted.get(user_id, _waiting(0, None)) for user_id in user_ids}


def all_waiting(connection: Connection | Session) -> dict[str, Any]:
    """Count all clients who wait: what everybody sees where the account hides nothing."""
    row = connection.execute(
        text("SELECT count(*) AS waiting, min(waiting_since) AS since FROM talks WHERE waiting_since IS NOT NULL")
    ).one()
    return _waiting(row.waiting, row.since)


def _waiting(count: int, since: dt.datetime | None) -> dict[str, Any]:
    return {"waiting": count, "longest_waiting_at": since.isoformat() if since else None}
