"""Messages as they are sent; what becomes of them later is in ``message_changes.py``.

Sending is one statement (lock the chat, next ``seq``, insert), the commit and one emit. It is never done twice: a
repeat hits the unique ``client_id`` and is answered with the first message.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError

from app import access, clock
from app.errors import Conflict, NotFound, UserError
from app.extensions import db
from app.models.chats import ChatKind
from app.services.chats import chat_files, chat_live, chat_news, mentions, message_pages
from app.services.chats.drafts import Draft, read_draft
from app.services.clients import client_messages
from app.services.people.names import FREE_SQL, NAME_SQL
from app.services.records import card_chats
from app.services.shared_buckets import SharedBuckets
from app.transaction import on_commit, transaction

# How fast one person may write, by whichever web process.
WRITING = SharedBuckets("messages", burst=120, per_second=4.0)

# The author's membership and session are part of the statement: whoever left or was deactivated sends nothing.
_SEND = text(f"""
WITH author AS (
    SELECT m.chat_id, {NAME_SQL} AS name, {FREE_SQL} AS free FROM chat_members m JOIN ab_user u ON u.id = m.user_id
    WHERE m.chat_id = :chat_id AND m.user_id = :author_id AND m.left_at IS NULL
      AND u.active AND (CAST(:epoch AS int) IS NULL OR u.session_epoch = :epoch)
), chat AS (
    UPDATE chats c SET last_seq = c.last_seq + 1, last_message_at = :now, last_author_id = :author_id,
                       changed_at = clock_timestamp()
    FROM author WHERE c.id = author.chat_id AND c.archived_at IS NULL AND c.kind <> 'client'
      AND (c.kind <> 'direct' OR NOT EXISTS (
          SELECT FROM account_settings s WHERE s.name = 'direct_chats' AND s.value = '"off"'))
    RETURNING c.id, c.last_seq, c.kind, c.direct_key, author.name, author.free
), message AS (
    INSERT INTO messages (chat_id, seq, author_kind, author_id, client_id, body, reply_to_id, mentions, mentioned_ids,
                          mentions_all, has_files, created_at)
    SELECT chat.id, chat.last_seq, 'user', :author_id, :client_id, :body, CAST(:reply_to AS bigint),
           CAST(:mentions AS jsonb), CAST(:mentioned_ids AS int[]), :mentions_all, :has_files, :now
    FROM chat RETURNING id, seq, changed_at
)
SELECT message.id, message.seq, message.changed_at, chat.kind, chat.direct_key, chat.name, chat.free FROM message, chat
""")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message is heard."""

    id: int
    kind: str
    direct_key: str | None


def send(author_id: int, chat_id: int, draft: Draft, epoch: int | None = None) -> tuple[dict[str, Any], bool]:
    """Send a message and return it, and whether it is new: a repeat answers the first one.

    ``epoch`` is the session's, where the caller has not checked it. Owns its transaction, because a repeat is found by
    the database refusing it. Raises UserError naming the field, NotFound for a chat that is not the author's.
    """
    WRITING.take(str(author_id))
    try:
        with transaction():
            return _store(author_id, chat_id, draft, epoch), True
    except IntegrityError as error:
        if getattr(getattr(error.orig, "diag", None), "constraint_name", None) != "uq_messages_client":
            raise
    first = message_pages.sent_before(db.session(), chat_id, author_id, draft.client_id)
    if first is None:
        raise Conflict("try_again", "Please send this again")
    return first, False


def answer(user_id: int, chat_id: int, words: str, client_id: str) -> None:
    """Send what somebody answered from a messenger; the same answer twice is one message. Raises like send."""
    send(user_id, chat_id, read_draft({"client_id": client_id, "body": words}))


def _store(author_id: int, chat_id: int, draft: Draft, epoch: int | None) -> dict[str, Any]:
    meant = mentions.resolve(chat_id, author_id, draft.body) if "@" in draft.body else mentions.NONE
    if meant.everybody:
        mentions.require_confirmation(chat_id, draft.confirm_all)
    if draft.reply_to is not None:
        _check_reply(author_id, chat_id, draft.reply_to)
    files = chat_files.loose(author_id, chat_id, draft.file_ids) if draft.file_ids else []
    now = clock.now()
    row = db.session.execute(
        _SEND,
        {
            "chat_id": chat_id,
            "author_id": author_id,
            "epoch": epoch,
            "client_id": draft.client_id,
            "body": draft.body,
            "reply_to": draft.reply_to,
            "has_files": bool(files),
            "now": now,
            **mention_values(meant),
        },
    ).first()
    if row is None:
        refusal = _why_not(author_id, chat_id, epoch)
        if refusal is not None:
            raise refusal
        return client_messages.answer(author_id, chat_id, draft)
    if files:
        chat_files.attach(files, row.id)
    if files or draft.reply_to is not None:
        message = message_pages.one(db.session(), row.id)
    else:
        message = _plain(row, author_id, chat_id, draft, meant, now.isoformat())
    if row.kind == ChatKind.CARD:
        card_chats.wrote(author_id, chat_id, meant)
    place = Place(chat_id, row.kind, row.direct_key)
    on_commit(lambda: chat_live.tell("message", place, message))
    on_commit(lambda: chat_news.wake(chat_id))
    return message


def _plain(
    row: Row[Any], author_id: int, chat_id: int, draft: Draft, meant: mentions.Mentions, at: str
) -> dict[str, Any]:
    """A message without quote and files is known without asking the database again."""
    return {
        "id": row.id,
        "chat_id": chat_id,
        "seq": row.seq,
        "author": message_pages.author_of("user", author_id, row.name, row.free),
        "body": draft.body,
        "client_id": draft.client_id,
        "created_at": at,
        "changed_at": row.changed_at.isoformat(),
        "edited_at": None,
        "deleted": False,
        "reply_to": None,
        "mentions": list(meant.spans),
        "reactions": [],
        "files": [],
        "note": False,
        "public": False,
    }


def mention_values(meant: mentions.Mentions) -> dict[str, Any]:
    """Return the columns that keep whom a message mentions."""
    return {
        "mentions": json.dumps(meant.spans) if meant.spans else None,
        "mentioned_ids": list(meant.user_ids) or None,
        "mentions_all": meant.everybody,
    }


def _check_reply(author_id: int, chat_id: int, message_id: int) -> None:
    found = db.session.execute(
        text(
            "SELECT 1 FROM messages m JOIN chat_members p ON p.chat_id = m.chat_id AND p.user_id = :author_id"
            " WHERE m.id = :id AND m.chat_id = :chat_id AND m.author_kind <> 'system' AND p.left_at IS NULL"
        ),
        {"id": message_id, "chat_id": chat_id, "author_id": author_id},
    ).first()
    if found is None:
        access.access_chat(author_id, chat_id)
        raise UserError("invalid", "The message that you answer is not in this chat", "reply_to")


def _why_not(author_id: int, chat_id: int, epoch: int | None) -> UserError | None:
    """Say why nothing was stored; the order does not tell outsiders that a chat exists.

    None: it is a client's chat, where more than the message is to be done.
    """
    if epoch is not None:
        valid = db.session.execute(
            text("SELECT 1 FROM ab_user WHERE id = :id AND active AND session_epoch = :epoch"),
            {"id": author_id, "epoch": epoch},
        ).first()
        if valid is None:
            return UserError("session_ended", "Your session has ended", status=401)
    try:
        chat = access.access_chat(author_id, chat_id).chat
    except NotFound as error:
        return error
    if chat.archived_at is not None:
        return Conflict("archived", "This chat is archived")
    if chat.kind == ChatKind.CLIENT:
        return None
    if chat.direct_key:
        return UserError("direct_chats_off", "Direct chats are switched off", status=403)
    return Conflict("try_again", "Please send this again")
