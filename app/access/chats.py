"""Chats, their messages and files: a place in the chat decides, and who may look into a client's or a card's."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, func, or_, select, text
from sqlalchemy.orm import joinedload

from app.access.records import access_card
from app.access.sight import LARGEST_ID
from app.access.talks import visible_talks
from app.errors import NotFound
from app.extensions import db
from app.models.chats import Chat, ChatFile, ChatKind, ChatMember, MemberRole, Message
from app.models.people import User
from app.models.talks import Talk
from app.transaction import transaction


def access_chat(user_id: int, chat_id: int) -> ChatMember:
    """Return the person's place in a chat, the chat loaded with it. Raises NotFound for everybody who is not in it."""
    if 0 < chat_id <= LARGEST_ID:
        statement = (
            select(ChatMember)
            .where(ChatMember.chat_id == chat_id, ChatMember.user_id == user_id, ChatMember.left_at.is_(None))
            .options(joinedload(ChatMember.chat).joinedload(Chat.group))
            .execution_options(populate_existing=True)
        )
        found = db.session.scalars(statement).unique().one_or_none()
        if found is None and _look_in(user_id, chat_id):
            found = db.session.scalars(statement).unique().one_or_none()
        if found is not None:
            return found
    raise NotFound("Chat")


def access_message(user_id: int, message_id: int, lock: bool = False) -> Row[Any]:
    """Return a message of one of the person's chats with what its chat needs; ``lock`` it for a change.

    System messages are nobody's to change. Raises NotFound.
    """
    row = None
    if 0 < message_id < 2**63:
        locked = " FOR NO KEY UPDATE OF m" if lock else ""
        row = db.session.execute(
            text(
                "SELECT m.id, m.chat_id, m.seq, m.author_id, m.body, m.deleted_at, m.has_files, c.kind AS chat_kind,"
                " c.direct_key AS chat_direct_key, c.archived_at IS NOT NULL AS chat_archived"
                " FROM messages m JOIN chats c ON c.id = m.chat_id"
                " JOIN chat_members p ON p.chat_id = m.chat_id AND p.user_id = :user_id AND p.left_at IS NULL"
                " AND p.from_seq <= m.seq"
                f" WHERE m.id = :id AND m.author_kind <> 'system'{locked}"
            ),
            {"id": message_id, "user_id": user_id},
        ).one_or_none()
    if row is None:
        raise NotFound("Message")
    return row


def access_file(user_id: int, file_id: int) -> ChatFile:
    """Return a file of one of the person's chats; an unsent one only for its uploader. Raises NotFound."""
    if 0 < file_id <= LARGEST_ID:
        statement = (
            select(ChatFile)
            .join(ChatMember, ChatMember.chat_id == ChatFile.chat_id)
            .where(ChatFile.id == file_id, ChatFile.deleted_at.is_(None))
            .outerjoin(Message, Message.id == ChatFile.message_id)
            .where(ChatMember.user_id == user_id, ChatMember.left_at.is_(None))
            .where(or_(ChatMember.from_seq == 0, Message.seq >= ChatMember.from_seq, ChatFile.uploader_id == user_id))
            .where(or_(ChatFile.message_id.is_not(None), ChatFile.uploader_id == user_id))
        )
        found = db.session.scalars(statement).one_or_none()
        if found is not None:
            return found
    raise NotFound("File")


def _look_in(user_id: int, chat_id: int) -> bool:
    """Let somebody who may see a client's talk, or a card, into its chat, as who only looks. False for all else."""
    from app.services.clients import client_members

    chat = db.session.execute(
        text("SELECT kind, subject_type, subject_id FROM chats WHERE id = :id"), {"id": chat_id}
    ).one_or_none()
    if chat is None or chat.kind not in (ChatKind.CLIENT, ChatKind.CARD):
        return False
    user = db.session.get(User, user_id)
    if user is None or not user.active:
        return False
    if chat.kind == ChatKind.CARD:
        try:
            access_card(user, chat.subject_type, chat.subject_id)
        except NotFound:
            return False
        with transaction():
            client_members.put(chat_id, [user_id], MemberRole.VIEWER, news=0)
        return True
    newest = select(func.max(Talk.number)).where(Talk.chat_id == chat_id).scalar_subquery()
    seen = select(Talk.number).where(Talk.number == newest, visible_talks(user))
    if db.session.scalars(seen).first() is None:
        return False
    with transaction():
        client_members.put(chat_id, [user_id], MemberRole.VIEWER, news=0)
    return True
