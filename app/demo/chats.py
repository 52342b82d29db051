"""What the demo's people wrote to each other."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, text

from app import clock
from app.demo import story
from app.extensions import db
from app.models.people import Group, User
from app.services import chat_messages
from app.services import chats as chat_service
from app.services.drafts import read_draft

MINUTES_BETWEEN = 6


def load(people: dict[str, User]) -> None:
    """Open the chats and write their messages, minutes apart; nobody is told about them outside the center."""
    for number, (whose, messages) in enumerate(story.CHATS):
        chat_id = _open(whose, people)
        for position, (username, words) in enumerate(messages):
            draft = read_draft({"client_id": f"demo-{number}-{position}", "body": words})
            chat_messages.send(people[username].id, chat_id, draft)
        _spread(chat_id, clock.now() - dt.timedelta(minutes=20 + 90 * number))


def _open(whose: tuple[str, str] | str, people: dict[str, User]) -> int:
    manager = people["manager"]
    if isinstance(whose, str):
        group_id = db.session.scalars(select(Group.id).where(Group.name == whose)).one()
        member, _ = chat_service.create(manager, {"kind": "group", "group_id": group_id, "linked": True})
    else:
        member, _ = chat_service.create(manager, {"kind": "direct", "member_ids": [people[whose[1]].id]})
    return member.chat_id


def _spread(chat_id: int, last_at: dt.datetime) -> None:
    values = {"chat_id": chat_id, "last_at": last_at, "minutes": MINUTES_BETWEEN}
    for statement in (
        "UPDATE messages m SET created_at = :last_at"
        " - make_interval(mins => CAST((c.last_seq - m.seq) * :minutes AS int))"
        " FROM chats c WHERE c.id = m.chat_id AND c.id = :chat_id",
        "UPDATE chats SET last_message_at = :last_at, created_at = :last_at - interval '3 days' WHERE id = :chat_id",
        "UPDATE chat_members SET joined_at = :last_at - interval '3 days' WHERE chat_id = :chat_id",
        "UPDATE chat_notices n SET noticed_seq = c.last_seq FROM chats c WHERE c.id = n.chat_id AND c.id = :chat_id",
    ):
        db.session.execute(text(statement), values)
