"""Chats as items of the center. What is unread is derived from the messages every time; nothing is kept per member."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from flask_babel import gettext
from sqlalchemy import Connection, Row, text
from sqlalchemy.orm import Session

from app.services.chats import mentions
from app.services.clients import client_words
from app.services.people.names import FREE_SQL, NAME_SQL

MAX_COUNT = 100
BODY_LENGTH = 200

# A message that waits for its reader: somebody else's, not deleted, not told by the system.
WAITS = "x.author_kind <> 'system' AND x.deleted_at IS NULL AND x.author_id IS DISTINCT FROM m.user_id"

# How much waits in a person's chat m, as far as it is counted, and whether the person is mentioned there.
WAITING = f"""(
    SELECT count(*) AS unread, bool_or(x.mentions_all OR coalesce(m.user_id = ANY(x.mentioned_ids), false)) AS mention
    FROM (SELECT x.mentions_all, x.mentioned_ids FROM messages x
          WHERE x.chat_id = m.chat_id AND x.seq > m.last_read_seq AND {WAITS}
          ORDER BY x.seq DESC LIMIT {MAX_COUNT}) x
)"""

# How many are in a chat c.
MEMBERS = "(SELECT count(*) FROM chat_members t WHERE t.chat_id = c.id AND t.left_at IS NULL)"

# The newest message alone decides in nearly every case; only else the messages are looked at.
UNREAD = f"""(m.marked_unread OR (m.role NOT IN ('told', 'viewer') AND c.last_seq > m.last_read_seq
    AND (coalesce(c.last_author_id <> m.user_id, false) OR EXISTS (
    SELECT FROM messages x WHERE x.chat_id = m.chat_id AND x.seq > m.last_read_seq AND {WAITS}))))"""

PUT_AWAY = "(c.archived_at IS NOT NULL OR coalesce(c.last_seq <= m.archived_seq, false))"

# A direct chat that nobody has written in is nobody's news yet.
# Looking into a client's chat makes it no item.
PRESENT = "m.left_at IS NULL AND (c.last_seq > 0 OR c.kind <> 'direct') AND (m.role <> 'viewer' OR m.marked_unread)"

# Counted per person by feed_counters.counters, together with the notices.
COUNT_UNREAD = f"""
SELECT m.user_id, CASE c.kind WHEN 'client' THEN 'clients' ELSE 'chats' END AS tab, count(*) AS unread,
       CAST(NULL AS timestamptz) AS since
FROM chat_members m JOIN chats c ON c.id = m.chat_id
WHERE m.user_id = ANY(:ids) AND {PRESENT} AND NOT {PUT_AWAY} AND {UNREAD} GROUP BY m.user_id, 2
"""

_AT = "greatest(coalesce(c.last_message_at, m.joined_at), coalesce(m.resurfaced_at, m.joined_at))"

_MINE = f"""
SELECT m.user_id, m.chat_id AS id, m.mute, m.last_read_seq, m.remind_at, m.joined_at,
       greatest(m.changed_at, c.changed_at) AS changed_at, c.kind, c.name, c.picture, c.last_seq, m.role, c.contact_id,
       c.archived_at IS NOT NULL AS closed, {_AT} AS at, {PUT_AWAY} AS archived, {UNREAD} AS unread
FROM chat_members m JOIN chats c ON c.id = m.chat_id
WHERE {PRESENT}
"""

# What only the rows of a page need is looked up for these rows alone.
DETAILS = f"""
SELECT p.*, {client_words.COLUMNS}, coalesce(n.count, 0) AS count, coalesce(n.mention, false) AS mention,
       l.body AS last_body, l.author_id AS last_author_id, l.author_kind AS last_author_kind, l.name AS last_author,
       l.free AS last_author_free,
       l.deleted_at IS NOT NULL AS last_deleted, l.has_files AS last_has_files, l.note AS last_note,
       l.mentions AS last_mentions,
       o.id AS person_id, o.name AS person_name, o.picture AS person_picture, o.free AS person_free,
       CASE p.kind WHEN 'direct' THEN 2
            ELSE {MEMBERS.replace("c.id", "p.id")} END AS members
FROM page p
LEFT JOIN LATERAL (
    SELECT count(*) AS count, bool_or(y.mentions_all OR coalesce(p.user_id = ANY(y.mentioned_ids), false)) AS mention
    FROM (SELECT x.mentions_all, x.mentioned_ids FROM messages x
          WHERE x.chat_id = p.id AND x.seq > p.last_read_seq AND {WAITS.replace("m.user_id", "p.user_id")}
          ORDER BY x.seq DESC LIMIT {MAX_COUNT}) y
) n ON p.unread
LEFT JOIN LATERAL (
    SELECT left(x.body, {BODY_LENGTH}) AS body, x.author_id, x.author_kind, x.deleted_at, x.has_files, x.note,
           x.mentions,
           {NAME_SQL} AS name, {FREE_SQL} AS free
    FROM messages x LEFT JOIN ab_user u ON u.id = x.author_id
    WHERE x.chat_id = p.id AND x.seq <= p.last_seq AND (p.kind <> 'client' OR x.author_kind <> 'system')
    ORDER BY x.seq DESC LIMIT 1
) l ON true
LEFT JOIN LATERAL (
    SELECT u.id, {NAME_SQL} AS name, u.picture, {FREE_SQL} AS free
    FROM chat_members t JOIN ab_user u ON u.id = t.user_id
    WHERE t.chat_id = p.id AND t.user_id <> p.user_id LIMIT 1
) o ON p.kind = 'direct'
{client_words.JOIN}
"""


def page(
    session: Session,
    user_id: int,
    *,
    unread_first: bool,
    limit: int,
    after: tuple[bool, dt.datetime, int] | None,
    q: str = "",
    kind: str = "",
) -> list[tuple[tuple[bool, dt.datetime, int], dict[str, Any]]]:
    """Return ``(sort key, item)`` of the chats that follow ``after`` in the feed's order; ``q`` filters by name."""
    where, paging, order_by = paged(after, unread_first=unread_first)
    values: dict[str, Any] = {"user_id": user_id, "limit": limit, **paging}
    if kind:
        where.append("mine.kind = 'client'" if kind == "clients" else "mine.kind <> 'client'")
    if q:
        values["q"] = f"%{q}%"
        where.append(
            "(EXISTS (SELECT FROM chats k WHERE k.id = mine.id AND k.sort_key LIKE :q)"
            " OR EXISTS (SELECT FROM contacts k WHERE k.id = mine.contact_id AND k.sort_key LIKE :q)"
            " OR mine.kind = 'direct' AND"
            " EXISTS (SELECT FROM chat_members t JOIN ab_user u ON u.id = t.user_id"
            " WHERE t.chat_id = mine.id AND t.user_id <> :user_id AND u.sort_key LIKE :q))"
        )
    query = (
        f"WITH mine AS ({_MINE} AND m.user_id = :user_id),"
        f" page AS (SELECT * FROM mine WHERE {' AND '.join(where)} ORDER BY {order_by} LIMIT :limit) {DETAILS}"
    )
    rows = session.execute(text(query), values).all()
    return [((row.unread, row.at, row.id), as_item(row)) for row in rows]


def paged(after: tuple[bool, dt.datetime, int] | None, *, unread_first: bool) -> tuple[list[str], dict[str, Any], str]:
    """Return the conditions for what follows ``after`` among rows called mine, their values, and the order of these."""
    where, order_by = ["NOT mine.archived"], "mine.at DESC, mine.id DESC"
    if unread_first:
        order_by = f"mine.unread DESC, {order_by}"
    if after is None:
        return where, {}, order_by
    where.append(
        "(mine.unread, mine.at, mine.id) < (:c_unread, :c_at, :c_id)"
        if unread_first
        else "(mine.at, mine.id) < (:c_at, :c_id)"
    )
    return where, {"c_unread": after[0], "c_at": after[1], "c_id": after[2]}, order_by


def items_of(
    connection: Connection | Session, user_ids: Collection[int], chat_ids: Collection[int]
) -> list[tuple[int, dict[str, Any]]]:
    """Return ``(user_id, item)`` for each of the people who is in one of the chats."""
    query = f"WITH page AS ({_MINE} AND m.user_id = ANY(:user_ids) AND m.chat_id = ANY(:chat_ids)) {DETAILS}"
    rows = connection.execute(text(query), {"user_ids": list(user_ids), "chat_ids": list(chat_ids)})
    return [(row.user_id, as_item(row)) for row in rows]


def changed_since(session: Session, user_id: int, since: dt.datetime, limit: int) -> list[dict[str, Any]]:
    """Return the items of the chats in which something changed, the person's own place in them included."""
    query = (
        f"WITH page AS ({_MINE} AND m.user_id = :user_id AND greatest(m.changed_at, c.changed_at) > :since"
        f" LIMIT :limit) {DETAILS}"
    )
    rows = session.execute(text(query), {"user_id": user_id, "since": since, "limit": limit})
    return [as_item(row) for row in rows]


def as_item(row: Row[Any]) -> dict[str, Any]:
    """Return the item of one chat for one person, in the shape of a notice plus ``chat``."""
    direct, client = row.kind == "direct", row.kind == "client"
    title = row.person_name if direct else row.contact_name if client else row.name
    last = _last(row)
    item = {
        "id": f"c:{row.id}",
        "kind": "chat",
        "event": "chat:mention" if row.mention else tag_of(row.kind),
        "tab": "chats",
        "title": title or gettext("Chat"),
        "body": _line(last, direct) if last else "",
        "url": url_of(row.id),
        "unread": row.unread,
        "archived": row.archived,
        "count": row.count,
        "at": row.at.isoformat(),
        "remind_at": row.remind_at.isoformat() if row.remind_at else None,
        "icon": "user" if direct else "hash",
        "actions": [],
        "subject": {"type": "chat", "id": row.id},
        "changed_at": row.changed_at.isoformat(),
        "chat": {
            "id": row.id,
            "kind": row.kind,
            "name": title or "",
            "members": row.members,
            "last": last,
            "mention": row.mention,
            "muted": row.mute != "none",
            "mute": row.mute,
            "person_id": row.person_id,
            "person_free": bool(row.person_free),
            "picture_url": row.person_picture if direct else picture_url(row.id, row.picture),
            "last_seq": row.last_seq,
            "last_read_seq": row.last_read_seq,
            "archived": row.closed,
        },
    }
    return client_words.as_client(item, row) if client else item


def tag_of(kind: str) -> str:
    """Return the kind of news that a chat's messages are; a card's chat is a group's."""
    return {"direct": "chat:direct", "client": "chat:client_message"}.get(kind, "chat:group")


def url_of(chat_id: int, seq: int | None = None) -> str:
    """Return where a chat opens, or one message of it."""
    return f"/center/?chat={chat_id}" + (f"&seq={seq}" if seq is not None else "")


def picture_url(chat_id: int, picture: str | None) -> str | None:
    """Return where a chat's picture is; it changes with the picture, so browsers may keep it."""
    return f"/api/v1/chats/{chat_id}/picture?v={picture.partition('.')[0][:8]}" if picture else None


def _last(row: Row[Any]) -> dict[str, Any] | None:
    if row.last_author_kind is None:
        return None
    body = " ".join(mentions.named(row.last_body or "", row.last_mentions or ()).split())
    if row.last_deleted:
        body = gettext("Message deleted")
    elif not body and row.last_has_files:
        body = gettext("sent a file")
    return {
        "author": row.last_author or "",
        "author_id": row.last_author_id,
        "author_free": bool(row.last_author_free),
        "body": body,
        "seq": row.last_seq,
        "mine": row.last_author_id == row.user_id,
        "deleted": row.last_deleted,
    }


def _line(last: dict[str, Any], direct: bool) -> str:
    if last["mine"]:
        return gettext("You: %(text)s", text=last["body"])
    if direct or not last["author"]:
        return str(last["body"])
    return f"{last['author'].split()[0]}: {last['body']}"


def described_since(session: Session, user_id: int, since: dt.datetime) -> list[dict[str, Any]]:
    """Return ``chat.changed`` of chats whose name, picture, members or archive changed, or that a person left."""
    rows = session.execute(
        text(
            "SELECT c.id, c.kind, c.name, c.picture, c.archived_at IS NOT NULL AS archived, c.linked, c.changed_at,"
            " m.left_at IS NOT NULL AS removed,"
            f" {MEMBERS} AS members"
            " FROM chat_members m JOIN chats c ON c.id = m.chat_id WHERE m.user_id = :user_id"
            " AND (CASE WHEN m.left_at IS NULL THEN c.described_at > :since ELSE m.moved_at > :since END) LIMIT 500"
        ),
        {"user_id": user_id, "since": since},
    )
    return [
        {"id": row.id, "removed": True}
        if row.removed
        else {
            "id": row.id,
            "kind": row.kind,
            "name": row.name,
            "picture_url": picture_url(row.id, row.picture),
            "members": row.members,
            "archived": row.archived,
            "linked": row.linked,
            "changed_at": row.changed_at.isoformat(),
        }
        for row in rows
    ]
