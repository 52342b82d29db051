"""Chats for tests: made and written in through the services, as the entry points do."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from app.models.people import Group, User
from app.services.chats import chat_messages, chat_news, chat_reading, chats
from app.services.chats.drafts import read_draft
from app.transaction import transaction


def direct(actor: User, other: User) -> int:
    """A direct chat's id."""
    with transaction():
        own, _ = chats.create(actor, {"kind": "direct", "member_ids": [other.id]})
        return own.chat_id


def group(actor: User, members: Sequence[User], name: str = "Workshop", **values: Any) -> int:
    """A group chat's id; the actor owns it."""
    with transaction():
        asked = {"kind": "group", "member_ids": [user.id for user in members], "name": name} | values
        own, _ = chats.create(actor, asked)
        return own.chat_id


def linked(actor: User, user_group: Group, members: Sequence[User] = ()) -> int:
    """A group chat whose members follow a user group."""
    return group(actor, members, name=user_group.name, group_id=user_group.id, linked=True)


def say(author: User | int, chat_id: int, body: str = "Hello", **values: Any) -> dict[str, Any]:
    """Send a message."""
    draft = read_draft({"client_id": uuid.uuid4().hex, "body": body} | values)
    return chat_messages.send(author if isinstance(author, int) else author.id, chat_id, draft)[0]


def read(user: User, chat_id: int, seq: int) -> int:
    """Read a chat up to a message."""
    with transaction():
        return chat_reading.read(user.id, chat_id, seq)


def decide(chat_id: int) -> None:
    """Do what the job does about new messages."""
    chat_news.decide(chat_id)
