"""Stripe's side: events as its API writes them, signed as it signs."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from itertools import count
from typing import Any

from flask.testing import FlaskClient

from app.services.payments import payments
from app.transaction import transaction

SECRET = "whsec_test_0123456789abcdef"
_numbers = count(1)


def signature(body: bytes, secret: str = SECRET, at: int | None = None) -> str:
    """The header Stripe-Signature, by docs.stripe.com/webhooks#verify-manually."""
    moment = int(time.time()) if at is None else at
    signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={signed}"


def event(kind: str, it: dict[str, Any], *, event_id: str = "", created: int = 1_763_000_000) -> dict[str, Any]:
    """An event around an object."""
    return {
        "id": event_id or f"evt_{next(_numbers)}",
        "object": "event",
        "api_version": "2025-03-31.basil",
        "created": created,
        "livemode": True,
        "type": kind,
        "data": {"object": it},
    }


def send(client: FlaskClient, sent: Any, **signing: Any) -> Any:
    """Send an event, or a body as it is; what the beat does about it is done at once."""
    body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    headers = {"Stripe-Signature": signature(body, **signing), "Content-Type": "application/json"}
    answer = client.post("/hooks/stripe", data=body, headers=headers)
    with client.application.app_context(), transaction():
        payments.take_waiting()
    return answer


def intent(key: str = "pi_1", amount: int = 4200, currency: str = "eur", **more: Any) -> dict[str, Any]:
    """A payment intent."""
    return {
        "id": key,
        "object": "payment_intent",
        "amount": amount,
        "amount_received": amount,
        "currency": currency,
        "customer": "cus_1",
        "receipt_email": "basil@example.org",
        "description": "Order 1142",
        "last_payment_error": None,
    } | more


def failed_intent(key: str = "pi_1", **more: Any) -> dict[str, Any]:
    """One whose card was refused."""
    error = {"code": "card_declined", "message": "Your card has insufficient funds."}
    return intent(key, **{"amount_received": 0, "last_payment_error": error} | more)


def charge(payment: str = "pi_1", amount: int = 4200, **more: Any) -> dict[str, Any]:
    """A charge."""
    return {
        "id": f"ch_of_{payment}",
        "object": "charge",
        "amount": amount,
        "amount_refunded": 0,
        "currency": "eur",
        "customer": "cus_1",
        "payment_intent": payment,
        "billing_details": {"email": "basil@example.org", "name": "Basil Hedge"},
    } | more
