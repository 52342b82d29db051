"""Answers to clients that are written once and used again and again."""

from __future__ import annotations

from sqlalchemy import Boolean, ForeignKey, Identity, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import ChangedAt, CreatedAt, Model, SortedByName
from app.models.people import User


class SavedAnswer(SortedByName, Model, CreatedAt, ChangedAt):
    """``shared``: everybody who answers clients has it, else only its owner."""

    __tablename__ = "saved_answers"
    __table_args__ = (Index("ix_saved_answers_owner", "owner_id"), Index("ix_saved_answers_sort", "sort_key", "id"))

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(60), nullable=False)
    sort_key: Mapped[str] = mapped_column(String(200, collation="C"), nullable=False, server_default="")
    body: Mapped[str] = mapped_column(Text, nullable=False)
    shared: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default="false")
    # A shared one outlives who wrote it; people are deactivated, not deleted, so an own one stays its owner's.
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))

    owner: Mapped[User | None] = relationship(User)

    def __repr__(self) -> str:
        return self.name
