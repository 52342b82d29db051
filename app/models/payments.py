"""What Stripe tells of: payments and cancelled subscriptions, and whose they are; and the account's own plan."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import BigInteger, Boolean, Date, ForeignKey, Identity, Index, Integer, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import CreatedAt, Model, UtcDateTime
from app.models.crm import Contact


class PaymentState(StrEnum):
    """In the order in which they can follow: what comes late never takes a payment back to an earlier one."""

    FAILED = "failed"
    SUCCEEDED = "succeeded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    CANCELED = "canceled"


class StripeEvent(Model):
    """An event that came in. The key is the claim: a repeat finds it.

    ``said`` is what it says until it was taken; then NULL, for it is in the payment.
    """

    __tablename__ = "stripe_events"
    __table_args__ = (Index("ix_stripe_events_waiting", "due_at", postgresql_where=text("said IS NOT NULL")),)

    event_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    type: Mapped[str] = mapped_column(String(80), nullable=False)
    received_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False, index=True)
    said: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    # When it is to be taken, and how often that failed.
    due_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    failures: Mapped[int] = mapped_column(SmallInteger, default=0, nullable=False, server_default="0")


class StripeCustomer(Model):
    """Who a customer of Stripe is: subscriptions name nobody, so their address is kept from other events."""

    __tablename__ = "stripe_customers"

    customer_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    email: Mapped[str | None] = mapped_column(String(254))
    name: Mapped[str | None] = mapped_column(String(160))


class Payment(Model, CreatedAt):
    """A payment or a cancelled subscription, by the number that Stripe gives it.

    Amounts are in Stripe's smallest unit of the currency; ``services/payments/amounts.py`` knows how many make a
    whole one.
    """

    __tablename__ = "payments"
    __table_args__ = (Index("ix_payments_customer", "customer_id", "id"), Index("ix_payments_at", "at", "id"))

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(100), unique=True, nullable=False)
    state: Mapped[str] = mapped_column(String(10), nullable=False)
    amount: Mapped[int | None] = mapped_column(BigInteger)
    refunded: Mapped[int] = mapped_column(BigInteger, default=0, nullable=False, server_default="0")
    currency: Mapped[str] = mapped_column(String(3), nullable=False, server_default="")
    customer_id: Mapped[str | None] = mapped_column(String(100))
    email: Mapped[str | None] = mapped_column(String(254))
    name: Mapped[str | None] = mapped_column(String(160))
    about: Mapped[str | None] = mapped_column(String(300))
    reason: Mapped[str | None] = mapped_column(String(300))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"), index=True)
    # An invoice's payment is also told of by itself; both are this row.
    invoice_id: Mapped[str | None] = mapped_column(String(100), index=True)
    test: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default="false")
    # When the state was reached, by Stripe's clock.
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)

    contact: Mapped[Contact | None] = relationship(Contact)

    def __repr__(self) -> str:
        return self.external_id


class BillingNotice(Model):
    """A notice about the plan's end that was given. The key is the claim; another date is another row.

    ``days`` before the end, -1 once it has passed.
    """

    __tablename__ = "billing_notices"

    paid_until: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    days: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    told_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)
