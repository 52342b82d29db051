"""The second step of signing in: a person's secret for an authenticator app, and codes for when the phone is lost."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model, UtcDateTime


class TwoStep(Model):
    """Whose row it is signs in with a code too. ``last_step`` is the newest 30 seconds of which a code was used."""

    __tablename__ = "two_steps"

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    # Encrypted with ENCRYPTION_KEY.
    secret: Mapped[str] = mapped_column(String(300), nullable=False)
    last_step: Mapped[int] = mapped_column(Integer, default=0, nullable=False, server_default="0")
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)


class RecoveryCode(Model):
    """One that was not used yet; only its hash is kept."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
