"""Messages: sent, edited, deleted, reacted to.

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
from app.services import card_chats, chat_files, chat_live, chat_news, client_messages, mentions, message_pages
from app.services.drafts import Draft, checked_body, checked_emoji, read_draft
from app.services.names import FREE_SQL, NAME_SQL
from app.services.shared_buckets import SharedBuckets
from app.transaction import on_commit, transaction

MAX_EMOJIS = 20
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


def edit(user_id: int, message_id: int, body: object) -> dict[str, Any]:
    """Change one's own message; what it said before is kept as its trace. Raises UserError, Conflict, NotFound."""
    message = _own(user_id, message_id)
    cleaned = checked_body(body, bool(message.has_files))
    if cleaned == message.body:
        return message_pages.one(db.session(), message_id)
    meant = mentions.resolve(message.chat_id, user_id, cleaned)
    _keep_trace(message, "edit", user_id)
    db.session.execute(
        text(
            "UPDATE messages SET body = :body, edited_at = :now, mentions = CAST(:mentions AS jsonb),"
            # An edit never turns a message into a call to everybody: that needs the author's confirmation.
            " mentioned_ids = CAST(:mentioned_ids AS int[]), mentions_all = mentions_all AND :mentions_all,"
            " changed_at = clock_timestamp() WHERE id = :id"
        ),
        {"id": message_id, "body": cleaned, "now": clock.now(), **_mention_values(meant)},
    )
    if message.chat_kind == ChatKind.CARD:
        card_chats.wrote(user_id, message.chat_id, meant)
    return _changed(message)


def delete(user_id: int, message_id: int) -> dict[str, Any]:
    """Delete one's own message for everybody, its files too; the trace stays with its author. Raises like edit."""
    message = _own(user_id, message_id)
    _keep_trace(message, "delete", user_id)
    now = clock.now()
    db.session.execute(
        text(
            "UPDATE messages SET body = '', deleted_at = :now, mentions = NULL, mentioned_ids = NULL,"
            " mentions_all = false, changed_at = clock_timestamp() WHERE id = :id"
        ),
        {"id": message_id, "now": now},
    )
    db.session.execute(
        text("UPDATE chat_files SET deleted_at = :now WHERE message_id = :id AND deleted_at IS NULL"),
        {"id": message_id, "now": now},
    )
    chat_files.remove_contents(message_id)
    # Whoever had not read it yet has nothing to read any more: the newest message alone no longer decides.
    db.session.execute(
        text("UPDATE chats SET last_author_id = NULL WHERE id = :chat_id AND last_seq = :seq"),
        {"chat_id": message.chat_id, "seq": message.seq},
    )
    chat_id, seq = message.chat_id, message.seq
    on_commit(lambda: chat_news.correct_unread(chat_id, seq))
    return _changed(message)


def react(user_id: int, message_id: int, emoji: object, on: object) -> dict[str, Any]:
    """Put one's emoji under a message, or take it away; doing so twice changes nothing. Raises UserError, NotFound."""
    message = access.access_message(user_id, message_id)
    if message.deleted_at is not None:
        raise Conflict("deleted", "This message was deleted")
    sign = checked_emoji(emoji)
    if not isinstance(on, bool):
        raise UserError("invalid", "true or false is needed", "on", 400)
    statement = (
        "INSERT INTO message_reactions (message_id, user_id, emoji, created_at)"
        " SELECT :id, :user_id, CAST(:emoji AS varchar), :now WHERE (SELECT count(DISTINCT emoji)"
        "  FROM message_reactions WHERE message_id = :id AND emoji <> CAST(:emoji AS varchar)) < :most"
        " ON CONFLICT DO NOTHING RETURNING 1"
        if on
        else "DELETE FROM message_reactions WHERE message_id = :id AND user_id = :user_id AND emoji = :emoji"
        " RETURNING 1"
    )
    values = {"id": message_id, "user_id": user_id, "emoji": sign, "now": clock.now(), "most": MAX_EMOJIS}
    if db.session.execute(text(statement), values).first() is None:
        return message_pages.one(db.session(), message_id)
    db.session.execute(
        text("UPDATE messages SET has_reactions = true, changed_at = clock_timestamp() WHERE id = :id"), values
    )
    return _changed(message)


def trace(user_id: int, message_id: int) -> list[dict[str, Any]]:
    """Return what a message said before, newest first; of a deleted one only its author sees the words."""
    message = access.access_message(user_id, message_id)
    hidden = message.deleted_at is not None and message.author_id != user_id
    rows = db.session.execute(
        text(
            f"SELECT e.kind, e.body, e.at, e.by_id, {NAME_SQL} AS name, {FREE_SQL} AS free FROM message_edits e"
            " LEFT JOIN ab_user u ON u.id = e.by_id WHERE e.message_id = :id ORDER BY e.id DESC"
        ),
        {"id": message_id},
    )
    return [
        {
            "kind": row.kind,
            "body": None if hidden else row.body,
            "at": row.at.isoformat(),
            "by": {"id": row.by_id, "name": row.name or "", "free": row.free},
        }
        for row in rows
    ]


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
            **_mention_values(meant),
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


def _mention_values(meant: mentions.Mentions) -> dict[str, Any]:
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


def _own(user_id: int, message_id: int) -> Row[Any]:
    message = access.access_message(user_id, message_id, lock=True)
    if message.author_id != user_id:
        raise UserError("not_yours", "Only its author may change this message", status=403)
    if message.deleted_at is not None:
        raise Conflict("deleted", "This message was deleted")
    if message.chat_archived:
        raise Conflict("archived", "This chat is archived")
    return message


def _keep_trace(message: Row[Any], kind: str, user_id: int) -> None:
    db.session.execute(
        text("INSERT INTO message_edits (message_id, kind, body, by_id, at) VALUES (:id, :kind, :body, :by_id, :now)"),
        {"id": message.id, "kind": kind, "body": message.body, "by_id": user_id, "now": clock.now()},
    )


def _changed(message: Row[Any]) -> dict[str, Any]:
    """Let sync and open tabs find the change; return the message as it is now."""
    db.session.execute(
        text("UPDATE chats SET changed_at = clock_timestamp() WHERE id = :chat_id"), {"chat_id": message.chat_id}
    )
    after = message_pages.one(db.session(), message.id)
    place = Place(message.chat_id, message.chat_kind, message.chat_direct_key)
    on_commit(lambda: chat_live.tell("message.changed", place, after))
    if message.chat_kind == ChatKind.CLIENT:
        client_messages.changed(message.chat_id, message.id)
    return after
