"""Clients who write in: by which door, as whom, and in which numbered talk."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import ChangedAt, CreatedAt, Model, SortedByName, UtcDateTime
from app.models.chats import Chat
from app.models.crm import Contact
from app.models.people import Group, User


class Widget(SortedByName, Model, CreatedAt):
    """A chat on a website. ``key`` is public: it stands in the page's script tag."""

    __tablename__ = "widgets"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(60), nullable=False)
    sort_key: Mapped[str] = mapped_column(String(200, collation="C"), nullable=False, server_default="")
    key: Mapped[str] = mapped_column(String(32), unique=True, nullable=False)
    colour: Mapped[str] = mapped_column(String(7), default="#2f6fed", nullable=False, server_default="#2f6fed")
    greeting: Mapped[str | None] = mapped_column(String(300))
    # "Mon-Fri 09:00-17:00; Sat 10:00-14:00" in the widget's zone; empty: always.
    working_hours: Mapped[str | None] = mapped_column(String(200))
    zone: Mapped[str] = mapped_column(String(64), default="UTC", nullable=False, server_default="UTC")
    offline_text: Mapped[str | None] = mapped_column(String(300))
    # One origin a line; our own address is always allowed, * is every page.
    allowed_origins: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8), default="en", nullable=False, server_default="en")
    group_id: Mapped[int | None] = mapped_column(ForeignKey("ab_group.id", ondelete="SET NULL"))
    active: Mapped[bool] = mapped_column(Boolean, default=True, nullable=False, server_default="true")

    group: Mapped[Group | None] = relationship(Group)

    def __repr__(self) -> str:
        return self.name


class Messenger(SortedByName, Model, CreatedAt):
    """A connected messenger. Messages come to /hooks/channels/{id}, answers go to ``url``, signed with ``secret``."""

    __tablename__ = "messengers"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(60), nullable=False)
    sort_key: Mapped[str] = mapped_column(String(200, collation="C"), nullable=False, server_default="")
    url: Mapped[str] = mapped_column(String(300), nullable=False)
    # Encrypted with ENCRYPTION_KEY.
    secret: Mapped[str] = mapped_column(String(300), nullable=False)
    working_hours: Mapped[str | None] = mapped_column(String(200))
    zone: Mapped[str] = mapped_column(String(64), default="UTC", nullable=False, server_default="UTC")
    group_id: Mapped[int | None] = mapped_column(ForeignKey("ab_group.id", ondelete="SET NULL"))
    active: Mapped[bool] = mapped_column(Boolean, default=True, nullable=False, server_default="true")

    group: Mapped[Group | None] = relationship(Group)

    def __repr__(self) -> str:
        return self.name


class Visitor(Model, CreatedAt):
    """Somebody outside at one door, from the first message on: a browser with a token, or a messenger's user."""

    __tablename__ = "visitors"
    __table_args__ = (
        UniqueConstraint("messenger_id", "external_id", name="uq_visitors_external"),
        CheckConstraint("(widget_id IS NULL) <> (messenger_id IS NULL)", name="door"),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    # What a widget's token says; nobody can guess it.
    key: Mapped[str] = mapped_column(String(32), unique=True, nullable=False)
    widget_id: Mapped[int | None] = mapped_column(ForeignKey("widgets.id", ondelete="CASCADE"), index=True)
    messenger_id: Mapped[int | None] = mapped_column(ForeignKey("messengers.id", ondelete="CASCADE"))
    external_id: Mapped[str | None] = mapped_column(String(120))
    chat_id: Mapped[int | None] = mapped_column(ForeignKey("chats.id", ondelete="SET NULL"), unique=True)
    name: Mapped[str | None] = mapped_column(String(100))
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(32))
    page_url: Mapped[str | None] = mapped_column(String(500))
    last_seen_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    delivered_seq: Mapped[int] = mapped_column(BigInteger, default=0, nullable=False, server_default="0")
    read_seq: Mapped[int] = mapped_column(BigInteger, default=0, nullable=False, server_default="0")
    # Up to which message the answers were sent by mail.
    mailed_seq: Mapped[int] = mapped_column(BigInteger, default=0, nullable=False, server_default="0")

    widget: Mapped[Widget | None] = relationship(Widget)
    messenger: Mapped[Messenger | None] = relationship(Messenger)


class TalkState(StrEnum):
    """``closing``: the client was asked for a score and nobody waits any more; ``closed`` is final."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class Talk(Model, ChangedAt):
    """A piece of a client's chat, from the first message to its closing. Numbers rise and are never used twice."""

    __tablename__ = "talks"
    __table_args__ = (
        # A chat has one talk at a time.
        Index("uq_talks_current", "chat_id", unique=True, postgresql_where=text("state <> 'closed'")),
        Index("ix_talks_chat", "chat_id", "number"),
        Index("ix_talks_open", "responsible_id", postgresql_where=text("state = 'open'")),
        Index("ix_talks_waiting", "waiting_since", postgresql_where=text("waiting_since IS NOT NULL")),
        Index("ix_talks_unanswered", "unanswered_due_at", postgresql_where=text("unanswered_due_at IS NOT NULL")),
        Index("ix_talks_silent", "last_public_at", postgresql_where=text("state = 'open' AND waiting_since IS NULL")),
        Index("ix_talks_opened", "opened_at"),
        Index("ix_talks_replied", "first_reply_at", postgresql_where=text("first_reply_at IS NOT NULL")),
        Index("ix_talks_closed", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
        Index("ix_talks_closing", "survey_asked_at", postgresql_where=text("state = 'closing'")),
        Index("ix_talks_scored", "survey_asked_at", postgresql_where=text("survey_asked_at IS NOT NULL")),
        CheckConstraint("score BETWEEN 1 AND 10", name="score"),
    )

    number: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("chats.id", ondelete="CASCADE"), nullable=False)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"), index=True)
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("leads.id", ondelete="SET NULL"), index=True)
    state: Mapped[str] = mapped_column(String(8), nullable=False, default=TalkState.OPEN, server_default="open")
    responsible_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("ab_group.id", ondelete="SET NULL"))
    opened_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)
    first_seq: Mapped[int] = mapped_column(BigInteger, nullable=False)
    # Since when the client's last message has no answer; reading does not change it.
    waiting_since: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    # Since when the group may take it although somebody has it: who has it does not want to be disturbed.
    offered_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    # How much of the waiting has been told: 1 responsible and group, 2 the manager.
    told_unanswered: Mapped[int] = mapped_column(SmallInteger, default=0, nullable=False, server_default="0")
    # When the next of these is due, in working hours.
    unanswered_due_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    # When the group was told that nobody has taken it.
    told_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    taken_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    first_reply_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    last_public_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)
    closed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    survey_asked_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    # The chat's last message when the survey was sent: a colleague's later one takes the question back.
    survey_seq: Mapped[int | None] = mapped_column(BigInteger)
    score: Mapped[int | None] = mapped_column(SmallInteger)
    scored_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    comment: Mapped[str | None] = mapped_column(String(1000))

    chat: Mapped[Chat] = relationship(Chat)
    contact: Mapped[Contact | None] = relationship(Contact)
    responsible: Mapped[User | None] = relationship(User, foreign_keys=[responsible_id])
    group: Mapped[Group | None] = relationship(Group)
