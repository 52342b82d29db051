"""Mails that were kept instead of sent, because no SMTP server is configured."""

from __future__ import annotations

from sqlalchemy import BigInteger, Identity, LargeBinary, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import CreatedAt, Model


class KeptMail(Model, CreatedAt):
    """One mail exactly as it would have left the house; admins read it at /outbox.

    ``delivery_id`` is no foreign key: a kept mail may outlive the trace of its delivery. It is unique, so that a
    delivery repeated after a crash keeps one mail.
    """

    __tablename__ = "kept_mails"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    delivery_id: Mapped[int] = mapped_column(BigInteger, unique=True, nullable=False)
    to_address: Mapped[str] = mapped_column(String(320), nullable=False)
    subject: Mapped[str] = mapped_column(Text, nullable=False)
    text: Mapped[str] = mapped_column(Text, nullable=False)
    html: Mapped[str] = mapped_column(Text, nullable=False)
    headers: Mapped[dict[str, str]] = mapped_column(JSONB, nullable=False)
    raw: Mapped[bytes] = mapped_column(LargeBinary, nullable=False)

    def __repr__(self) -> str:
        return self.subject
