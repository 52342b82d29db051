"""One event's way: Event → Notification (per person) → FeedItem (per subject), Delivery (per channel and address)."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import ChangedAt, CreatedAt, Model, UtcDateTime


class Event(Model, CreatedAt):
    """Something that happened: the timeline of a card and the cause of notifications. Never changed."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_subject", "subject_type", "subject_id", "id"),
        Index("ix_events_tag_created", "tag", "created_at"),
        UniqueConstraint("source", "external_id", name="uq_events_source_external"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tag: Mapped[str] = mapped_column(String(40), nullable=False)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    subject_type: Mapped[str] = mapped_column(String(20), nullable=False)
    subject_id: Mapped[int] = mapped_column(BigInteger, nullable=False)
    data: Mapped[dict[str, object]] = mapped_column(JSONB, nullable=False)
    # Intake is deduplicated by what the sender calls it; NULL for what happened here.
    source: Mapped[str | None] = mapped_column(String(40))
    external_id: Mapped[str | None] = mapped_column(String(200))


class FeedItem(Model, ChangedAt):
    """One row of a person's center: all notices about one subject."""

    __tablename__ = "feed_items"
    __table_args__ = (
        UniqueConstraint("user_id", "subject_key", name="uq_feed_items_user_subject"),
        # Unread first, newest first inside each block; and the plain order by time.
        Index("ix_feed_items_feed", "user_id", "archived", text("unread DESC"), text("at DESC"), text("id DESC")),
        Index("ix_feed_items_time", "user_id", "archived", text("at DESC"), text("id DESC")),
        Index("ix_feed_items_unread", "user_id", "tab", postgresql_where=text("unread AND NOT archived")),
        Index("ix_feed_items_subject", "subject_type", "subject_id"),
        Index("ix_feed_items_changed", "user_id", "changed_at"),
        Index("ix_feed_items_at", "at"),
        Index("ix_feed_items_remind", "remind_at", postgresql_where=text("remind_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)
    subject_key: Mapped[str] = mapped_column(String(80), nullable=False)
    subject_type: Mapped[str] = mapped_column(String(20), nullable=False)
    subject_id: Mapped[int] = mapped_column(BigInteger, nullable=False)
    tab: Mapped[str] = mapped_column(String(10), nullable=False)
    event_tag: Mapped[str] = mapped_column(String(40), nullable=False)
    # The newest event about the subject: its snapshot is what the row shows.
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), nullable=False, index=True)
    rule: Mapped[str] = mapped_column(String(30), nullable=False)
    count: Mapped[int] = mapped_column(Integer, default=1, nullable=False, server_default="1")
    unread: Mapped[bool] = mapped_column(Boolean, default=True, nullable=False, server_default="true")
    archived: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default="false")
    remind_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    read_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    # {"by": name, "at": iso}: a colleague has dealt with it.
    taken: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)


class Notification(Model, CreatedAt):
    """One event told to one person, and why; ``decisions`` says per channel what was decided at that moment."""

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("event_id", "user_id", name="uq_notifications_event_user"),
        Index("ix_notifications_item", "feed_item_id", "id"),
        Index("ix_notifications_digest", "user_id", "id", postgresql_where=text("for_digest")),
        Index("ix_notifications_created", "created_at", postgresql_using="brin"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), nullable=False)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)
    feed_item_id: Mapped[int] = mapped_column(ForeignKey("feed_items.id", ondelete="CASCADE"), nullable=False)
    rule: Mapped[str] = mapped_column(String(30), nullable=False)
    decisions: Mapped[dict[str, str]] = mapped_column(JSONB, nullable=False)
    # Waits for the person's next digest; false again once that was prepared.
    for_digest: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default="false")


class DeliveryState(StrEnum):
    """``pending`` waits for ``not_before``; ``sending`` is claimed; the rest is final, but failed can be sent again."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class Delivery(Model, CreatedAt):
    """One thing that leaves the house for one address by one channel: the outbox, written with its event."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_due", "not_before", "id", postgresql_where=text("state = 'pending'")),
        Index("ix_deliveries_stuck", "claimed_until", postgresql_where=text("state = 'sending'")),
        Index("ix_deliveries_failed", "id", postgresql_where=text("state = 'failed'")),
        Index("ix_deliveries_notification", "notification_id"),
        Index("ix_deliveries_user", "user_id", "id"),
        # One brief per address collects what is held; one that was claimed collects no more.
        Index(
            "uq_deliveries_open_brief",
            "user_id",
            "channel",
            "address",
            unique=True,
            postgresql_where=text("purpose = 'brief' AND state = 'pending' AND attempts = 0"),
        ),
        # What somebody answers in the messenger is found by the messenger's own number of our message.
        Index("ix_deliveries_receipt", "channel", "address", "receipt", postgresql_where=text("receipt IS NOT NULL")),
        Index("ix_deliveries_webhook", "address", text("id DESC"), postgresql_where=text("purpose = 'webhook'")),
        Index(
            "ix_deliveries_report",
            text("(CAST(data ->> 'run' AS bigint))"),
            postgresql_where=text("purpose = 'report'"),
        ),
        Index("ix_deliveries_chat", "user_id", postgresql_where=text("purpose = 'chat' AND state = 'pending'")),
        # What devices may still show.
        Index(
            "ix_deliveries_shown",
            "user_id",
            postgresql_where=text("state = 'sent' AND channel IN ('browser', 'mobile') AND taken_back_at IS NULL"),
        ),
        # Rows are written in the order of time: a few pages of index find the old ones.
        Index("ix_deliveries_created", "created_at", postgresql_using="brin"),
        Index("ix_deliveries_finished", "finished_at", postgresql_using="brin"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(String(400), unique=True, nullable=False)
    purpose: Mapped[str] = mapped_column(String(16), nullable=False)
    # The kind of news; NULL for what holds several, or none.
    event_tag: Mapped[str | None] = mapped_column(String(40))
    channel: Mapped[str] = mapped_column(String(16), nullable=False)
    address: Mapped[str] = mapped_column(String(320), nullable=False)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"))
    notification_id: Mapped[int | None] = mapped_column(ForeignKey("notifications.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(10), default=DeliveryState.PENDING, nullable=False)
    not_before: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)
    # Until then a job is believed to be on its way; the sweep leaves the row alone.
    queued_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    claimed_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0, nullable=False, server_default="0")
    skip_reason: Mapped[str | None] = mapped_column(String(30))
    error: Mapped[str | None] = mapped_column(Text)
    finished_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    # When what a device showed was closed again, because it was read elsewhere.
    taken_back_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    # What the provider calls the message that it took.
    receipt: Mapped[str | None] = mapped_column(String(120))
    # What is not rendered from a notification: set-up mails, tests, reports.
    data: Mapped[dict[str, object] | None] = mapped_column(JSONB)

    user: Mapped[User | None] = relationship(User)

    @property
    def about(self) -> str:
        """The kind of news, or what else it is for."""
        return self.event_tag or self.purpose


class DeliveryItem(Model):
    """What a digest or brief contains."""

    __tablename__ = "delivery_items"

    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True)
    notification_id: Mapped[int] = mapped_column(
        ForeignKey("notifications.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class DeliveryChat(Model):
    """A chat that a digest or brief tells about: what is unread in it when that is sent.

    ``seq`` is the newest message that it is about: with that read there is nothing to tell.
    """

    __tablename__ = "delivery_chats"
    __table_args__ = (Index("ix_delivery_chats_chat", "chat_id", "delivery_id"),)

    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("chats.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(40), nullable=False)
    rule: Mapped[str] = mapped_column(String(30), nullable=False)
    seq: Mapped[int] = mapped_column(BigInteger, nullable=False)


class ChatForDigest(Model):
    """A chat with new messages, up to ``seq``, that waits for its person's next digest; gone once that was prepared."""

    __tablename__ = "chats_for_digest"
    __table_args__ = (Index("ix_chats_for_digest_chat", "chat_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("chats.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(40), nullable=False)
    rule: Mapped[str] = mapped_column(String(30), nullable=False)
    seq: Mapped[int] = mapped_column(BigInteger, nullable=False)


class Process(Model):
    """Heartbeat of a running process, for ``/readyz``: RQ's own list stays empty after a FLUSHALL."""

    __tablename__ = "processes"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), nullable=False, index=True)
    host: Mapped[str] = mapped_column(String(120), nullable=False)
    pid: Mapped[int] = mapped_column(Integer, nullable=False)
    started_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)
    heartbeat_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)
