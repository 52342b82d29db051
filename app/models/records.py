"""What hangs on records of every kind: notes, tags, saved filters, deleted ones, imports and exports."""

from __future__ import annotations

import datetime as dt

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app import clock
from app.models.base import ChangedAt, CreatedAt, Model, UtcDateTime
from app.models.crm import Company, Contact, Lead


class Note(Model, CreatedAt, ChangedAt):
    """What somebody wrote down on a card."""

    __tablename__ = "notes"
    __table_args__ = (Index("ix_notes_subject", "subject_type", "subject_id", "id"),)

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    subject_type: Mapped[str] = mapped_column(String(20), nullable=False)
    subject_id: Mapped[int] = mapped_column(BigInteger, nullable=False)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    body: Mapped[str] = mapped_column(Text, nullable=False)

    author: Mapped[User | None] = relationship(User)


class Tag(Model):
    """A word that groups records; the account's own, shared by leads, contacts and companies."""

    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), nullable=False)
    # The folded name: "VIP" and "vip" are one tag.
    sort_key: Mapped[str] = mapped_column(String(60, collation="C"), unique=True, nullable=False)

    def __repr__(self) -> str:
        return self.name


def _tagged(table: str, column: str, target: str) -> Table:
    return Table(
        table,
        Model.metadata,
        Column(column, ForeignKey(f"{target}.id", ondelete="CASCADE"), primary_key=True),
        Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True),
    )


lead_tags = _tagged("lead_tags", "lead_id", "leads")
contact_tags = _tagged("contact_tags", "contact_id", "contacts")
company_tags = _tagged("company_tags", "company_id", "companies")

Lead.tags = relationship(Tag, secondary=lead_tags, order_by=Tag.sort_key)
Contact.tags = relationship(Tag, secondary=contact_tags, order_by=Tag.sort_key)
Company.tags = relationship(Tag, secondary=company_tags, order_by=Tag.sort_key)


class CardShare(Model, CreatedAt):
    """A card that somebody was let in on: by being mentioned in its internal chat, or on the card itself."""

    __tablename__ = "card_shares"
    __table_args__ = (Index("ix_card_shares_user", "user_id", "subject_type", "subject_id"),)

    subject_type: Mapped[str] = mapped_column(String(10), primary_key=True)
    subject_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    shared_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))

    user: Mapped[User] = relationship(User, foreign_keys=[user_id])
    shared_by: Mapped[User | None] = relationship(User, foreign_keys=[shared_by_id])


class SavedFilter(Model, CreatedAt):
    """A person's own view of a list: its search, filters and order, as the address has them."""

    __tablename__ = "saved_filters"
    __table_args__ = (UniqueConstraint("user_id", "screen", "name", name="uq_saved_filters_name"),)

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)
    screen: Mapped[str] = mapped_column(String(40), nullable=False)
    name: Mapped[str] = mapped_column(String(60), nullable=False)
    query: Mapped[str] = mapped_column(String(2000), nullable=False)


class ListColumns(Model):
    """Which columns of a list a person wants to see, in the list's order; no row means the usual ones."""

    __tablename__ = "list_columns"

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    screen: Mapped[str] = mapped_column(String(40), primary_key=True)
    columns: Mapped[list[str]] = mapped_column(ARRAY(String(40)), nullable=False)


class DeletedRecord(Model):
    """A deleted row and what pointed to it, kept for a while so that deleting can be undone."""

    __tablename__ = "deleted_records"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    batch: Mapped[str] = mapped_column(String(32), nullable=False, index=True)
    kind: Mapped[str] = mapped_column(String(20), nullable=False)
    record_id: Mapped[int] = mapped_column(BigInteger, nullable=False)
    data: Mapped[dict[str, object]] = mapped_column(JSONB, nullable=False)
    links: Mapped[dict[str, object]] = mapped_column(JSONB, nullable=False)
    deleted_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"))
    deleted_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=clock.now, nullable=False, index=True)


class Transfer(Model, CreatedAt, ChangedAt):
    """One import or export, as a job works on it. The file is kept until ``expires_at``."""

    __tablename__ = "transfers"
    __table_args__ = (Index("ix_transfers_user", "user_id", "id"),)

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)
    direction: Mapped[str] = mapped_column(String(6), nullable=False)
    kind: Mapped[str] = mapped_column(String(20), nullable=False)
    # draft (an import that still asks), waiting, running, done, failed, cancelled
    state: Mapped[str] = mapped_column(String(10), nullable=False, index=True)
    file_name: Mapped[str] = mapped_column(String(200), nullable=False)
    stored_as: Mapped[str] = mapped_column(String(64), nullable=False)
    settings: Mapped[dict[str, object]] = mapped_column(JSONB, nullable=False)
    total: Mapped[int] = mapped_column(Integer, default=0, nullable=False)
    done: Mapped[int] = mapped_column(Integer, default=0, nullable=False)
    counts: Mapped[dict[str, object]] = mapped_column(JSONB, default=dict, nullable=False)
    error: Mapped[str | None] = mapped_column(Text)
    cancel: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False)
    finished_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False, index=True)
