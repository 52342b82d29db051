"""What the demo's people wrote to each other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from sqlalchemy import select, text

from app import clock
from app.demo import attachments, story
from app.extensions import db
from app.models.people import Group, User
from app.services.chats import chat_files, chat_messages, message_changes
from app.services.chats import chats as chat_service
from app.services.chats.drafts import read_draft

MINUTES_BETWEEN = 6


def load(people: dict[str, User]) -> None:
    """Open the chats and write their messages, minutes apart; nobody is told about them outside the center."""
    for number, (whose, messages) in enumerate(story.CHATS):
        chat_id = _open(whose, people)
        sent: list[int] = []
        for position, (username, words) in enumerate(messages):
            extra = story.EXTRAS.get(number, {}).get(position, {})
            author = people[username].id
            draft = {"client_id": f"demo-{number}-{position}", "body": words, **_with(extra, author, chat_id, sent)}
            message, _ = chat_messages.send(author, chat_id, read_draft(draft))
            sent.append(message["id"])
            _after(extra, author, message["id"], people)
        _spread(chat_id, clock.now() - dt.timedelta(minutes=20 + 90 * number))


def _open(whose: tuple[str, str] | str, people: dict[str, User]) -> int:
    manager = people["manager"]
    if isinstance(whose, str):
        group_id = db.session.scalars(select(Group.id).where(Group.name == whose)).one()
        member, _ = chat_service.create(manager, {"kind": "group", "group_id": group_id, "linked": True})
    else:
        member, _ = chat_service.create(manager, {"kind": "direct", "member_ids": [people[whose[1]].id]})
    return member.chat_id


def _with(extra: Mapping[str, Any], author: int, chat_id: int, sent: Sequence[int]) -> dict[str, Any]:
    """What a message is sent with. Previews are made at once: nobody waits for a job when the demo opens."""
    parts: dict[str, Any] = {}
    if "reply_to" in extra:
        parts["reply_to"] = sent[extra["reply_to"]]
    if "file" in extra:
        name = str(extra["file"])
        file = chat_files.keep(chat_id, name, BytesIO(attachments.FILES[name]()), uploader_id=author)
        chat_files.make_thumbnail(file.id)
        parts["file_ids"] = [file.id]
    return parts


def _after(extra: Mapping[str, Any], author: int, message_id: int, people: dict[str, User]) -> None:
    for username, emoji in extra.get("reactions", ()):
        message_changes.react(people[username].id, message_id, emoji, True)
    if "edited" in extra:
        message_changes.edit(author, message_id, extra["edited"])


def _spread(chat_id: int, last_at: dt.datetime) -> None:
    values = {"chat_id": chat_id, "last_at": last_at, "minutes": MINUTES_BETWEEN}
    for statement in (
        "UPDATE messages m SET created_at = :last_at"
        " - make_interval(mins => CAST((c.last_seq - m.seq) * :minutes AS int))"
        " FROM chats c WHERE c.id = m.chat_id AND c.id = :chat_id",
        "UPDATE chats SET last_message_at = :last_at, created_at = :last_at - interval '3 days' WHERE id = :chat_id",
        "UPDATE chat_members SET joined_at = :last_at - interval '3 days' WHERE chat_id = :chat_id",
        # Whoever has written has read what stood above it.
        "UPDATE chat_members m SET last_read_seq = greatest(m.last_read_seq, w.seq) FROM ("
        " SELECT author_id, max(seq) AS seq FROM messages WHERE chat_id = :chat_id GROUP BY author_id) w"
        " WHERE m.chat_id = :chat_id AND m.user_id = w.author_id",
        "UPDATE chat_notices n SET noticed_seq = c.last_seq FROM chats c WHERE c.id = n.chat_id AND c.id = :chat_id",
    ):
        db.session.execute(text(statement), values)
