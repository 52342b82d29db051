"""Telephone lines, and the calls that a telephone system tells of."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import CreatedAt, Model, SortedByName, UtcDateTime
from app.models.crm import Contact, Lead
from app.models.people import Group, User


class CallLine(SortedByName, Model, CreatedAt):
    """A number that clients call. The telephone system reports to /hooks/calls/{token}.

    ``region`` is the country whose national numbers it sends; the token is kept encrypted, and found by its hash.
    """

    __tablename__ = "call_lines"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(60), nullable=False)
    sort_key: Mapped[str] = mapped_column(String(200, collation="C"), nullable=False, server_default="")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True, nullable=False)
    token: Mapped[str] = mapped_column(String(300), nullable=False)
    number: Mapped[str | None] = mapped_column(String(32))
    region: Mapped[str | None] = mapped_column(String(2))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("ab_group.id", ondelete="SET NULL"))
    makes_leads: Mapped[bool] = mapped_column(Boolean, default=True, nullable=False, server_default="true")
    active: Mapped[bool] = mapped_column(Boolean, default=True, nullable=False, server_default="true")

    group: Mapped[Group | None] = relationship(Group)

    def __repr__(self) -> str:
        return self.name


class CallStatus(StrEnum):
    """``unknown``: it rang, and the telephone system never said what became of it."""

    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"
    MISSED = "missed"
    UNKNOWN = "unknown"


class Call(Model, CreatedAt):
    """One call. ``user`` is who talked, ``responsible`` whose client it was when it came in."""

    __tablename__ = "calls"
    __table_args__ = (
        UniqueConstraint("line_id", "external_id", name="uq_calls_external"),
        Index("ix_calls_started", "started_at", "id"),
        Index("ix_calls_ringing", "started_at", postgresql_where=text("status = 'ringing'")),
        Index(
            "ix_calls_ongoing",
            "user_id",
            postgresql_where=text("status IN ('ringing', 'answered') AND user_id IS NOT NULL"),
        ),
        CheckConstraint("direction IN ('incoming', 'outgoing')", name="direction"),
        CheckConstraint("status IN ('ringing', 'answered', 'ended', 'missed', 'unknown')", name="status"),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    line_id: Mapped[int | None] = mapped_column(ForeignKey("call_lines.id", ondelete="SET NULL"))
    external_id: Mapped[str] = mapped_column(String(120), nullable=False)
    direction: Mapped[str] = mapped_column(String(8), nullable=False)
    status: Mapped[str] = mapped_column(String(8), nullable=False)
    # As it came, and as people read it; empty for a hidden number.
    phone: Mapped[str] = mapped_column(String(40), nullable=False, server_default="")
    duration_seconds: Mapped[int | None] = mapped_column(Integer)
    recording_url: Mapped[str | None] = mapped_column(String(1000))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"), index=True)
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("leads.id", ondelete="SET NULL"), index=True)
    responsible_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"), index=True)
    started_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)
    answered_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)

    line: Mapped[CallLine | None] = relationship(CallLine)
    contact: Mapped[Contact | None] = relationship(Contact)
    lead: Mapped[Lead | None] = relationship(Lead)
    responsible: Mapped[User | None] = relationship(User, foreign_keys=[responsible_id])
    user: Mapped[User | None] = relationship(User, foreign_keys=[user_id])

    def __repr__(self) -> str:
        return self.contact.name if self.contact else self.phone
