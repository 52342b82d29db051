"""What the account's own rules could not do, once per cause."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Identity, Integer, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model, UtcDateTime


class Fault(Model):
    """A cause of *error:automation*: told when it begins and when it is over, counted meanwhile."""

    __tablename__ = "faults"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    cause: Mapped[str] = mapped_column(String(80), unique=True, nullable=False)
    data: Mapped[dict[str, object]] = mapped_column(JSONB, nullable=False)
    times: Mapped[int] = mapped_column(Integer, nullable=False, default=1, server_default="1")
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)
    last_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)
    told_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)
    over_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
