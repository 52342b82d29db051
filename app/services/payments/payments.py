"""Payments that Stripe tells of. Events come twice, late and out of order: a payment only moves on.

Taking in keeps what an event says, once, and answers: Stripe sends thousands at a time, and asks again whoever is slow.
The beat does the rest.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from app import access, clock
from app.catalogue import Rule
from app.extensions import db
from app.models.crm import Contact
from app.models.payments import Payment, PaymentState, StripeEvent
from app.services import audience, reading
from app.services.account import faults
from app.services.notify import Subject, record_event
from app.services.payments import stripe_settings
from app.transaction import savepoint

log = logging.getLogger(__name__)

STATES = {
    "payment_failed": PaymentState.FAILED,
    "payment_succeeded": PaymentState.SUCCEEDED,
    "refunded": PaymentState.REFUNDED,
    "disputed": PaymentState.DISPUTED,
    "subscription_canceled": PaymentState.CANCELED,
}
_ORDER = list(PaymentState)


@dataclass(frozen=True, slots=True)
class PaymentNews:
    """One event. ``what`` is the second half of our tag, ``won`` for a dispute that was, or empty: nothing to tell."""

    event_id: str
    type: str
    at: dt.datetime
    test: bool = False
    what: str = ""
    key: str = ""
    amount: int | None = None
    refunded: int | None = None
    currency: str = ""
    customer_id: str | None = None
    email: str | None = None
    name: str | None = None
    about: str | None = None
    reason: str | None = None
    invoice_id: str | None = None


# Who the customer is, as far as any event said; their contact; and the same payment under another number:
# an invoice's payment comes as both, without either naming the other. (``id + 0``: with stale statistics the planner
# would rather walk the primary key of the contacts up to the first match.)
_TAKE = text("""
WITH known AS (
    SELECT email, name FROM stripe_customers WHERE customer_id = CAST(:customer_id AS text)
), kept AS (
    INSERT INTO stripe_customers AS c (customer_id, email, name)
    SELECT :customer_id, CAST(:email AS text), CAST(:name AS text)
    WHERE CAST(:customer_id AS text) IS NOT NULL
      AND (CAST(:email AS text) IS NOT NULL OR CAST(:name AS text) IS NOT NULL)
    ON CONFLICT (customer_id) DO UPDATE SET email = coalesce(excluded.email, c.email),
        name = coalesce(excluded.name, c.name)
), who AS (
    SELECT coalesce(CAST(:email AS text), (SELECT email FROM known)) AS email,
           coalesce(CAST(:name AS text), (SELECT name FROM known)) AS name
)
SELECT who.email, who.name,
       (SELECT id FROM contacts k WHERE lower(k.email) = lower(who.email) ORDER BY id + 0 LIMIT 1) AS contact_id,
       (SELECT p.external_id FROM payments p
        WHERE p.customer_id = CAST(:customer_id AS text) AND p.amount = CAST(:amount AS bigint)
          AND p.currency = :currency AND p.at BETWEEN CAST(:at AS timestamptz) - interval '1 hour'
                                                  AND CAST(:at AS timestamptz) + interval '1 hour'
          AND p.external_id <> :key AND (p.external_id LIKE 'in\\_%') <> (CAST(:key AS text) LIKE 'in\\_%')
          AND (p.invoice_id IS NULL OR CAST(:invoice_id AS text) IS NULL OR p.invoice_id = :invoice_id)
        ORDER BY p.id DESC LIMIT 1) AS twin
FROM who
""")


# Only while the secret that the signature was checked with is still the account's.
_KEEP = text("""
WITH signed AS (
    SELECT CAST(:kept AS text) IS NULL
           OR EXISTS (SELECT FROM account_settings WHERE name = :setting AND value #>> '{}' = :kept) AS right
), kept AS (
    INSERT INTO stripe_events (event_id, type, received_at, said, due_at)
    SELECT :event_id, :type, :now, CAST(:said AS jsonb), :now FROM signed WHERE signed.right
    ON CONFLICT DO NOTHING RETURNING 1
)
SELECT signed.right, EXISTS (SELECT FROM kept) AS new FROM signed
""")

_WAITING = text("""
SELECT event_id, said, failures FROM stripe_events WHERE said IS NOT NULL AND due_at <= :now
ORDER BY due_at, received_at LIMIT :limit FOR UPDATE SKIP LOCKED
""")

RETRY_DELAYS_SECONDS = (30, 120, 600, 3600, 21600)
FAULT = "stripe:events"


def keep(news: PaymentNews, kept: str | None) -> bool | None:
    """Keep one event; return whether it is new, None where ``kept`` is not the account's secret any more.

    A repeat changes nothing. One statement that commits by itself: BEGIN and COMMIT of their own would be two more
    ways to the database for each event.
    """
    said = json.dumps({**asdict(news), "at": news.at.isoformat()})
    values = {
        "event_id": news.event_id,
        "type": news.type,
        "now": clock.now(),
        "said": said,
        "kept": kept,
        "setting": stripe_settings.SETTING,
    }
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        row = connection.execute(_KEEP, values).one()
    return bool(row.new) if row.right else None


def take_waiting(limit: int = 20) -> int:
    """Do what the waiting events say, the oldest first. Return how many there were.

    One that cannot be taken holds up no other: it is tried again, and admins are told.
    """
    rows = db.session.execute(_WAITING, {"now": clock.now(), "limit": limit}).all()
    done = [row.event_id for row in rows if _took(row)]
    if rows and len(done) == len(rows):
        faults.over(FAULT)
    if done:
        taken = text("UPDATE stripe_events SET said = NULL, due_at = NULL WHERE event_id = ANY(:ids)")
        db.session.execute(taken, {"ids": done})
    return len(rows)


def _took(row: Any) -> bool:
    news = PaymentNews(**{**row.said, "at": dt.datetime.fromisoformat(row.said["at"])})
    try:
        with savepoint():
            _apply(news)
    except Exception as error:
        log.exception("event %s could not be taken", row.event_id)
        tries = len(RETRY_DELAYS_SECONDS)
        later = clock.now() + dt.timedelta(seconds=RETRY_DELAYS_SECONDS[min(row.failures, tries - 1)])
        db.session.execute(
            text("UPDATE stripe_events SET failures = failures + 1, due_at = :later WHERE event_id = :id"),
            {"id": row.event_id, "later": later if row.failures < tries else None},
        )
        data = {"name": news.type, "reason": type(error).__name__, "url": "/paymentview/list/"}
        faults.note(FAULT, "stripe_event_failed", data)
        return False
    return True


def _apply(news: PaymentNews) -> None:
    row = db.session.execute(
        _TAKE,
        {
            "customer_id": news.customer_id,
            "email": news.email,
            "name": news.name,
            "amount": news.amount,
            "currency": news.currency,
            "at": news.at,
            "key": news.key,
            "invoice_id": news.invoice_id,
        },
    ).one()
    if news.what and news.key:
        _take(news, row)


def last_event() -> StripeEvent | None:
    """Return what Stripe sent last."""
    return db.session.scalars(select(StripeEvent).order_by(StripeEvent.received_at.desc()).limit(1)).first()


def _take(news: PaymentNews, who: Any) -> None:
    values = {
        "external_id": who.twin or news.key,
        "state": STATES.get(news.what, PaymentState.DISPUTED).value,
        "amount": news.amount,
        "refunded": news.refunded or 0,
        "currency": news.currency,
        "customer_id": news.customer_id,
        "email": who.email,
        "name": who.name,
        "about": news.about,
        "reason": news.reason,
        "contact_id": who.contact_id,
        "invoice_id": news.invoice_id,
        "test": news.test,
        "at": news.at,
        "created_at": clock.now(),
    }
    made = insert(Payment).values(**values).on_conflict_do_nothing(index_elements=[Payment.external_id])
    new_id = db.session.execute(made.returning(Payment.id)).scalar()
    if new_id is not None:
        if news.what != "won":
            _tell(news, new_id, values, news.refunded if news.what == "refunded" else news.amount)
        return
    same = select(Payment).where(Payment.external_id == values["external_id"])
    locked = same.with_for_update().execution_options(populate_existing=True)
    payment = db.session.scalars(locked).one()
    _complete(payment, values)
    before = payment.refunded
    if _moves(payment, news):
        db.session.flush()
        kept = {name: getattr(payment, name) for name in values}
        amount = payment.refunded - before if news.what == "refunded" else news.amount or payment.amount
        if news.what != "won":
            _tell(news, payment.id, kept, amount)


def _complete(payment: Payment, values: dict[str, Any]) -> None:
    """What another event of the same payment knows more; it takes nothing away."""
    for name in ("amount", "customer_id", "email", "name", "about", "contact_id", "invoice_id"):
        if getattr(payment, name) is None and values[name] is not None:
            setattr(payment, name, values[name])
    payment.currency = payment.currency or values["currency"]


def _moves(payment: Payment, news: PaymentNews) -> bool:
    """Move the payment on; return whether that is news. What came late is none."""
    before = PaymentState(payment.state)
    if news.what == "won":
        if before is PaymentState.DISPUTED:
            payment.state = (PaymentState.REFUNDED if payment.refunded else PaymentState.SUCCEEDED).value
            payment.at = max(payment.at, news.at)
        return False
    after = STATES[news.what]
    if after is PaymentState.REFUNDED:
        if (news.refunded or 0) <= payment.refunded:
            return False
        payment.refunded = news.refunded or 0
    elif after is PaymentState.FAILED:
        # Tried again, and failed again. Its own charge says the same at the same moment.
        if before is not after or news.at <= payment.at + dt.timedelta(seconds=60):
            payment.reason = payment.reason or news.reason
            return False
    elif before is after or _ORDER.index(after) < _ORDER.index(before):
        return False
    if _ORDER.index(after) >= _ORDER.index(before):
        payment.state = after.value
    payment.reason = news.reason
    payment.at = max(payment.at, news.at)
    return True


def _tell(news: PaymentNews, payment_id: int, values: dict[str, Any], amount: int | None) -> None:
    contact = _contact(values["contact_id"])
    subject = Subject("payment", payment_id)
    if news.what == "payment_succeeded":
        # It was tried before, and is paid now.
        reading.settle_subject(subject.key)
    data = {
        "payment_id": payment_id,
        "amount": amount,
        "currency": values["currency"],
        "name": contact.name if contact else values["name"],
        "email": values["email"],
        "about": values["about"],
        "reason": news.reason,
        "test": news.test,
        "contact": {"id": contact.id, "name": contact.name} if contact else None,
        "text": " ".join(str(values[name] or "") for name in ("name", "email", "about")).strip(),
        "url": f"/contactview/show/{contact.id}" if contact else "",
    }
    told = dict.fromkeys(audience.admins(), Rule.ADMIN)
    owner = contact.responsible if contact else None
    if owner is not None and owner.active and not access.is_free(owner):
        told[owner.id] = Rule.RESPONSIBLE
    record_event(f"stripe:{news.what}", None, subject, data, told=told)


def _contact(contact_id: int | None) -> Contact | None:
    if contact_id is None:
        return None
    statement = select(Contact).where(Contact.id == contact_id).options(joinedload(Contact.responsible))
    return db.session.scalars(statement).unique().one_or_none()
