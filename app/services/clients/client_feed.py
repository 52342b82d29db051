"""The tab *Clients*: conversations that I am in, and all open ones that I may see, mine or nobody's."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.services.chats import chat_feed
from app.services.talks.talk_sight import NEWEST, PEOPLE, SEES

MINE, UNASSIGNED, OPEN = "clients_mine", "clients_unassigned", "clients_open"
FILTERS = (MINE, UNASSIGNED, OPEN)

_WHICH = {
    "clients": "(t.state <> 'closed' OR m.role IN ('member', 'told', 'guest', 'helper'))",
    MINE: "t.state = 'open' AND t.responsible_id = p.id",
    UNASSIGNED: "t.state = 'open' AND t.responsible_id IS NULL",
    OPEN: "t.state = 'open'",
}

# Whoever only sees a talk has no place in its chat yet: read, and not archived.
_VISIBLE = f"""
SELECT p.id AS user_id, c.id, coalesce(m.mute, 'none') AS mute, coalesce(m.last_read_seq, c.last_seq) AS last_read_seq,
       m.remind_at, coalesce(m.joined_at, c.created_at) AS joined_at,
       greatest(m.changed_at, c.changed_at) AS changed_at,
       c.kind, c.name, c.picture, c.last_seq, coalesce(m.role, 'viewer') AS role, c.contact_id,
       c.archived_at IS NOT NULL AS closed, coalesce(c.last_message_at, c.created_at) AS at,
       coalesce({chat_feed.PUT_AWAY}, false) AS archived, coalesce({chat_feed.UNREAD}, false) AS unread
FROM {PEOPLE} p
JOIN talks t ON true
JOIN chats c ON c.id = t.chat_id
LEFT JOIN chat_members m ON m.chat_id = c.id AND m.user_id = p.id AND m.left_at IS NULL
WHERE {NEWEST}
"""


def page(
    session: Session,
    user_id: int,
    *,
    unread_first: bool,
    limit: int,
    after: tuple[bool, dt.datetime, int] | None,
    q: str = "",
    kind: str = "clients",
) -> list[tuple[tuple[bool, dt.datetime, int], dict[str, Any]]]:
    """Return ``(sort key, item)`` of the client chats that follow ``after``; ``kind`` is the tab or one of FILTERS."""
    where, paging, order_by = chat_feed.paged(after, unread_first=unread_first)
    values: dict[str, Any] = {"ids": [user_id], "limit": limit, **paging}
    if q:
        values["q"] = f"%{q}%"
        where.append("EXISTS (SELECT FROM contacts k WHERE k.id = mine.contact_id AND k.sort_key LIKE :q)")
    seen = f"(({SEES}) OR m.role IN ('member', 'guest', 'helper'))"
    query = (
        f"WITH mine AS ({_VISIBLE} AND {_WHICH[kind]} AND {seen}),"
        f" page AS (SELECT * FROM mine WHERE {' AND '.join(where)} ORDER BY {order_by} LIMIT :limit)"
        f" {chat_feed.DETAILS}"
    )
    rows = session.execute(text(query), values).all()
    return [((row.unread, row.at, row.id), chat_feed.as_item(row)) for row in rows]
