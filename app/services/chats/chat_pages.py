"""Chats as one person sees them: the list, one with its members, and who has read how far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, text

from app import access
from app.errors import NotFound
from app.extensions import db
from app.models.base import sort_key_of
from app.services.account import account
from app.services.chats.chat_feed import MEMBERS, PRESENT, WAITS, picture_url, url_of
from app.services.clients import client_words
from app.services.people.names import FREE_SQL, NAME_SQL
from app.services.searching import escaped

MAX_CHATS = 200

_VIEW = f"""
SELECT c.id, c.kind, c.subject_type, c.subject_id, c.name, c.picture, c.linked,
       c.last_seq, c.last_message_at, c.created_at,
       greatest(c.changed_at, m.changed_at) AS changed_at, c.archived_at IS NOT NULL AS archived,
       m.role, m.mute, m.by_link, m.last_read_seq, g.id AS group_id,
       coalesce(nullif(g.label, ''), g.name) AS group_name,
       o.id AS person_id, o.username AS person_username, o.name AS person_name, o.picture AS person_picture,
       o.active AS person_active, o.free AS person_free, c.contact_id,
       {client_words.COLUMNS},
       {MEMBERS} AS members
FROM chat_members m JOIN chats c ON c.id = m.chat_id
LEFT JOIN ab_group g ON g.id = c.group_id
LEFT JOIN LATERAL (
    SELECT u.id, u.username, {NAME_SQL} AS name, u.picture, u.active, {FREE_SQL} AS free
    FROM chat_members t JOIN ab_user u ON u.id = t.user_id
    WHERE t.chat_id = c.id AND t.user_id <> m.user_id LIMIT 1
) o ON c.kind = 'direct'
LEFT JOIN LATERAL (SELECT c.id, c.kind, m.user_id) p ON true
{client_words.JOIN}
WHERE m.user_id = :user_id AND m.left_at IS NULL
"""

_MEMBERS = text(f"""
SELECT u.id, u.username, {NAME_SQL} AS name, u.picture, u.active, m.role, m.last_read_seq,
       {FREE_SQL} AS free
FROM chat_members m JOIN ab_user u ON u.id = m.user_id
WHERE m.chat_id = :chat_id AND m.left_at IS NULL ORDER BY u.sort_key, u.id
""")


def of_person(user_id: int, *, archived: bool = False, q: str = "") -> list[dict[str, Any]]:
    """Return a person's chats, the newest first, at most MAX_CHATS."""
    values: dict[str, Any] = {"user_id": user_id, "limit": MAX_CHATS}
    where = f"{_VIEW} AND {PRESENT} AND c.kind <> 'client' AND c.archived_at IS {'NOT ' if archived else ''}NULL"
    key = escaped(sort_key_of(q))
    if key:
        values["q"] = f"%{key}%"
        where += (
            " AND (c.sort_key LIKE :q OR c.kind = 'direct' AND EXISTS (SELECT FROM chat_members t"
            " JOIN ab_user u ON u.id = t.user_id WHERE t.chat_id = c.id AND t.user_id <> :user_id"
            " AND u.sort_key LIKE :q))"
        )
    query = f"{where} ORDER BY coalesce(c.last_message_at, m.joined_at) DESC, c.id DESC LIMIT :limit"
    direct = account.direct_chats_on()
    return [_as_json(row, direct) for row in db.session.execute(text(query), values)]


def one(user_id: int, chat_id: int) -> dict[str, Any]:
    """Return one chat without its members. Raises NotFound for everybody who is not in it."""
    row = None
    if 0 < chat_id < 2**31:
        query = text(f"{_VIEW} AND m.chat_id = :chat_id")
        row = db.session.execute(query, {"user_id": user_id, "chat_id": chat_id}).one_or_none()
        if row is None:
            # Who may see a client's talk is let in by looking; everybody else is told that there is no such chat.
            access.access_chat(user_id, chat_id)
            row = db.session.execute(query, {"user_id": user_id, "chat_id": chat_id}).one_or_none()
    if row is None:
        raise NotFound("Chat")
    return _as_json(row, account.direct_chats_on())


def members_of(chat_id: int) -> list[dict[str, Any]]:
    """Return the members of a chat that the caller may see, by name."""
    return [
        {
            "id": row.id,
            "username": row.username,
            "name": row.name,
            "picture_url": row.picture,
            "role": row.role,
            "free": row.free,
            "active": row.active,
            "last_read_seq": row.last_read_seq,
        }
        for row in db.session.execute(_MEMBERS, {"chat_id": chat_id})
    ]


def readers_of(chat_id: int, seq: int) -> list[dict[str, Any]]:
    """Return who has read a message, its author left out."""
    rows = db.session.execute(
        text(
            f"SELECT u.id, {NAME_SQL} AS name, {FREE_SQL} AS free, m.last_read_seq"
            " FROM chat_members m JOIN ab_user u ON u.id = m.user_id"
            " WHERE m.chat_id = :chat_id AND m.left_at IS NULL AND m.last_read_seq >= :seq"
            " AND m.user_id IS DISTINCT FROM"
            " (SELECT author_id FROM messages WHERE chat_id = :chat_id AND seq = :seq) ORDER BY u.sort_key, u.id"
        ),
        {"chat_id": chat_id, "seq": seq},
    )
    return [{"id": row.id, "name": row.name, "free": row.free, "at_seq": row.last_read_seq} for row in rows]


def first_unread_seq(user_id: int, chat_id: int) -> int | None:
    """Return where the person's unread messages of a chat begin."""
    row = db.session.execute(
        text(
            "SELECT x.seq FROM chat_members m JOIN messages x ON x.chat_id = m.chat_id AND x.seq > m.last_read_seq"
            f" WHERE m.chat_id = :chat_id AND m.user_id = :user_id AND {WAITS} ORDER BY x.seq LIMIT 1"
        ),
        {"chat_id": chat_id, "user_id": user_id},
    ).first()
    return row.seq if row is not None else None


def _as_json(row: Row[Any], direct_chats_on: bool) -> dict[str, Any]:
    direct, client = row.kind == "direct", row.kind == "client"
    said: dict[str, Any] = {}
    if client:
        said = {
            "talk": client_words.talk_of(row),
            "contact": client_words.contact_of(row),
            "client": client_words.client_of(row),
        }
    elif row.subject_type is not None:
        url = card_url(row.subject_type, row.subject_id)
        said = {"card": {"type": row.subject_type, "id": row.subject_id, "url": url}}
    return {
        "id": row.id,
        "kind": row.kind,
        "title": row.person_name if direct else row.contact_name if client else row.name,
        "name": row.name,
        "picture_url": row.person_picture if direct else picture_url(row.id, row.picture),
        "person": _person(row) if direct else None,
        "group": {"id": row.group_id, "name": row.group_name} if row.group_id is not None else None,
        "linked": row.linked and row.group_id is not None,
        "role": row.role,
        "mute": row.mute,
        "archived": row.archived,
        "members": row.members,
        "last_seq": row.last_seq,
        "last_read_seq": row.last_read_seq,
        "last_message_at": row.last_message_at.isoformat() if row.last_message_at else None,
        "created_at": row.created_at.isoformat(),
        "changed_at": row.changed_at.isoformat(),
        "url": url_of(row.id),
        "can": _rights(row, direct_chats_on),
        **said,
    }


def card_url(kind: str, record_id: int) -> str:
    """Return where the card of a lead, contact or company is."""
    return f"/{kind}view/show/{record_id}"


def _rights(row: Row[Any], direct_chats_on: bool) -> Mapping[str, bool]:
    """What the person's buttons may offer; the services decide anew."""
    group, owner, open_ = row.kind == "group", row.role == "owner", not row.archived
    follows = row.linked and row.by_link and row.group_id is not None
    return {
        "send": open_ and (row.role != "guest" if row.kind == "client" else row.kind != "direct" or direct_chats_on),
        "note": open_ and row.kind == "client",
        "rename": group and owner and open_,
        "add": group and open_,
        "remove": group and owner and open_,
        "leave": group and open_ and not follows,
        "archive": group and owner,
    }


def _person(row: Row[Any]) -> dict[str, Any] | None:
    if row.person_id is None:
        return None
    return {
        "id": row.person_id,
        "username": row.person_username,
        "name": row.person_name,
        "picture_url": row.person_picture,
        "active": row.person_active,
        "free": row.person_free,
    }
