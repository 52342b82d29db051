"""Who of the team is in a client's chat, and how: told of news, told once, looking in, or asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text

from app import clock
from app.extensions import db
from app.models.chats import MemberRole
from app.services import chat_live, chat_reading
from app.transaction import on_commit

# What was written before somebody comes in is behind them, but for the last message, which they are told about.
_PUT = text("""
INSERT INTO chat_members AS m (chat_id, user_id, role, joined_at, last_read_seq)
SELECT c.id, asked.user_id, :role, :now, greatest(c.last_seq - CAST(:news AS int), 0)
FROM chats c, unnest(CAST(:user_ids AS int[])) AS asked(user_id)
WHERE c.id = :chat_id
ON CONFLICT (chat_id, user_id) DO UPDATE SET
    role = CASE WHEN :role = 'viewer' AND m.left_at IS NULL THEN m.role ELSE :role END,
    left_at = NULL, archived_seq = CASE WHEN :role = 'viewer' THEN m.archived_seq END,
    joined_at = CASE WHEN m.left_at IS NULL THEN m.joined_at ELSE excluded.joined_at END,
    last_read_seq = CASE WHEN m.left_at IS NULL AND m.role = 'member' THEN m.last_read_seq
                         ELSE excluded.last_read_seq END,
    changed_at = clock_timestamp(), moved_at = clock_timestamp()
RETURNING m.user_id
""")

_TAKEN = text("""
UPDATE chat_members m SET role = CASE WHEN m.role = 'member' THEN 'told' ELSE m.role END, last_read_seq = c.last_seq,
       marked_unread = false, changed_at = clock_timestamp()
FROM chats c WHERE c.id = m.chat_id AND m.chat_id = :chat_id AND m.user_id <> :user_id AND m.left_at IS NULL
  AND m.role IN ('member', 'told')
RETURNING m.user_id
""")


@dataclass(frozen=True, slots=True)
class _Room:
    id: int
    kind: str = "client"
    direct_key: str | None = None


def put(chat_id: int, user_ids: Collection[int], role: MemberRole, *, news: int = 1) -> None:
    """Let people into a client's chat; ``news`` of its last messages are new to who comes in."""
    if not user_ids:
        return
    db.session.execute(
        _PUT,
        {"chat_id": chat_id, "user_ids": list(user_ids), "role": role.value, "now": clock.now(), "news": news},
    )
    people = list(user_ids)
    on_commit(lambda: chat_live.moved(_Room(chat_id), people, enter=True))


def taken(chat_id: int, user_id: int) -> None:
    """The talk is this person's: the others keep a silent, read copy, and nothing more is sent to them."""
    put(chat_id, [user_id], MemberRole.MEMBER, news=0)
    others = [row.user_id for row in db.session.execute(_TAKEN, {"chat_id": chat_id, "user_id": user_id})]
    chat_reading.cancel(chat_id, others, "taken")
    on_commit(lambda: chat_live.changed_items(chat_id, [user_id, *others]))


def role_of(chat_id: int, user_id: int) -> str | None:
    """Return how somebody is in the chat, None for who is not."""
    statement = text("SELECT role FROM chat_members WHERE chat_id = :id AND user_id = :user_id AND left_at IS NULL")
    return db.session.execute(statement, {"id": chat_id, "user_id": user_id}).scalar()


def settle(chat_id: int) -> None:
    """The talk is closed: nobody has to look at it any more, and what was not sent about it is cancelled."""
    rows = db.session.execute(
        text(
            "UPDATE chat_members m SET last_read_seq = c.last_seq, marked_unread = false,"
            " changed_at = clock_timestamp()"
            " FROM chats c WHERE c.id = m.chat_id AND m.chat_id = :chat_id AND m.left_at IS NULL"
            " AND m.role IN ('member', 'told') RETURNING m.user_id"
        ),
        {"chat_id": chat_id},
    )
    people = [row.user_id for row in rows]
    chat_reading.cancel(chat_id, people, "taken")
    on_commit(lambda: chat_live.changed_items(chat_id, people))
