"""What becomes of a message that was sent: edited, deleted, reacted to, and the trace of what it said before."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, text

from app import access, clock
from app.errors import Conflict, UserError
from app.extensions import db
from app.models.chats import ChatKind
from app.services.chats import chat_files, chat_live, chat_news, mentions, message_pages
from app.services.chats.chat_messages import Place, mention_values
from app.services.chats.drafts import checked_body, checked_emoji
from app.services.clients import client_messages
from app.services.people.names import FREE_SQL, NAME_SQL
from app.services.records import card_chats
from app.transaction import on_commit

MAX_EMOJIS = 20


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
        {"id": message_id, "body": cleaned, "now": clock.now(), **mention_values(meant)},
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
