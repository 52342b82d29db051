"""The files of a chat, newest first: what its details list."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from app import access
from app.errors import UserError
from app.extensions import db
from app.services.chats.message_pages import author_of, file_json
from app.services.people.names import FREE_SQL, NAME_SQL

MOST = 100

_FILES = text(f"""
SELECT f.id, f.name, f.size, f.type, f.width, f.height, f.thumbnail, x.seq, x.created_at, x.author_kind, x.author_id,
       {NAME_SQL} AS author, {FREE_SQL} AS author_free
FROM chat_files f JOIN messages x ON x.id = f.message_id LEFT JOIN ab_user u ON u.id = x.author_id
WHERE f.chat_id = :chat_id AND f.deleted_at IS NULL AND (CAST(:before AS int) IS NULL OR f.id < :before)
  AND x.seq >= :from_seq
ORDER BY f.id DESC LIMIT :limit
""")


def of_chat(user_id: int, chat_id: int, *, before: int | None = None, limit: int = 30) -> dict[str, Any]:
    """Return ``{"files": [{…, "seq", "at", "author"}…], "more"}``: those sent before the file ``before``.

    Raises NotFound for a chat that is not this person's, UserError on ``limit``.
    """
    if not 1 <= limit <= MOST:
        raise UserError("invalid", f"From 1 to {MOST}", "limit", 400)
    own = access.access_chat(user_id, chat_id)
    values = {"chat_id": chat_id, "before": before, "limit": limit + 1, "from_seq": own.from_seq}
    rows = db.session.execute(_FILES, values).all()
    columns = ("id", "name", "size", "type", "width", "height", "thumbnail")
    files = [
        {
            **file_json({name: getattr(row, name) for name in columns}),
            "seq": row.seq,
            "at": row.created_at.isoformat(),
            "author": author_of(row.author_kind, row.author_id, row.author, row.author_free),
        }
        for row in rows[:limit]
    ]
    return {"files": files, "more": len(rows) > limit}
