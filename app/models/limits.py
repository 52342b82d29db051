"""Activity limits: how much somebody may open or be shown per hour or day, what was counted, and the evidence."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from flask_babel import gettext
from sqlalchemy import (
    BigInteger,
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

from app.models.base import CreatedAt, Model, UtcDateTime
from app.models.people import Group, Role, User, full_name


class Scope(StrEnum):
    """For whom a limit is; the later ones are more specific and win."""

    EVERYONE = "everyone"
    ROLE = "role"
    GROUP = "group"
    USER = "user"


class Counted(StrEnum):
    """``cards``: first openings of leads, contacts and companies; ``items``: elements of lists that were shown."""

    CARDS = "cards"
    ITEMS = "items"


class Span(StrEnum):
    """A clock hour or a day of the account's zone."""

    HOUR = "hour"
    DAY = "day"


class LimitRule(Model, CreatedAt):
    """The ``amount``-th in a window is allowed, the next one deactivates."""

    __tablename__ = "limit_rules"
    __table_args__ = (
        UniqueConstraint(
            "scope",
            "role_id",
            "group_id",
            "user_id",
            "kind",
            "span",
            name="uq_limit_rules_span",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("amount > 0", name="amount"),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    scope: Mapped[str] = mapped_column(String(10), nullable=False)
    role_id: Mapped[int | None] = mapped_column(ForeignKey("ab_role.id", ondelete="CASCADE"))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("ab_group.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(8), nullable=False)
    span: Mapped[str] = mapped_column(String(8), nullable=False)
    amount: Mapped[int] = mapped_column(Integer, nullable=False)
    active: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default="false")
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))

    role: Mapped[Role | None] = relationship(Role)
    group: Mapped[Group | None] = relationship(Group)
    user: Mapped[User | None] = relationship(User, foreign_keys=[user_id])
    created_by: Mapped[User | None] = relationship(User, foreign_keys=[created_by_id])

    def whom(self) -> str:
        """Return for whom it is, in words."""
        if self.role is not None:
            return gettext("Role %(name)s", name=self.role.name)
        if self.group is not None:
            return gettext("User group %(name)s", name=self.group.label or self.group.name)
        return full_name(self.user) if self.user is not None else gettext("Everyone")


class ActivityCounter(Model):
    """What one person opened or was shown in one window. ``forgiven`` of it does not count any more."""

    __tablename__ = "activity_counters"
    __table_args__ = (Index("ix_activity_counters_window", "kind", "span", "starts_at"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    span: Mapped[str] = mapped_column(String(8), primary_key=True)
    starts_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, primary_key=True)
    amount: Mapped[int] = mapped_column(Integer, nullable=False)
    forgiven: Mapped[int] = mapped_column(Integer, default=0, nullable=False, server_default="0")
    # When 80 % and more than all were told, once each.
    near_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    exceeded_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class CardOpening(Model):
    """Evidence: the first opening of a card in an hour. A ``forgiven`` one counts again."""

    __tablename__ = "card_openings"
    __table_args__ = (Index("ix_card_openings_hour", "hour_at"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    hour_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, primary_key=True)
    subject_type: Mapped[str] = mapped_column(String(20), primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)
    forgiven: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default=text("false"))


class ListShowing(Model):
    """Evidence: a list that was shown, where, and how many elements of it count."""

    __tablename__ = "list_showings"
    __table_args__ = (Index("ix_list_showings_user", "user_id", "at"), Index("ix_list_showings_at", "at"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)
    place: Mapped[str] = mapped_column(String(200), nullable=False)
    amount: Mapped[int] = mapped_column(Integer, nullable=False)
