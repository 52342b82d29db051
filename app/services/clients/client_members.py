"""Who of the team is in a client's chat, and how: told of news, told once, looking in, or asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text

from app import clock
from app.extensions import db
from app.models.chats import MemberRole
from app.models.people import User, full_name
from app.services.account import account
from app.services.chats import chat_live, chat_reading
from app.services.people.held_roles import TEAM
from app.services.talks.talk_sight import NEWEST, PEOPLE, SEES
from app.transaction import on_commit

# What was written before somebody comes in is behind them, but for the last message, which they are told about.
_PUT = text("""
INSERT INTO chat_members AS m (chat_id, user_id, role, joined_at, last_read_seq, from_seq)
SELECT c.id, asked.user_id, :role, :now, greatest(c.last_seq - CAST(:news AS int), 0), :from_seq
FROM chats c, unnest(CAST(:user_ids AS int[])) AS asked(user_id)
WHERE c.id = :chat_id
ON CONFLICT (chat_id, user_id) DO UPDATE SET
    role = CASE WHEN :role = 'viewer' AND m.left_at IS NULL THEN m.role ELSE :role END,
    left_at = NULL, archived_seq = CASE WHEN :role = 'viewer' THEN m.archived_seq END,
    joined_at = CASE WHEN m.left_at IS NULL THEN m.joined_at ELSE excluded.joined_at END,
    last_read_seq = CASE WHEN m.left_at IS NULL AND m.role = 'member' THEN m.last_read_seq
                         ELSE excluded.last_read_seq END,
    from_seq = CASE WHEN m.left_at IS NULL THEN least(m.from_seq, excluded.from_seq) ELSE excluded.from_seq END,
    changed_at = clock_timestamp(), moved_at = clock_timestamp()
RETURNING m.user_id
""")

# Free users keep their place: somebody let them answer this client, whoever has the talk.
_TAKEN = text(f"""
UPDATE chat_members m SET role = CASE WHEN m.role = 'member' THEN 'told' ELSE m.role END, last_read_seq = c.last_seq,
       marked_unread = false, changed_at = clock_timestamp()
FROM chats c, ab_user u WHERE c.id = m.chat_id AND m.chat_id = :chat_id AND m.user_id <> :user_id AND m.left_at IS NULL
  AND m.role IN ('member', 'told') AND u.id = m.user_id AND {TEAM}
RETURNING m.user_id
""")


_PERSON = PEOPLE.replace("u.id = ANY(:ids)", "u.id = m.user_id")
# Who may not see the chat's newest talk as it is now, and was told once, looked in, or waits with a group for somebody
# to take it. Free users came in by being asked, and stay.
_UNSEEN = text(f"""
SELECT m.chat_id, m.user_id FROM chat_members m JOIN chats c ON c.id = m.chat_id AND c.kind = 'client'
WHERE m.left_at IS NULL AND m.role IN ('told', 'viewer') AND (CAST(:chat_id AS int) IS NULL OR m.chat_id = :chat_id)
  AND NOT EXISTS (
    SELECT FROM {_PERSON} p
    JOIN talks t ON t.chat_id = m.chat_id
        AND {NEWEST}
    WHERE {SEES})
UNION ALL
SELECT m.chat_id, m.user_id FROM talks t JOIN chat_members m ON m.chat_id = t.chat_id CROSS JOIN LATERAL {_PERSON} p
WHERE t.state = 'open' AND t.responsible_id IS NULL AND m.left_at IS NULL AND m.role = 'member'
  AND (CAST(:chat_id AS int) IS NULL OR m.chat_id = :chat_id) AND p.team AND ({SEES}) IS NOT TRUE
ORDER BY chat_id, user_id LIMIT :limit
""")
_PART = text("""
UPDATE chat_members m SET left_at = :now, changed_at = clock_timestamp(), moved_at = clock_timestamp()
FROM unnest(CAST(:chat_ids AS int[]), CAST(:user_ids AS int[])) AS o(chat_id, user_id)
WHERE m.chat_id = o.chat_id AND m.user_id = o.user_id
""")
PART_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class _Room:
    id: int
    kind: str = "client"
    direct_key: str | None = None


def put(chat_id: int, user_ids: Collection[int], role: MemberRole, *, news: int = 1, from_seq: int = 0) -> None:
    """Let people into a client's chat; ``news`` of its last messages are new to who comes in.

    ``from_seq`` is the first message that they may read.
    """
    if not user_ids:
        return
    db.session.execute(
        _PUT,
        {
            "chat_id": chat_id,
            "user_ids": list(user_ids),
            "role": role.value,
            "now": clock.now(),
            "news": news,
            "from_seq": from_seq,
        },
    )
    people = list(user_ids)
    on_commit(lambda: chat_live.moved(_Room(chat_id), people, enter=True))


def taken(chat_id: int, user_id: int) -> None:
    """The talk is this person's: the others keep a silent, read copy, and nothing more is sent to them."""
    put(chat_id, [user_id], MemberRole.MEMBER, news=0)
    others = [row.user_id for row in db.session.execute(_TAKEN, {"chat_id": chat_id, "user_id": user_id})]
    chat_reading.cancel(chat_id, others, "taken")
    part_unseen(chat_id, taken_by=user_id)
    on_commit(lambda: chat_live.changed_items(chat_id, [user_id, *others]))


def part_unseen(chat_id: int | None = None, taken_by: int | None = None) -> int:
    """Take out of a client's chat, or of all, who kept a silent copy and may not see the talk any more.

    Nothing of it is read, heard or found by them from then on. Return how many: at most ``PART_AT_ONCE``.
    """
    if account.record_visibility() == "all":
        return 0
    db.session.flush()
    found = db.session.execute(_UNSEEN, {"chat_id": chat_id, "limit": PART_AT_ONCE}).all()
    if not found:
        return 0
    by_chat: dict[int, list[int]] = {}
    for row in found:
        by_chat.setdefault(row.chat_id, []).append(row.user_id)
    db.session.execute(
        _PART,
        {
            "now": clock.now(),
            "chat_ids": [row.chat_id for row in found],
            "user_ids": [row.user_id for row in found],
        },
    )
    taker = db.session.get(User, taken_by) if taken_by is not None else None
    name = full_name(taker) if taker is not None else None
    on_commit(lambda: _show_parted(by_chat, name))
    return len(found)


def _show_parted(by_chat: dict[int, list[int]], taken_by: str | None) -> None:
    for chat_id, people in by_chat.items():
        chat_live.moved(_Room(chat_id), people, enter=False)
    chat_live.all_removed(by_chat, taken_by)


def role_of(chat_id: int, user_id: int) -> str | None:
    """Return how somebody is in the chat, None for who is not."""
    statement = text("SELECT role FROM chat_members WHERE chat_id = :id AND user_id = :user_id AND left_at IS NULL")
    return db.session.execute(statement, {"id": chat_id, "user_id": user_id}).scalar()


def change_role(chat_id: int, user_id: int, role: MemberRole) -> None:
    """Let somebody who is in the chat do more or less there; what they have read stays as it is."""
    statement = (
        "UPDATE chat_members SET role = :role, changed_at = clock_timestamp()"
        " WHERE chat_id = :id AND user_id = :user_id AND left_at IS NULL"
    )
    db.session.execute(text(statement), {"id": chat_id, "user_id": user_id, "role": role.value})
    on_commit(lambda: chat_live.changed_items(chat_id, [user_id]))


def from_seq_of(chat_id: int, user_id: int) -> int:
    """Return the first message that somebody may read; 0 for all but who was asked about one talk."""
    statement = text("SELECT from_seq FROM chat_members WHERE chat_id = :id AND user_id = :user_id AND left_at IS NULL")
    return int(db.session.execute(statement, {"id": chat_id, "user_id": user_id}).scalar() or 0)


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
