"""What one person had goes to another: asked for on a page, done by a job."""

from __future__ import annotations

import datetime as dt

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import ForeignKey, Identity, Index, Integer, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import ChangedAt, CreatedAt, Model, UtcDateTime


class HandOver(Model, CreatedAt, ChangedAt):
    """One hand-over. ``parts`` names what goes, ``counts`` how much of each has gone already."""

    __tablename__ = "hand_overs"
    __table_args__ = (Index("ix_hand_overs_from", "from_id", "id"),)

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    from_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)
    to_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    parts: Mapped[list[str]] = mapped_column(JSONB, nullable=False)
    # waiting, running, done, failed
    state: Mapped[str] = mapped_column(String(10), nullable=False, index=True)
    total: Mapped[int] = mapped_column(Integer, default=0, nullable=False)
    done: Mapped[int] = mapped_column(Integer, default=0, nullable=False)
    counts: Mapped[dict[str, int]] = mapped_column(JSONB, default=dict, nullable=False)
    error: Mapped[str | None] = mapped_column(Text)
    finished_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)

    to: Mapped[User] = relationship(User, foreign_keys=[to_id])
    actor: Mapped[User | None] = relationship(User, foreign_keys=[actor_id])
