"""What a person does with chats as items of the center: read, unread, put away, reminded. One statement for many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from functools import partial
from typing import Any

from sqlalchemy import text

from app import access, clock
from app.extensions import db
from app.services import live, reading, retractions
from app.services.chats import chat_feed, chat_live
from app.services.chats.chat_feed import MEMBERS, PRESENT, PUT_AWAY, UNREAD
from app.services.clients import visitor_live
from app.transaction import on_commit

_READ = "last_read_seq = c.last_seq, marked_unread = false"
_UNREAD = "marked_unread = true, archived_seq = NULL, remind_at = NULL"
_ARCHIVE = f"{_READ}, archived_seq = c.last_seq, remind_at = NULL"
_REMIND = f"{_READ}, archived_seq = c.last_seq, remind_at = :remind_at"

_OF_TAB = {"all": "true", "chats": "c.kind <> 'client'", "clients": "c.kind = 'client'"}

_READ_UPTO = text(f"""
UPDATE chat_members m SET last_read_seq = greatest(m.last_read_seq, least(CAST(:seq AS bigint), c.last_seq)),
       marked_unread = false, changed_at = clock_timestamp()
FROM chats c WHERE c.id = m.chat_id AND m.chat_id = :chat_id AND m.user_id = :user_id AND m.left_at IS NULL
  AND (m.marked_unread OR m.last_read_seq < least(CAST(:seq AS bigint), c.last_seq))
RETURNING m.last_read_seq, m.role, c.id, c.kind, c.direct_key,
          {MEMBERS} AS members
""")


def read(user_id: int, chat_id: int, seq: int) -> int:
    """Note that a person has read a chat up to ``seq``; return up to where it is read. Never goes back.

    The others see it, the person's other devices too; what waits to be sent about it is cancelled. Raises NotFound.
    """
    row = db.session.execute(_READ_UPTO, {"chat_id": chat_id, "user_id": user_id, "seq": seq}).one_or_none()
    if row is None:
        own = access.access_chat(user_id, chat_id)
        _settle_added(user_id, [chat_id])
        return own.last_read_seq
    cancel(chat_id, [user_id], "already_read")
    retractions.chats_read([user_id], [chat_id])
    _settle_added(user_id, [chat_id])
    payload = {"chat_id": chat_id, "user_id": user_id, "seq": row.last_read_seq}
    on_commit(lambda: chat_live.tell_nearby("chat.read", row, row.members, payload))
    if row.kind == "client" and row.role in ("member", "helper"):
        _show_client(chat_id, row.last_read_seq)
    if row.members > chat_live.SMALL_CHAT:
        on_commit(lambda: live.emit("chat.read", payload, [live.room_of(user_id)]))
    on_commit(lambda: chat_live.changed_items(chat_id, [user_id]))
    return int(row.last_read_seq)


def mark_read(user_id: int, chat_ids: Collection[int]) -> list[int]:
    """Mark chats read up to their newest message. Return the ids that changed."""
    changed = _change(user_id, chat_ids, _READ, only=UNREAD)
    _settle_added(user_id, chat_ids)
    _cancel(user_id, changed)
    return changed


def mark_all_read(user_id: int, tab: str) -> list[int]:
    """Mark all chats read in one statement, when ``tab`` shows chats."""
    return (
        _change(user_id, None, _READ, only=f"NOT {PUT_AWAY} AND {UNREAD} AND {_OF_TAB[tab]}", cancels=True)
        if tab in ("all", "chats", "clients")
        else []
    )


def mark_unread(user_id: int, chat_ids: Collection[int]) -> list[int]:
    """Mark chats unread again, taking them out of what was put away."""
    return _change(user_id, chat_ids, _UNREAD, only=f"(NOT {UNREAD} OR {PUT_AWAY})")


def archive(user_id: int, chat_ids: Collection[int]) -> list[int]:
    """Put chats away for oneself; the next message brings them back."""
    return _change(user_id, chat_ids, _ARCHIVE, only=f"NOT {PUT_AWAY}", cancels=True)


def remind(user_id: int, chat_ids: Collection[int], at: dt.datetime) -> list[int]:
    """Put chats away until ``at``. Raises UserError when that is not in the coming year."""
    reading.check_moment(at)
    return _change(user_id, chat_ids, _REMIND, only="true", cancels=True, remind_at=at)


def wake_reminded(limit: int = 500) -> int:
    """Bring back the chats whose moment has come, as unread and with a popup. Return how many."""
    now = clock.now()
    rows = db.session.execute(
        text(
            "UPDATE chat_members m SET marked_unread = true, archived_seq = NULL, remind_at = NULL,"
            " resurfaced_at = :now, changed_at = clock_timestamp() WHERE (chat_id, user_id) IN ("
            " SELECT chat_id, user_id FROM chat_members"
            " WHERE remind_at <= :now AND left_at IS NULL ORDER BY remind_at LIMIT :limit FOR UPDATE SKIP LOCKED)"
            " RETURNING chat_id, user_id"
        ),
        {"now": now, "limit": limit},
    ).all()
    for row in rows:
        on_commit(partial(chat_live.show_items, row.chat_id, [row.user_id], {row.user_id}))
    return len(rows)


def cancel(chat_id: int, user_ids: Collection[int], reason: str, *, but_mentions: bool = False) -> None:
    """Cancel what waits to be sent to people about a chat; ``but_mentions`` lets mentions go out all the same."""
    if not user_ids:
        return
    db.session.execute(
        text(
            "UPDATE deliveries SET state = 'cancelled', skip_reason = :reason, finished_at = :now"
            " WHERE purpose = 'chat' AND state = 'pending' AND user_id = ANY(:user_ids)"
            " AND CAST(data ->> 'chat_id' AS int) = :chat_id"
            " AND NOT (:but_mentions AND data ->> 'tag' = 'chat:mention')"
        ),
        {
            "reason": reason,
            "now": clock.now(),
            "user_ids": list(user_ids),
            "chat_id": chat_id,
            "but_mentions": but_mentions,
        },
    )


def _change(
    user_id: int, chat_ids: Collection[int] | None, setting: str, *, only: str, cancels: bool = False, **values: Any
) -> list[int]:
    if chat_ids is not None and not chat_ids:
        return []
    # Counted among the same rows that the feed shows.
    which = f"m.user_id = :user_id AND {PRESENT}" + (" AND m.chat_id = ANY(:ids)" if chat_ids is not None else "")
    rows = db.session.execute(
        text(
            f"UPDATE chat_members m SET {setting}, changed_at = clock_timestamp()"
            f" FROM chats c WHERE c.id = m.chat_id AND {which} AND {only} RETURNING m.chat_id"
        ),
        {"user_id": user_id, "ids": list(chat_ids or ()), **values},
    )
    changed = [row.chat_id for row in rows]
    if cancels:
        _cancel(user_id, changed)
    if changed and len(changed) <= live.PAYLOADS_UP_TO:
        on_commit(lambda: _show(user_id, changed))
    elif changed:
        on_commit(lambda: live.changed_feed(user_id))
    return changed


def _cancel(user_id: int, chat_ids: Collection[int]) -> None:
    if not chat_ids:
        return
    db.session.execute(
        text(
            "UPDATE deliveries SET state = 'cancelled', skip_reason = 'already_read', finished_at = :now"
            " WHERE purpose = 'chat' AND state = 'pending' AND user_id = :user_id"
            " AND CAST(data ->> 'chat_id' AS int) = ANY(:ids)"
        ),
        {"now": clock.now(), "user_id": user_id, "ids": list(chat_ids)},
    )
    retractions.chats_read([user_id], chat_ids)


def _show_client(chat_id: int, seq: int) -> None:
    """The client sees up to where the team has read."""
    key = visitor_live.key_of(chat_id)
    on_commit(lambda: visitor_live.tell("read", key, {"seq": seq}))


def _settle_added(user_id: int, chat_ids: Collection[int]) -> None:
    """Whoever opened the chat knows that they were added."""
    reading.settle_subjects([f"chat:{chat_id}" for chat_id in chat_ids], only_user_ids=[user_id])


def _show(user_id: int, chat_ids: list[int]) -> None:
    with db.engine.connect() as connection:
        items = chat_feed.items_of(connection, [user_id], chat_ids)
    for _, item in items:
        live.emit("notification.changed", item, [live.room_of(user_id)])
    live.show_counters(user_id)
