"""Where a person's news can go besides mail: devices with Web Push, a linked Telegram chat, and paused addresses."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.models.base import CreatedAt, Model, UtcDateTime


class Device(Model, CreatedAt):
    """One browser's push subscription (RFC 8030). ``kind`` is mobile on a phone or when installed, else browser.

    Its address in deliveries is ``device:{id}``: endpoints are long, and secrets of the browser.
    """

    __tablename__ = "devices"
    __table_args__ = (CheckConstraint("kind IN ('browser', 'mobile')", name="kind"),)

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False, index=True)
    endpoint: Mapped[str] = mapped_column(String(1000), unique=True, nullable=False)
    p256dh: Mapped[str] = mapped_column(String(120), nullable=False)
    auth: Mapped[str] = mapped_column(String(40), nullable=False)
    kind: Mapped[str] = mapped_column(String(10), nullable=False)
    name: Mapped[str] = mapped_column(String(80), nullable=False)
    last_used_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=clock.now, nullable=False)


class TelegramLink(Model, CreatedAt):
    """The private chat with the bot in which a person reads the news. One chat per person, one person per chat."""

    __tablename__ = "telegram_links"

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger, unique=True, nullable=False)
    name: Mapped[str] = mapped_column(String(80), nullable=False, server_default="")


class TelegramCode(Model, CreatedAt):
    """A one-time code of a deep link; only its hash is kept."""

    __tablename__ = "telegram_codes"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False, index=True)
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)
    used_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class PausedAddress(Model):
    """A mail address whose server said for good that it takes nothing; until it is changed or confirmed."""

    __tablename__ = "paused_addresses"

    address: Mapped[str] = mapped_column(String(320), primary_key=True)
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=clock.now, nullable=False)
    reason: Mapped[str] = mapped_column(Text, nullable=False)


class DigestPlan(Model):
    """When a person's next digest is due, worked out ahead so that the beat asks one index.

    ``zone`` is the zone that it was worked out in: a plan whose person has moved is made anew.
    """

    __tablename__ = "digest_plans"
    __table_args__ = (Index("ix_digest_plans_next", "next_at", "user_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    zone: Mapped[str] = mapped_column(String(64), nullable=False)
    # NULL: no weekday or hour is chosen.
    next_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class ChannelHealth(Model):
    """What the hourly self-test last said about a channel; ``down_since`` is set while admins have been told."""

    __tablename__ = "channel_health"

    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    checked_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    problem: Mapped[str | None] = mapped_column(Text)
    down_since: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
