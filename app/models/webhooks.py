"""Addresses of other programs that hear of what happens here."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Boolean, Identity, Integer, SmallInteger, String, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import CreatedAt, Model, UtcDateTime


class Webhook(Model, CreatedAt):
    """Belongs to the account: whoever made it may leave. A trigger on ``events`` writes its deliveries.

    ``topics`` are the first halves of the tags it hears of ("lead" of "lead:won"), none: all. ``failing_since`` and
    ``failures`` (deliveries given up in a row) are reset by each success.
    """

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(60), nullable=False)
    url: Mapped[str] = mapped_column(String(300), nullable=False)
    secret: Mapped[str] = mapped_column(Text, nullable=False)
    topics: Mapped[list[str]] = mapped_column(ARRAY(String(20)), nullable=False, default=list, server_default="{}")
    active: Mapped[bool] = mapped_column(Boolean, nullable=False, default=True, server_default="true")
    failures: Mapped[int] = mapped_column(SmallInteger, nullable=False, default=0, server_default="0")
    failing_since: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    disabled_reason: Mapped[str | None] = mapped_column(Text)

    def __repr__(self) -> str:
        return self.name
