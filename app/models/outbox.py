"""Mails that were kept instead of sent, because no SMTP server is configured."""

from datetime import datetime
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import BigInteger, DateTime, Identity, Index, LargeBinary, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column


class KeptMail(Model):
    """One mail exactly as it would have left the house; admins read it at /outbox.

    `delivery_id` is no foreign key: a kept mail may outlive the trace of its delivery. It is unique, so that a
    delivery repeated after a crash keeps one mail.
    """

    __tablename__ = "kept_mails"
    __table_args__ = (Index("ix_kept_mails_created_at_id", "created_at", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    delivery_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    to_address: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    def __repr__(self) -> str:
        return f"<KeptMail {self.id} for delivery {self.delivery_id}>"
