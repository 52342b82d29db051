"""A card's internal chat and whom the card is shared with: mentioning somebody there shares the card with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ScalarSelect, delete, literal, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from app import access, clock
from app.errors import NotFound, UserError
from app.extensions import db
from app.models.base import sort_key_of
from app.models.chats import Chat, ChatKind, ChatMember, ChatNotice, MemberRole
from app.models.people import User, full_name
from app.models.records import CardShare
from app.services.chats import chat_members, chat_words
from app.services.chats.mentions import Mentions
from app.services.clients import client_members
from app.services.notify import Subject
from app.services.records import card_sight, history
from app.services.records.history import Record, subject_of

NAME_LENGTH = 100
SHOWN_MAX = 100


def chat_of(subject: Subject) -> Chat | None:
    """Return a card's chat; None as long as nobody opened it."""
    statement = select(Chat).where(Chat.subject_type == subject.type, Chat.subject_id == subject.id)
    return db.session.scalars(statement).one_or_none()


def open_chat(actor: User, item: Record) -> int:
    """Return the id of the chat of a card that the caller may open, made where there is none; the caller looks in."""
    subject = subject_of(item)
    # Two people may open it at the same moment: the second one waits for the first and finds its chat.
    made = db.session.execute(
        insert(Chat)
        .values(
            kind=ChatKind.CARD,
            subject_type=subject.type,
            subject_id=subject.id,
            name=item.name[:NAME_LENGTH],
            sort_key=sort_key_of(item.name),
            created_by_id=actor.id,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(
            index_elements=["subject_type", "subject_id"], index_where=text("subject_type IS NOT NULL")
        )
        .returning(Chat.id)
    ).scalar()
    if made is not None:
        db.session.add(ChatNotice(chat_id=made))
        db.session.flush()
    chat = chat_of(subject)
    assert chat is not None
    client_members.put(chat.id, [actor.id], MemberRole.VIEWER, news=0)
    return chat.id


def wrote(author_id: int, chat_id: int, meant: Mentions) -> None:
    """Somebody wrote: they are in the chat from now on, and whom they mentioned, who may open the card with that."""
    _promote(chat_id, [author_id], news=0)
    chat, author = db.session.get_one(Chat, chat_id), db.session.get_one(User, author_id)
    if not meant.user_ids or access.is_free(author):  # who was let in lets in nobody
        return
    subject = Subject(str(chat.subject_type), int(chat.subject_id or 0))
    _share(author, subject, meant.user_ids)
    _promote(chat_id, meant.user_ids, news=1)


def share(actor: User, item: Record, user_id: object, *, answer: bool = False) -> None:
    """Share a card with somebody; ``answer``: they may write to its client, too. Raises UserError on ``user``."""
    try:
        user = access.access_user(actor, user_id if isinstance(user_id, int) else 0)
    except NotFound:
        raise UserError("invalid", "Choose a colleague", "user") from None
    if not user.active:
        raise UserError("deactivated", "This colleague is deactivated", "user")
    subject = subject_of(item)
    clients = client_chats(subject) if answer else []
    if answer and not clients:
        raise UserError("no_client", "No client has written on this card yet: there is nothing to answer", "user")
    _share(actor, subject, [user.id])
    for client_chat_id in clients:
        client_members.put(client_chat_id, [user.id], MemberRole.MEMBER, news=0)
    chat_id = open_chat(actor, item)
    _promote(chat_id, [user.id], news=0)
    chat_words.tell_added(actor, db.session.get_one(Chat, chat_id), [user.id])


def unshare(actor: User, item: Record, user_id: int) -> None:
    """Take a share back: who may not open the card otherwise leaves its chat too. Raises NotFound."""
    subject = subject_of(item)
    gone = db.session.execute(
        delete(CardShare)
        .where(CardShare.subject_type == subject.type, CardShare.subject_id == subject.id, CardShare.user_id == user_id)
        .returning(CardShare.user_id)
    ).scalar()
    if gone is None:
        raise NotFound("Share")
    name = full_name(db.session.get_one(User, user_id))
    history.record(f"{subject.type}:unshared", actor, subject, {"name": item.name, "with": name})
    chat = chat_of(subject)
    if chat is not None and user_id not in card_sight.who_sees(subject.type, subject.id, [user_id]):
        chat_members.go(chat, [user_id])
    if access.is_free(db.session.get_one(User, user_id)):
        for client_chat_id in client_chats(subject):
            chat_members.go(db.session.get_one(Chat, client_chat_id), [user_id])


def client_chats(subject: Subject) -> list[int]:
    """Return the ids of the chats in which the card's client writes, the newest first; a company has none."""
    found = _CLIENT_CHATS.get(subject.type)
    if found is None:
        return []
    return list(db.session.execute(text(found), {"id": subject.id, "most": SHOWN_MAX}).scalars())


_CLIENT_CHATS = {
    "contact": "SELECT id FROM chats WHERE kind = 'client' AND contact_id = :id ORDER BY id DESC LIMIT :most",
    "lead": "SELECT c.id FROM leads l JOIN chats c ON c.kind = 'client' AND c.contact_id = l.contact_id"
    " WHERE l.id = :id ORDER BY c.id DESC LIMIT :most",
}


def answering(chats: Collection[int], user_ids: Collection[int]) -> set[int]:
    """Return which of these people may write to the client as members of these chats: one statement."""
    if not chats or not user_ids:
        return set()
    statement = select(ChatMember.user_id).where(
        ChatMember.chat_id.in_(chats),
        ChatMember.user_id.in_(user_ids),
        ChatMember.left_at.is_(None),
        ChatMember.role.in_((MemberRole.MEMBER, MemberRole.HELPER)),
    )
    return set(db.session.scalars(statement))


def chat_and_shares(subject: Subject, *also: ScalarSelect[Any]) -> tuple[int | None, list[CardShare], list[Any]]:
    """Return a card's chat, if any, whom it is shared with, the newest first, and the values of ``also``.

    One statement.
    """
    card = select(literal(subject.type).label("kind"), literal(subject.id).label("id")).subquery()
    statement = (
        select(Chat.id, CardShare, *also)
        .select_from(card)
        .outerjoin(Chat, (Chat.subject_type == card.c.kind) & (Chat.subject_id == card.c.id))
        .outerjoin(CardShare, (CardShare.subject_type == card.c.kind) & (CardShare.subject_id == card.c.id))
        .options(joinedload(CardShare.user), joinedload(CardShare.shared_by))
        .order_by(CardShare.created_at.desc(), CardShare.user_id)
        .limit(SHOWN_MAX)
    )
    rows = db.session.execute(statement).all()
    return rows[0][0], [row[1] for row in rows if row[1] is not None], list(rows[0][2:])


def renamed(item: Record) -> None:
    """Let the chat carry the card's new name."""
    chat = chat_of(subject_of(item))
    if chat is not None:
        chat.name, chat.sort_key = item.name[:NAME_LENGTH], sort_key_of(item.name)
        db.session.flush()
        chat_words.describe(chat)


def put_away(subject: Subject, *, away: bool = True) -> None:
    """Archive the chat of a card that was deleted, or bring it back with its card."""
    chat = chat_of(subject)
    if chat is not None:
        chat.archived_at = clock.now() if away else None
        db.session.flush()
        chat_words.describe(chat)


def _share(actor: User, subject: Subject, user_ids: Collection[int]) -> None:
    rows = [
        {
            "subject_type": subject.type,
            "subject_id": subject.id,
            "user_id": user_id,
            "shared_by_id": actor.id,
            "created_at": clock.now(),
        }
        for user_id in user_ids
        if user_id != actor.id
    ]
    if not rows:
        return
    added = db.session.scalars(
        insert(CardShare).values(rows).on_conflict_do_nothing().returning(CardShare.user_id)
    ).all()
    if added:
        history.record(f"{subject.type}:shared", actor, subject, {"with": chat_words.names_of(added)})


def _promote(chat_id: int, user_ids: Sequence[int], *, news: int) -> None:
    """Make people members who were not in the chat or only looked in; others stay as they are."""
    members: Any = db.session.scalars(
        select(ChatMember.user_id).where(
            ChatMember.chat_id == chat_id,
            ChatMember.user_id.in_(user_ids),
            ChatMember.left_at.is_(None),
            ChatMember.role == MemberRole.MEMBER,
        )
    ).all()
    client_members.put(chat_id, [one for one in user_ids if one not in set(members)], MemberRole.MEMBER, news=news)
