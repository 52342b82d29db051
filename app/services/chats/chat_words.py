"""What a chat says about itself: lines of the system, its description to open tabs, and the notice of being added."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext
from sqlalchemy import text

from app import clock
from app.catalogue import Rule
from app.extensions import db
from app.models.chats import Chat
from app.models.people import User
from app.services.chats import chat_feed, chat_live, message_pages
from app.services.notify import Subject, record_event
from app.services.people.names import FREE_SQL, NAME_SQL, with_badge
from app.services.tasks.task_news import person
from app.transaction import on_commit

NAMES_SHOWN = 5

# The system speaks in the order of the chat like everybody else, but makes nothing unread.
_ANNOUNCE = text("""
WITH chat AS (
    UPDATE chats SET last_seq = last_seq + 1, last_message_at = :now, last_author_id = NULL,
                     changed_at = clock_timestamp(), described_at = clock_timestamp()
    WHERE id = :chat_id RETURNING id, last_seq
)
INSERT INTO messages (chat_id, seq, author_kind, body, created_at)
SELECT id, last_seq, 'system', :body, :now FROM chat RETURNING id
""")


def announce(chat: Chat, words: str) -> None:
    """Write a line of the system into a group chat."""
    message_id = db.session.execute(_ANNOUNCE, {"chat_id": chat.id, "body": words, "now": clock.now()}).scalar_one()
    message = message_pages.one(db.session(), message_id)
    db.session.expire(chat)
    on_commit(lambda: chat_live.tell("message", chat, message))


def describe(chat: Chat) -> None:
    """Tell open tabs how the chat looks now."""
    db.session.flush()
    db.session.execute(
        text("UPDATE chats SET changed_at = clock_timestamp(), described_at = clock_timestamp() WHERE id = :id"),
        {"id": chat.id},
    )
    db.session.expire(chat)
    payload = description(chat)
    on_commit(lambda: chat_live.tell("chat.changed", chat, payload))


def description(chat: Chat) -> dict[str, object]:
    """Return what everybody in the chat sees alike."""
    members = text("SELECT count(*) FROM chat_members WHERE chat_id = :id AND left_at IS NULL")
    return {
        "id": chat.id,
        "kind": chat.kind,
        "name": chat.name,
        "picture_url": chat_feed.picture_url(chat.id, chat.picture),
        "members": db.session.execute(members, {"id": chat.id}).scalar_one(),
        "archived": chat.archived_at is not None,
        "linked": chat.linked,
        "changed_at": chat.changed_at.isoformat(),
    }


def tell_added(actor: User | None, chat: Chat, user_ids: Sequence[int]) -> None:
    """Tell people that they are in a chat now; nobody is told what they did themselves."""
    told = {user_id: Rule.MEMBER for user_id in user_ids if actor is None or user_id != actor.id}
    if told:
        data = {"chat_id": chat.id, "chat": chat.name, "by": person(actor), "url": chat_feed.url_of(chat.id)}
        record_event("chat:added", actor.id if actor else None, Subject("chat", chat.id), data, told=told)


def names_of(user_ids: Sequence[int]) -> str:
    """Return people's names as a list in words, the first few of many."""
    rows = db.session.execute(
        text(
            f"SELECT {NAME_SQL} AS name, {FREE_SQL} AS free FROM ab_user u"
            " WHERE u.id = ANY(:ids) ORDER BY u.sort_key LIMIT :limit"
        ),
        {"ids": list(user_ids), "limit": NAMES_SHOWN},
    )
    names = [with_badge(row.name, row.free) for row in rows]
    more = len(user_ids) - len(names)
    if more > 0:
        return gettext("%(names)s and %(more)s more", names=", ".join(names), more=more)
    if len(names) < 2:
        return "".join(names)
    return gettext("%(names)s and %(last)s", names=", ".join(names[:-1]), last=names[-1])
