"""Chats among colleagues and with clients: who is in them, what was said, and what was attached.

``seq`` orders the messages of a chat, nothing else does. Nothing is written per member when a message comes: unread is
what lies behind ``last_read_seq``.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import CreatedAt, Model, UtcDateTime
from app.models.people import Group, User

_NOW = text("clock_timestamp()")


class ChatKind(StrEnum):
    """Two people, a group, a client with whoever of the team answers, or colleagues about one record."""

    DIRECT = "direct"
    GROUP = "group"
    CLIENT = "client"
    CARD = "card"


class MemberRole(StrEnum):
    """Owners change the chat and its members; members write, add people and leave.

    In a client's chat, a member is told what the client writes; who was told but is no longer concerned keeps a silent
    copy; viewers have only looked in; guests were asked by a colleague: they read, and write notes. Helpers were asked,
    too, and may answer the client.
    """

    OWNER = "owner"
    MEMBER = "member"
    TOLD = "told"
    VIEWER = "viewer"
    GUEST = "guest"
    HELPER = "helper"


# Who was let into a client's chat by a colleague, until the question is taken back or the talk is theirs.
ASKED = frozenset({MemberRole.GUEST, MemberRole.HELPER})


class Mute(StrEnum):
    """What of a chat still reaches a person outside the center."""

    NONE = "none"
    ALL_BUT_MENTIONS = "all_but_mentions"
    ALL = "all"


class Chat(Model, CreatedAt):
    """One chat. ``direct_key`` is "lower id:higher id", so that two people have one direct chat only."""

    __tablename__ = "chats"
    __table_args__ = (
        Index("ix_chats_linked", "group_id", postgresql_where=text("linked")),
        Index("ix_chats_contact", "contact_id", postgresql_where=text("contact_id IS NOT NULL")),
        Index(
            "uq_chats_subject",
            "subject_type",
            "subject_id",
            unique=True,
            postgresql_where=text("subject_type IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), nullable=False)
    name: Mapped[str | None] = mapped_column(String(100))
    sort_key: Mapped[str] = mapped_column(String(200, collation="C"), nullable=False, server_default="")
    picture: Mapped[str | None] = mapped_column(String(120))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("ab_group.id", ondelete="SET NULL"))
    # Members follow the user group.
    linked: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default="false")
    direct_key: Mapped[str | None] = mapped_column(String(30), unique=True)
    # A client's chat: who that is.
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"))
    # A card's internal chat: of which lead, contact or company. No key: what was deleted can come back.
    subject_type: Mapped[str | None] = mapped_column(String(10))
    subject_id: Mapped[int | None] = mapped_column(Integer)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    last_seq: Mapped[int] = mapped_column(BigInteger, default=0, nullable=False, server_default="0")
    last_message_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    # Who wrote the newest message; None when that was the system or is deleted: then the messages are looked at.
    last_author_id: Mapped[int | None] = mapped_column(Integer)
    archived_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    # Database time, like all cursors of sync: any change with messages, and the chat's own description.
    # Neither is indexed, so that a message's update of this row touches no index.
    changed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, server_default=_NOW, nullable=False)
    described_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, server_default=_NOW, nullable=False)

    group: Mapped[Group | None] = relationship(Group)


class ChatMember(Model):
    """One person's place in a chat. ``left_at`` keeps the row: coming back finds what had been read."""

    __tablename__ = "chat_members"
    __table_args__ = (
        Index("ix_chat_members_user", "user_id", postgresql_where=text("left_at IS NULL")),
        Index("ix_chat_members_present", "chat_id", postgresql_where=text("left_at IS NULL")),
        Index("ix_chat_members_moved", "moved_at"),
        Index("ix_chat_members_remind", "remind_at", postgresql_where=text("remind_at IS NOT NULL")),
    )

    chat_id: Mapped[int] = mapped_column(ForeignKey("chats.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(8), default=MemberRole.MEMBER, nullable=False, server_default="member")
    mute: Mapped[str] = mapped_column(String(16), default=Mute.NONE, nullable=False, server_default="none")
    # Came with the linked user group, and goes with it.
    by_link: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default="false")
    joined_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)
    left_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    last_read_seq: Mapped[int] = mapped_column(BigInteger, default=0, nullable=False, server_default="0")
    marked_unread: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default="false")
    # The first message that a guest may read: they were asked about one talk, not about those before it.
    from_seq: Mapped[int] = mapped_column(BigInteger, default=0, nullable=False, server_default="0")
    # Put away up to that message; a later one brings the chat back.
    archived_seq: Mapped[int | None] = mapped_column(BigInteger)
    remind_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    resurfaced_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    changed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, server_default=_NOW, nullable=False)
    # Database time of the last joining or leaving: open sockets follow it.
    moved_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, server_default=_NOW, nullable=False)

    chat: Mapped[Chat] = relationship(Chat)


class Message(Model, CreatedAt):
    """One message. A resend of the same ``client_id`` hits the unique constraint and is answered with the first."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("chat_id", "seq", name="uq_messages_seq"),
        UniqueConstraint("chat_id", "author_id", "client_id", name="uq_messages_client"),
        Index("ix_messages_changed", "chat_id", "changed_at"),
        Index("ix_messages_words", "words", postgresql_using="gin"),
        # Deleting a message looks for answers to it.
        Index("ix_messages_reply_to", "reply_to_id", postgresql_where=text("reply_to_id IS NOT NULL")),
        # Written in the order of time: a few pages of index find a day's.
        Index("ix_messages_created", "created_at", postgresql_using="brin"),
        Index(
            "uq_messages_visitor_client",
            "chat_id",
            "client_id",
            unique=True,
            postgresql_where=text("author_kind = 'visitor'"),
        ),
        CheckConstraint("NOT (public AND note)", name="note"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("chats.id", ondelete="CASCADE"), nullable=False)
    seq: Mapped[int] = mapped_column(BigInteger, nullable=False)
    author_kind: Mapped[str] = mapped_column(String(8), nullable=False, server_default="user")
    author_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    client_id: Mapped[str | None] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text, nullable=False)
    reply_to_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id", ondelete="SET NULL"))
    # Spans of the body, and whom they mean among the members at that time.
    mentions: Mapped[list[dict[str, object]] | None] = mapped_column(JSONB)
    mentioned_ids: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))
    mentions_all: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default="false")
    has_files: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default="false")
    has_reactions: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default="false")
    # The client of a client's chat may read it: never by default, only said by who writes it.
    public: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default="false")
    # Of a client's chat, for colleagues only.
    note: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default="false")
    edited_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    stored_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, server_default=_NOW, nullable=False)
    changed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, server_default=_NOW, nullable=False)
    # No language: teams mix them, and names must be found as they are written.
    words: Mapped[str] = mapped_column(TSVECTOR, Computed("to_tsvector('simple', body)", persisted=True))


class MessageReaction(Model, CreatedAt):
    """One person's emoji under a message."""

    __tablename__ = "message_reactions"

    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    emoji: Mapped[str] = mapped_column(String(32), primary_key=True)


class MessageEdit(Model):
    """The trace of a change: what the message said before it was edited or deleted."""

    __tablename__ = "message_edits"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), nullable=False, index=True)
    kind: Mapped[str] = mapped_column(String(8), nullable=False)
    body: Mapped[str] = mapped_column(Text, nullable=False)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)

    by: Mapped[User | None] = relationship(User)


class ThumbnailState(StrEnum):
    """``none``: not a picture, or one that could not be read."""

    PENDING = "pending"
    DONE = "done"
    NONE = "none"


class ChatFile(Model, CreatedAt):
    """A file in a chat, stored under a random name. Without ``message_id`` it is uploaded but not sent yet."""

    __tablename__ = "chat_files"
    __table_args__ = (
        Index("ix_chat_files_message", "message_id"),
        Index("ix_chat_files_chat", "chat_id", "id"),
        Index("ix_chat_files_loose", "created_at", postgresql_where=text("message_id IS NULL")),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("chats.id", ondelete="CASCADE"), nullable=False)
    uploader_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    by_visitor: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default="false")
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(200), nullable=False)
    size: Mapped[int] = mapped_column(BigInteger, nullable=False)
    # Found out from the content; what the browser claimed is not kept.
    type: Mapped[str] = mapped_column(String(100), nullable=False)
    stored_as: Mapped[str] = mapped_column(String(64), unique=True, nullable=False)
    width: Mapped[int | None] = mapped_column(Integer)
    height: Mapped[int | None] = mapped_column(Integer)
    thumbnail: Mapped[str] = mapped_column(String(8), nullable=False)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class ChatNotice(Model):
    """Up to which message it has been decided who is told outside the center: the outbox of chats.

    A table of its own, so that deciding never waits for, or holds up, somebody who writes.
    """

    __tablename__ = "chat_notices"

    chat_id: Mapped[int] = mapped_column(ForeignKey("chats.id", ondelete="CASCADE"), primary_key=True)
    noticed_seq: Mapped[int] = mapped_column(BigInteger, default=0, nullable=False, server_default="0")
