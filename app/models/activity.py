"""What the activity report is made from: numbers per day of the account's zone and person, kept up to date by the beat.

Counted anew from the records whenever those of a day change; see ``services/reports/activity_days.py``.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, Identity, Integer, Numeric, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model, UtcDateTime


def _count() -> Mapped[int]:
    return mapped_column(Integer, nullable=False, server_default="0")


class ActivityDay(Model):
    """One person's day. ``user_id`` 0: what nobody had taken, by the group whose it was (0: no group either).

    No foreign keys: a number of the past does not depend on what is deleted later, and people never are.
    """

    __tablename__ = "activity_days"

    day: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    user_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    group_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    leads_new: Mapped[int] = _count()
    leads_won: Mapped[int] = _count()
    leads_lost: Mapped[int] = _count()
    tasks_set: Mapped[int] = _count()
    tasks_done: Mapped[int] = _count()
    tasks_expired: Mapped[int] = _count()
    messages_in: Mapped[int] = _count()
    messages_out: Mapped[int] = _count()
    talks_opened: Mapped[int] = _count()
    talks_closed: Mapped[int] = _count()
    talks_unanswered: Mapped[int] = _count()
    calls_in: Mapped[int] = _count()
    calls_out: Mapped[int] = _count()
    calls_missed: Mapped[int] = _count()
    mails_in: Mapped[int] = _count()
    asked: Mapped[int] = _count()
    scores: Mapped[int] = _count()
    score_sum: Mapped[int] = _count()
    promoters: Mapped[int] = _count()
    detractors: Mapped[int] = _count()
    deliveries_sent: Mapped[int] = _count()
    deliveries_failed: Mapped[int] = _count()
    # Medians cannot be summed: the single times in seconds, so that the median of any days and people is exact.
    first_replies: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))


class ActivitySum(Model):
    """Budgets of one person's day, each currency for itself."""

    __tablename__ = "activity_sums"

    day: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    user_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    group_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    leads_new: Mapped[Decimal] = mapped_column(Numeric(18, 2), nullable=False, server_default="0")
    leads_won: Mapped[Decimal] = mapped_column(Numeric(18, 2), nullable=False, server_default="0")
    leads_lost: Mapped[Decimal] = mapped_column(Numeric(18, 2), nullable=False, server_default="0")


class ActivityTouched(Model):
    """A moment of the past at which a record counts that was changed or deleted later: its day is counted again.

    Written by triggers, so that bulk statements and undoing are covered too; read and removed by the beat.
    """

    __tablename__ = "activity_touched"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)


class ActivityState(Model):
    """How far the numbers are: one row.

    All days until ``refreshed_at`` are counted but for what was touched. While all are made anew, from today backwards,
    ``rebuild_day`` is the next one and ``first_day`` the last.
    """

    __tablename__ = "activity_state"
    __table_args__ = (CheckConstraint("one", name="one"),)

    one: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=text("true"))
    zone: Mapped[str] = mapped_column(String(64), nullable=False)
    refreshed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    first_day: Mapped[dt.date | None] = mapped_column(Date)
    rebuild_day: Mapped[dt.date | None] = mapped_column(Date)
    rebuilt_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
