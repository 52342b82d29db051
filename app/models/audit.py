"""Who changed what: rows written by one PostgreSQL trigger function, so that bulk statements are covered too."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Identity, Index, Integer, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model, UtcDateTime


class AuditEntry(Model):
    """One changed row. ``old`` and ``new`` hold only the columns that changed, never a password."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_row", "table_name", "row_id", "id"), Index("ix_audit_log_at", "at"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, server_default=text("clock_timestamp()"), nullable=False)
    actor_id: Mapped[int | None] = mapped_column(Integer)
    table_name: Mapped[str] = mapped_column(String(40), nullable=False)
    row_id: Mapped[str | None] = mapped_column(String(60))
    operation: Mapped[str] = mapped_column(String(6), nullable=False)
    old: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    new: Mapped[dict[str, object] | None] = mapped_column(JSONB)
