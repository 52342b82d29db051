"""What a client may read, and nothing else: the public messages of the own chat and its talk.

Every payload for /visitor and /widget/api is made here, from columns named one by one.
"""

from __future__ import annotations

from typing import Any

from itsdangerous import BadSignature
from sqlalchemy import Connection, Row, text
from sqlalchemy.orm import Session

from app.services import signing
from app.services.talks.talk_settings import TalkSettings

MAX_LIMIT = 100
SCALE = [1, 10]
_FILE_SALT = "visitor-file"

# A colleague is shown by the written name only: a user name may be a mail address.
_PERSON = "nullif(trim(concat(u.first_name, ' ', u.last_name)), '')"

_FILES = """
(SELECT jsonb_agg(jsonb_build_object('id', f.id, 'name', f.name, 'size', f.size, 'type', f.type, 'width', f.width,
                                     'height', f.height, 'thumbnail', f.thumbnail) ORDER BY f.id)
 FROM chat_files f WHERE f.message_id = m.id AND f.deleted_at IS NULL)
"""

_COLUMNS = f"""
    m.id, m.chat_id, m.seq, m.author_kind, CASE m.author_kind WHEN 'user' THEN {_PERSON} END AS author_name,
    CASE m.author_kind WHEN 'visitor' THEN m.client_id END AS client_id, m.body, m.created_at, m.changed_at,
    m.edited_at, m.deleted_at, CASE WHEN m.has_files THEN {_FILES} END AS files
FROM messages m LEFT JOIN ab_user u ON u.id = m.author_id
WHERE m.public
"""

_TALK = f"""
SELECT t.number, t.state, t.score, t.survey_asked_at IS NOT NULL AND t.state = 'closing' AND t.score IS NULL AS asking,
       {_PERSON} AS agent
FROM talks t LEFT JOIN ab_user u ON u.id = t.responsible_id
WHERE t.chat_id = :chat_id ORDER BY t.number DESC LIMIT 1
"""


def page(
    session: Session, chat_id: int, *, before_seq: int | None = None, after_seq: int | None = None, limit: int = 50
) -> tuple[list[dict[str, Any]], bool]:
    """Return up to ``limit`` public messages by ascending ``seq``, and whether there are more in that direction."""
    limit = max(1, min(limit, MAX_LIMIT))
    values: dict[str, Any] = {"chat_id": chat_id, "limit": limit + 1}
    bound, order = "", "DESC"
    if after_seq is not None:
        bound, order, values["seq"] = " AND m.seq > :seq", "ASC", after_seq
    elif before_seq is not None:
        bound, values["seq"] = " AND m.seq < :seq", before_seq
    query = f"SELECT {_COLUMNS} AND m.chat_id = :chat_id{bound} ORDER BY m.seq {order} LIMIT :limit"
    rows = session.execute(text(query), values).all()
    shown = rows[:limit] if order == "ASC" else rows[:limit][::-1]
    return [as_json(row) for row in shown], len(rows) > limit


def one(session: Session | Connection, message_id: int) -> dict[str, Any] | None:
    """Return a message if the client may read it."""
    row = session.execute(text(f"SELECT {_COLUMNS} AND m.id = :id"), {"id": message_id}).one_or_none()
    return as_json(row) if row is not None else None


def talk_of(session: Session | Connection, chat_id: int | None, settings: TalkSettings) -> dict[str, Any] | None:
    """Return the newest talk of a chat as its client sees it."""
    if chat_id is None:
        return None
    row = session.execute(text(_TALK), {"chat_id": chat_id}).one_or_none()
    if row is None:
        return None
    return {
        "number": row.number,
        "state": row.state,
        "agent": {"name": row.agent} if row.agent else None,
        "survey": survey(row.number, settings) if row.asking else None,
        "score": row.score,
    }


def survey(number: int, settings: TalkSettings) -> dict[str, Any]:
    """Return the question for a score. ``default``: nobody has worded it, so the widget asks in its own language."""
    return {"number": number, "text": settings.question, "default": not settings.nps_text, "scale": SCALE}


def team_read_seq(session: Session, chat_id: int) -> int:
    """Return up to which public message of the chat somebody of the team has read."""
    return int(
        session.execute(
            text(
                "SELECT coalesce(max(m.seq), 0) FROM messages m WHERE m.chat_id = :chat_id AND m.public AND m.seq <="
                " (SELECT coalesce(max(p.last_read_seq), 0) FROM chat_members p"
                "  WHERE p.chat_id = :chat_id AND p.left_at IS NULL AND p.role IN ('member', 'helper'))"
            ),
            {"chat_id": chat_id},
        ).scalar_one()
    )


def as_json(row: Row[Any]) -> dict[str, Any]:
    """Return a public message in the visitor's shape; of a deleted one only that it was there."""
    deleted = row.deleted_at is not None
    return {
        "id": row.id,
        "chat_id": row.chat_id,
        "seq": row.seq,
        "author": {"kind": row.author_kind, "id": None, "name": row.author_name or ""},
        "body": "" if deleted else row.body,
        "client_id": row.client_id,
        "created_at": row.created_at.isoformat(),
        "changed_at": row.changed_at.isoformat(),
        "edited_at": row.edited_at.isoformat() if row.edited_at else None,
        "deleted": deleted,
        "reply_to": None,
        "mentions": [],
        "reactions": [],
        "files": [] if deleted else [file_json(file) for file in row.files or []],
    }


def file_json(file: dict[str, Any]) -> dict[str, Any]:
    """Return a file with addresses that carry their own right: an <img> sends no headers."""
    signature = signing.dumps(file["id"], _FILE_SALT)
    url = f"/widget/api/files/{file['id']}"
    return {
        **file,
        "kind": "image" if file["type"].startswith("image/") else "file",
        "url": f"{url}?s={signature}",
        "thumbnail_url": f"{url}/thumbnail?s={signature}" if file["thumbnail"] == "done" else None,
    }


def may_open_file(file_id: int, signature: str) -> bool:
    """Whether an address of a file is one that we gave out."""
    try:
        return bool(signing.loads(signature, _FILE_SALT) == file_id)
    except BadSignature:
        return False
