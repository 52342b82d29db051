"""Scheduled reports: what they tell, who gets them, and each run with the report as it was sent."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import CreatedAt, Model, UtcDateTime
from app.models.people import User


class RunState(StrEnum):
    """``waiting`` to be worked out, ``building``; its mails are ``sending``; the rest is final."""

    WAITING = "waiting"
    BUILDING = "building"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"


class Report(Model, CreatedAt):
    """A report that goes out by the clock. An own one tells its owner about themselves and goes to nobody else."""

    __tablename__ = "reports"
    __table_args__ = (
        Index("ix_reports_due", "next_at", postgresql_where=text("active AND next_at IS NOT NULL")),
        Index("ix_reports_owner", "owner_id"),
        Index("uq_reports_own", "owner_id", unique=True, postgresql_where=text("NOT shared")),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)
    name: Mapped[str] = mapped_column(String(80), nullable=False)
    shared: Mapped[bool] = mapped_column(Boolean, nullable=False)
    sections: Mapped[list[str]] = mapped_column(ARRAY(String(20)), nullable=False)
    # account, groups or user; whose ids.
    scope: Mapped[str] = mapped_column(String(10), nullable=False)
    scope_ids: Mapped[list[int]] = mapped_column(ARRAY(Integer), nullable=False)
    # day, week or month: the last whole one is told.
    period: Mapped[str] = mapped_column(String(10), nullable=False)
    # ["08:00"]; weekdays are 0 (Monday) to 6; a day of the month beyond its end is the last one.
    times: Mapped[list[str]] = mapped_column(ARRAY(String(5)), nullable=False)
    weekdays: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger), nullable=False)
    monthday: Mapped[int] = mapped_column(SmallInteger, nullable=False)
    zone: Mapped[str] = mapped_column(String(64), nullable=False)
    attach_pdf: Mapped[bool] = mapped_column(Boolean, nullable=False)
    attach_csv: Mapped[bool] = mapped_column(Boolean, nullable=False)
    language: Mapped[str] = mapped_column(String(8), nullable=False, server_default="en")
    active: Mapped[bool] = mapped_column(Boolean, nullable=False, server_default="true")
    next_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)

    owner: Mapped[User] = relationship(User)


class ReportRecipient(Model, CreatedAt):
    """Who gets a report: a user, or an address outside once its reader has confirmed it."""

    __tablename__ = "report_recipients"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (address IS NULL)", name="one_kind"),
        UniqueConstraint("report_id", "user_id", name="uq_report_recipients_user"),
        UniqueConstraint("report_id", "address", name="uq_report_recipients_address"),
        Index("ix_report_recipients_user", "user_id"),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"), nullable=False)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"))
    # In lower case.
    address: Mapped[str | None] = mapped_column(String(254))
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    asked_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    unsubscribed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)

    user: Mapped[User | None] = relationship(User, foreign_keys=[user_id])
    added_by: Mapped[User | None] = relationship(User, foreign_keys=[added_by_id])


class ReportRun(Model, CreatedAt):
    """One report of one window, with what it said; a preview (``user_id``) has no report and no window."""

    __tablename__ = "report_runs"
    __table_args__ = (
        CheckConstraint("(report_id IS NULL) = (window_at IS NULL)", name="window"),
        UniqueConstraint("report_id", "window_at", name="uq_report_runs_window"),
        Index("ix_report_runs_open", "not_before", postgresql_where=text("state IN ('waiting', 'building')")),
        Index("ix_report_runs_sending", "id", postgresql_where=text("state = 'sending'")),
        Index("ix_report_runs_created", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    report_id: Mapped[int | None] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"))
    window_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    # For whom: who asked for the preview, or pressed "send now".
    user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"))
    by_hand: Mapped[bool] = mapped_column(Boolean, nullable=False, server_default="false")
    # It was due long before it went out.
    late: Mapped[bool] = mapped_column(Boolean, nullable=False, server_default="false")
    # The set-up as it was: what a later change does not rewrite.
    setup: Mapped[dict[str, object]] = mapped_column(JSONB, nullable=False)
    state: Mapped[str] = mapped_column(String(10), nullable=False)
    not_before: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)
    queued_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    claimed_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(SmallInteger, nullable=False, server_default="0")
    error: Mapped[str | None] = mapped_column(Text)
    starts_on: Mapped[dt.date | None] = mapped_column(Date)
    ends_on: Mapped[dt.date | None] = mapped_column(Date)
    # What it says, for page, mail and PDF alike.
    contents: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    took_ms: Mapped[int | None] = mapped_column(Integer)
    size: Mapped[int | None] = mapped_column(Integer)
    # {"sent": 3, "failed": 1, "skipped": 0} once all its mails are settled.
    counts: Mapped[dict[str, int] | None] = mapped_column(JSONB)
    finished_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class ReportFile(Model):
    """A picture or an attachment of a run, as it was sent."""

    __tablename__ = "report_files"

    run_id: Mapped[int] = mapped_column(ForeignKey("report_runs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    type: Mapped[str] = mapped_column(String(40), nullable=False)
    content: Mapped[bytes] = mapped_column(LargeBinary, nullable=False)
