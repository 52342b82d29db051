"""Messages between a client and the team. Each is stored once, in the chat's order, and opens or moves on a talk.

Whoever writes locks the client's row, the chat and the talk in that order, so that two never decide about the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app import access, clock
from app.errors import Forbidden, UserError
from app.extensions import db
from app.models.chats import MemberRole
from app.services.chats import chat_files, chat_live, chat_news, mentions, message_pages
from app.services.chats.drafts import Draft
from app.services.clients import client_mail, clients, messenger_out, visitor_live, visitor_pages
from app.services.clients.clients import Door, Who
from app.services.talks import talk_flow
from app.transaction import on_commit, transaction

_INSERT = text("""
WITH chat AS (
    UPDATE chats SET last_seq = last_seq + 1, last_message_at = :now, last_author_id = CAST(:author_id AS int),
                     changed_at = clock_timestamp()
    WHERE id = :chat_id RETURNING id, last_seq
)
INSERT INTO messages (chat_id, seq, author_kind, author_id, client_id, body, reply_to_id, mentions, mentioned_ids,
                      has_files, public, note, created_at)
SELECT id, last_seq, :author_kind, CAST(:author_id AS int), CAST(:client_id AS text), :body, CAST(:reply_to AS bigint),
       CAST(:mentions AS jsonb), CAST(:mentioned_ids AS int[]), :has_files, :public, :note, :now
FROM chat RETURNING id, seq
""")


@dataclass(frozen=True, slots=True)
class ClientPlace:
    """Where a client's chat is heard by the team."""

    id: int
    kind: str = "client"
    direct_key: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A client's message as its author sees it, whether it is new, and the chat it is in."""

    message: dict[str, Any]
    new: bool
    chat_id: int


def receive(door: Door, who: Who, draft: Draft) -> Received:
    """Take a client's message; a repeat of its ``client_id`` answers the first. Raises UserError naming the field."""
    with transaction():
        visitor = clients.arrive(door, who)
        chat_id, unknown = visitor.chat_id, False
        if chat_id is None:
            chat_id, unknown = clients.begin_chat(visitor)
        elif (first := _sent_before(chat_id, draft.client_id)) is not None:
            return Received(first, False, chat_id)
        files = chat_files.loose(None, chat_id, draft.file_ids) if draft.file_ids else []
        talk = talk_flow.current(chat_id)
        row = insert(chat_id, draft.body, kind="visitor", client_id=draft.client_id, public=True, files=files)
        talk_flow.on_client_message(door, talk, chat_id, row.seq, draft.body, unknown=unknown)
        message = visitor_pages.one(db.session(), row.id)
        assert message is not None
        on_commit(lambda: visitor_live.tell("message", visitor.key, message))
        return Received(message, True, chat_id)


def answer(author_id: int, chat_id: int, draft: Draft) -> dict[str, Any]:
    """Send a colleague's answer to the client, or a note for colleagues. Called by chat_messages inside a transaction.

    The first answer takes an untaken talk. Raises Conflict, Forbidden, NotFound, UserError.
    """
    own = access.access_chat(author_id, chat_id)
    if not draft.note and own.role == MemberRole.GUEST:
        raise Forbidden("You were asked by a colleague: only notes are possible here")
    meant = mentions.resolve(chat_id, author_id, draft.body) if draft.note and "@" in draft.body else mentions.NONE
    files = chat_files.loose(author_id, chat_id, draft.file_ids) if draft.file_ids else []
    talk = talk_flow.current(chat_id)
    if draft.reply_to is not None:
        _check_reply(chat_id, draft.reply_to, own.from_seq)
    row = insert(
        chat_id,
        draft.body,
        author_id=author_id,
        client_id=draft.client_id,
        public=not draft.note,
        note=draft.note,
        reply_to=draft.reply_to,
        meant=meant,
        files=files,
    )
    if not draft.note:
        talk_flow.on_answer(author_id, talk, chat_id, row.seq, draft.body)
    return message_pages.one(db.session(), row.id)


def insert(
    chat_id: int,
    body: str,
    *,
    kind: str = "user",
    author_id: int | None = None,
    client_id: str | None = None,
    public: bool,
    note: bool = False,
    reply_to: int | None = None,
    meant: mentions.Mentions = mentions.NONE,
    files: Sequence[int] = (),
    sent: bool = False,
) -> Any:
    """Store a message, and tell the team and (a public one) the client after the commit. Return its id and seq.

    ``sent``: it has reached the client already, on another way.
    """
    row = db.session.execute(
        _INSERT,
        {
            "chat_id": chat_id,
            "author_kind": kind,
            "author_id": author_id,
            "client_id": client_id,
            "body": body,
            "reply_to": reply_to,
            "mentions": json.dumps(meant.spans) if meant.spans else None,
            "mentioned_ids": list(meant.user_ids) or None,
            "has_files": bool(files),
            "public": public,
            "note": note,
            "now": clock.now(),
        },
    ).one()
    if files:
        chat_files.attach(list(files), row.id)
    if public and kind != "visitor" and not sent:
        messenger_out.send_message(chat_id, row.id)
    message = message_pages.one(db.session(), row.id)
    on_commit(lambda: chat_live.tell("message", ClientPlace(chat_id), message))
    on_commit(lambda: chat_news.wake(chat_id))
    if public and kind != "visitor":
        shown = visitor_pages.one(db.session(), row.id)
        key = visitor_live.key_of(chat_id)
        if shown is not None:
            on_commit(lambda: visitor_live.tell("message", key, shown))
        if kind == "user":
            client_mail.schedule(chat_id)
    return row


def announce(chat_id: int, words: str) -> None:
    """Write a line of the system for the team; the client never sees it."""
    insert(chat_id, words, kind="system", public=False)


def changed(chat_id: int, message_id: int) -> None:
    """Show the client that a public message was edited or deleted."""
    key, shown = visitor_live.key_of(chat_id), visitor_pages.one(db.session(), message_id)
    if shown is not None:
        on_commit(lambda: visitor_live.tell("message.changed", key, shown))


def _sent_before(chat_id: int, client_id: str) -> dict[str, Any] | None:
    row = db.session.execute(
        text("SELECT id FROM messages WHERE chat_id = :id AND client_id = :client_id AND author_kind = 'visitor'"),
        {"id": chat_id, "client_id": client_id},
    ).one_or_none()
    return visitor_pages.one(db.session(), row.id) if row is not None else None


def _check_reply(chat_id: int, message_id: int, from_seq: int) -> None:
    statement = text(
        "SELECT 1 FROM messages WHERE id = :id AND chat_id = :chat_id AND author_kind <> 'system' AND seq >= :from_seq"
    )
    values = {"id": message_id, "chat_id": chat_id, "from_seq": from_seq}
    if db.session.execute(statement, values).first() is None:
        raise UserError("invalid", "The message that you answer is not in this chat", "reply_to")
