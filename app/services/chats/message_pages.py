"""Messages as clients see them: pages by ``seq``, single ones, and what changed since a moment. One statement each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.services.chats.chat_files import thumbnail_url_of, url_of
from app.services.people.names import FREE_SQL, NAME_SQL

MAX_LIMIT = 100
QUOTE_LENGTH = 200

_REACTIONS = """
(SELECT jsonb_agg(jsonb_build_object('emoji', e.emoji, 'count', e.count, 'user_ids', e.user_ids)
                  ORDER BY e.first, e.emoji)
 FROM (SELECT t.emoji, count(*) AS count, array_agg(t.user_id ORDER BY t.created_at, t.user_id) AS user_ids,
              min(t.created_at) AS first
       FROM message_reactions t WHERE t.message_id = m.id GROUP BY t.emoji) e)
"""

_FILES = """
(SELECT jsonb_agg(jsonb_build_object('id', f.id, 'name', f.name, 'size', f.size, 'type', f.type, 'width', f.width,
                                     'height', f.height, 'thumbnail', f.thumbnail) ORDER BY f.id)
 FROM chat_files f WHERE f.message_id = m.id AND f.deleted_at IS NULL)
"""

# A client is shown by the contact's name, as the team knows them. Not a join: where the planner knows only of old
# chats, it would walk through the contacts from the first one on.
AUTHOR_SQL = f"""CASE m.author_kind WHEN 'visitor' THEN (
    SELECT k.name FROM contacts k WHERE k.id = (SELECT h.contact_id FROM chats h WHERE h.id = m.chat_id))
    ELSE {NAME_SQL} END"""

_COLUMNS = f"""
    m.id, m.chat_id, m.seq, m.author_kind, m.author_id, {AUTHOR_SQL} AS author_name,
    {FREE_SQL} AS author_free, m.note, m.public,
    m.client_id, m.body, m.created_at,
    m.changed_at, m.stored_at, m.edited_at, m.deleted_at, m.mentions,
    CASE WHEN m.has_reactions THEN {_REACTIONS} END AS reactions,
    CASE WHEN m.has_files THEN {_FILES} END AS files,
    CASE WHEN m.public AND m.author_kind <> 'visitor' THEN (
        SELECT jsonb_build_object('failed', d.state = 'failed', 'reason', coalesce(d.error, ''), 'next', d.not_before)
        FROM deliveries d WHERE d.dedupe_key = 'm:' || m.id AND d.state IN ('pending', 'sending', 'failed'))
    END AS not_delivered,
    r.id AS reply_id, r.seq AS reply_seq, r.author_kind AS reply_author_kind, r.author_id AS reply_author_id,
    r.author_name AS reply_author_name, r.author_free AS reply_author_free,
    r.body AS reply_body, r.deleted_at AS reply_deleted_at
FROM messages m
LEFT JOIN ab_user u ON u.id = m.author_id
LEFT JOIN LATERAL (
    SELECT x.id, x.seq, x.author_kind, x.author_id, left(x.body, {QUOTE_LENGTH}) AS body, x.deleted_at,
           {NAME_SQL} AS author_name, {FREE_SQL} AS author_free
    FROM messages x LEFT JOIN ab_user u ON u.id = x.author_id WHERE x.id = m.reply_to_id
) r ON m.reply_to_id IS NOT NULL
"""


def page(
    session: Session,
    chat_id: int,
    *,
    before_seq: int | None = None,
    after_seq: int | None = None,
    around_seq: int | None = None,
    limit: int = 50,
    from_seq: int = 0,
) -> list[dict[str, Any]]:
    """Return up to ``limit`` messages of a chat by ascending ``seq``: the newest, or those before, after or around one.

    ``from_seq`` is the first that the reader may have.

    Costs the same at any length of the chat: it walks the index on (chat_id, seq).
    """
    values: dict[str, Any] = {"chat_id": chat_id, "limit": max(1, min(limit, MAX_LIMIT)), "from_seq": from_seq}
    readable = "SELECT id FROM messages WHERE chat_id = :chat_id AND seq >= :from_seq"
    if around_seq is not None:
        values |= {"seq": around_seq, "before": values["limit"] // 2, "after": values["limit"] - values["limit"] // 2}
        chosen = (
            f"({readable} AND seq < :seq ORDER BY seq DESC LIMIT :before)"
            f" UNION ALL ({readable} AND seq >= :seq ORDER BY seq LIMIT :after)"
        )
    elif after_seq is not None:
        values["seq"] = after_seq
        chosen = f"{readable} AND seq > :seq ORDER BY seq LIMIT :limit"
    elif before_seq is not None:
        values["seq"] = before_seq
        chosen = f"{readable} AND seq < :seq ORDER BY seq DESC LIMIT :limit"
    else:
        chosen = f"{readable} ORDER BY seq DESC LIMIT :limit"
    rows = session.execute(text(f"SELECT {_COLUMNS} WHERE m.id IN ({chosen}) ORDER BY m.seq"), values)
    return [cut_quote(as_json(row), from_seq) for row in rows]


def one(session: Session, message_id: int) -> dict[str, Any]:
    """Return one message."""
    return as_json(session.execute(text(f"SELECT {_COLUMNS} WHERE m.id = :id"), {"id": message_id}).one())


def sent_before(session: Session, chat_id: int, author_id: int, client_id: str) -> dict[str, Any] | None:
    """Return the message that this author has sent to the chat under this ``client_id``."""
    row = session.execute(
        text(f"SELECT {_COLUMNS} WHERE m.chat_id = :chat_id AND m.author_id = :author_id AND m.client_id = :client_id"),
        {"chat_id": chat_id, "author_id": author_id, "client_id": client_id},
    ).one_or_none()
    return as_json(row) if row is not None else None


def changed_since(session: Session, user_id: int, since: dt.datetime, limit: int) -> list[dict[str, Any]]:
    """Return the events a person missed: ``message`` for each new one, ``message.changed`` for each one changed since.

    A message that came and was changed meanwhile is told as both, with the same content. Looks only into chats that
    changed, so a quiet account costs nothing.
    """
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS} WHERE m.id IN ("
            " SELECT x.id FROM chat_members p JOIN chats c ON c.id = p.chat_id AND c.changed_at > :since"
            " JOIN LATERAL (SELECT y.id FROM messages y WHERE y.chat_id = c.id AND y.changed_at > :since"
            "  AND y.seq >= p.from_seq ORDER BY y.changed_at LIMIT :limit) x ON true"
            " WHERE p.user_id = :user_id AND p.left_at IS NULL LIMIT :limit)"
            " ORDER BY m.chat_id, m.seq"
        ),
        {"user_id": user_id, "since": since, "limit": limit},
    ).all()
    quoting = {row.chat_id for row in rows if row.reply_id is not None}
    begins = _beginnings(session, user_id, quoting) if quoting else {}
    events: list[dict[str, Any]] = []
    for row in rows:
        message, new = cut_quote(as_json(row), begins.get(row.chat_id, 0)), row.stored_at > since
        if new:
            events.append({"event": "message", "data": message})
        if not new or row.changed_at > row.stored_at + _SAME:
            events.append({"event": "message.changed", "data": message})
    return events


def _beginnings(session: Session, user_id: int, chat_ids: Collection[int]) -> dict[int, int]:
    """The first message that a person may read, of the chats where that is not the first one."""
    rows = session.execute(
        text(
            "SELECT chat_id, from_seq FROM chat_members"
            " WHERE user_id = :user_id AND chat_id = ANY(:ids) AND from_seq > 0"
        ),
        {"user_id": user_id, "ids": list(chat_ids)},
    )
    return {row.chat_id: row.from_seq for row in rows}


def cut_quote(message: dict[str, Any], from_seq: int) -> dict[str, Any]:
    """The message for somebody who may read from ``from_seq`` on: what it quotes from before that is left out."""
    quoted = message["reply_to"]
    return message if quoted is None or quoted["seq"] >= from_seq else message | {"reply_to": None}


# Both times of a new row are taken within one statement.
_SAME = dt.timedelta(milliseconds=1)


def as_json(row: Row[Any]) -> dict[str, Any]:
    """Return a message in PROTOCOL's shape; of a deleted one only that it was there."""
    deleted = row.deleted_at is not None
    return {
        "id": row.id,
        "chat_id": row.chat_id,
        "seq": row.seq,
        "author": author_of(row.author_kind, row.author_id, row.author_name, row.author_free),
        "body": "" if deleted else row.body,
        "client_id": row.client_id,
        "created_at": row.created_at.isoformat(),
        "changed_at": row.changed_at.isoformat(),
        "edited_at": row.edited_at.isoformat() if row.edited_at else None,
        "deleted": deleted,
        "reply_to": _quote(row) if row.reply_id is not None else None,
        "mentions": [] if deleted else row.mentions or [],
        "reactions": [] if deleted else row.reactions or [],
        "files": [] if deleted else [file_json(file) for file in row.files or []],
        "note": row.note,
        "public": row.public,
    } | _on_its_way(row.not_delivered)


def _on_its_way(way: dict[str, Any] | None) -> dict[str, Any]:
    """What has not reached its messenger: why it failed, or the next try and what the one before said."""
    if way is None:
        return {}
    return {"failed": way["reason"]} if way["failed"] else {"waiting": {"reason": way["reason"], "at": way["next"]}}


def author_of(kind: str, user_id: int | None, name: str | None, free: bool = False) -> dict[str, Any]:
    """Return who speaks; of a free user it says so."""
    return {"kind": kind, "id": user_id, "name": name or ""} | ({"free": True} if free else {})


def file_json(file: dict[str, Any]) -> dict[str, Any]:
    """Return a file in PROTOCOL's shape, from its columns."""
    done = file["thumbnail"] == "done"
    return {
        **file,
        "kind": "image" if file["type"].startswith("image/") else "file",
        "url": url_of(file["id"]),
        "thumbnail_url": thumbnail_url_of(file["id"]) if done else None,
    }


def _quote(row: Row[Any]) -> dict[str, Any]:
    deleted = row.reply_deleted_at is not None
    return {
        "id": row.reply_id,
        "seq": row.reply_seq,
        "author": author_of(row.reply_author_kind, row.reply_author_id, row.reply_author_name, row.reply_author_free),
        "body": "" if deleted else row.reply_body,
        "deleted": deleted,
    }
