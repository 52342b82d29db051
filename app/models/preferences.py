"""What each person chose. Stored only where it differs from the account's defaults, so that a changed default
reaches everyone who never chose."""

from __future__ import annotations

import datetime as dt

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import Boolean, ForeignKey, Identity, Integer, SmallInteger, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Model, UtcDateTime


class UserSettings(Model):
    """One person's switches; no row, or NULL in a column, means the default."""

    __tablename__ = "user_settings"

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    receive: Mapped[bool] = mapped_column(Boolean, default=True, nullable=False, server_default="true")
    lead_times: Mapped[list[int] | None] = mapped_column(ARRAY(SmallInteger), nullable=True)
    unread_first: Mapped[bool] = mapped_column(Boolean, default=True, nullable=False, server_default="true")
    # {"hours": ["08:30"], "weekdays": [0…6]}, Monday is 0; hours as they were given: "08:30" or 8.
    digest: Mapped[dict[str, object] | None] = mapped_column(JSONB, nullable=True)
    # [{"weekdays": [0…6], "from": "21:00", "to": "07:30"}]: each begins on its weekdays; "to" may be on the next day.
    quiet_hours: Mapped[list[dict[str, object]] | None] = mapped_column(JSONB, nullable=True)
    dnd_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, nullable=True)


class PreferenceCell(Model):
    """One person's own choice for one cell of the matrix *kind of news × channel*."""

    __tablename__ = "preference_cells"

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    row: Mapped[str] = mapped_column(String(40), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    value: Mapped[str] = mapped_column(String(10), nullable=False)


class DefaultCell(Model):
    """The account's default for one cell and role, where admins changed it; ``mandatory`` locks it for everybody."""

    __tablename__ = "default_cells"
    __table_args__ = (UniqueConstraint("role", "row", "channel", name="uq_default_cells_cell"),)

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    role: Mapped[str] = mapped_column(String(20), nullable=False)
    row: Mapped[str] = mapped_column(String(40), nullable=False)
    channel: Mapped[str] = mapped_column(String(16), nullable=False)
    value: Mapped[str] = mapped_column(String(10), nullable=False)
    mandatory: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default="false")
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"), nullable=True)

    changed_by: Mapped[User | None] = relationship(User)
