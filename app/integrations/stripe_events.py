"""Stripe's events: their signature, and what they say, in the words of the service.

Several types tell of the same payment (its intent, its charge, its invoice): they are read into one number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from stripe import SignatureVerificationError, WebhookSignature

from app.errors import UserError
from app.services.payments.payments import PaymentNews

# How old a signature may be, as Stripe's own libraries have it.
TOLERANCE_SECONDS = 300
LARGEST_AMOUNT = 10**15


def check(body: bytes, signature: str, secret: str | None) -> None:
    """Raises UserError (401) unless Stripe signed this body with our secret."""
    try:
        if not secret:
            raise SignatureVerificationError("not connected", signature)
        WebhookSignature.verify_header(body.decode("utf-8"), signature, secret, TOLERANCE_SECONDS)
    except (SignatureVerificationError, ValueError):
        raise UserError("bad_signature", "The signature is not right", status=401) from None


def read(event: object) -> PaymentNews:
    """Read one event; ``what`` is empty for a type that says nothing to us. Raises UserError (400) naming the field."""
    if not isinstance(event, Mapping):
        raise UserError("invalid_json", "One JSON object is expected", status=400)
    kind, event_id = _token(event.get("type"), "type", 80), _token(event.get("id"), "id", 100)
    data = event.get("data")
    if not isinstance(data, Mapping) or not isinstance(data.get("object"), Mapping):
        raise UserError("required", "The object of the event is needed", "data.object", 400)
    said: dict[str, Any] = _READERS[kind](data["object"]) if kind in _READERS else {}
    return PaymentNews(
        event_id=event_id,
        type=kind,
        at=_moment(event.get("created")),
        test=event.get("livemode") is False,
        **said,
    )


def _intent(it: Mapping[str, Any]) -> dict[str, Any]:
    failure = _part(it, "last_payment_error")
    method = _part(_part(failure, "payment_method"), "billing_details")
    return {
        "key": _token(it.get("id"), "data.object.id", 100),
        "amount": _amount(it, "amount_received") or _amount(it, "amount"),
        "email": _text(it.get("receipt_email"), 254) or _text(method.get("email"), 254),
        "name": _text(method.get("name"), 160),
        "reason": _text(failure.get("message") or failure.get("code"), 300),
        "invoice_id": _id(it.get("invoice")),
        **_common(it),
    }


def _charge(it: Mapping[str, Any]) -> dict[str, Any]:
    details = _part(it, "billing_details")
    return {
        "key": _id(it.get("payment_intent")) or _token(it.get("id"), "data.object.id", 100),
        "amount": _amount(it, "amount"),
        "email": _text(details.get("email"), 254) or _text(it.get("receipt_email"), 254),
        "name": _text(details.get("name"), 160),
        "reason": _text(it.get("failure_message") or it.get("failure_code"), 300),
        "invoice_id": _id(it.get("invoice")),
        **_common(it),
    }


def _refund(it: Mapping[str, Any]) -> dict[str, Any]:
    return {**_charge(it), "what": "refunded", "refunded": _amount(it, "amount_refunded"), "reason": None}


def _dispute(it: Mapping[str, Any]) -> dict[str, Any]:
    evidence = _part(it, "evidence")
    return {
        "key": _id(it.get("payment_intent")) or _id(it.get("charge")) or _token(it.get("id"), "data.object.id", 100),
        "amount": _amount(it, "amount"),
        "email": _text(evidence.get("customer_email_address"), 254),
        "name": _text(evidence.get("customer_name"), 160),
        "reason": _text(str(it.get("reason") or "").replace("_", " "), 300),
        **_common(it),
    }


def _dispute_closed(it: Mapping[str, Any]) -> dict[str, Any]:
    return {**_dispute(it), "what": "won" if it.get("status") == "won" else ""}


def _invoice(amount: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    def read_invoice(it: Mapping[str, Any]) -> dict[str, Any]:
        invoice_id = _token(it.get("id"), "data.object.id", 100)
        failed = amount == "amount_due"
        paid = _amount(it, amount)
        common = _common(it)
        return {
            # A trial's invoice of nothing is no payment.
            "what": ("payment_failed" if failed else "payment_succeeded") if paid else "",
            "key": _id(it.get("payment_intent")) or _id(it.get("charge")) or invoice_id,
            "amount": paid,
            "email": _text(it.get("customer_email"), 254),
            "name": _text(it.get("customer_name"), 160),
            "reason": _text(_part(it, "last_finalization_error").get("message"), 300) if failed else None,
            "invoice_id": invoice_id,
            **common,
            "about": common["about"] or _text(it.get("number"), 300),
        }

    return read_invoice


def _checkout(it: Mapping[str, Any]) -> dict[str, Any]:
    details = _part(it, "customer_details")
    key = _id(it.get("payment_intent"))
    paid = it.get("payment_status") == "paid" and key is not None
    return {
        "what": "payment_succeeded" if paid else "",
        "key": key or "",
        "amount": _amount(it, "amount_total"),
        "email": _text(details.get("email"), 254) or _text(it.get("customer_email"), 254),
        "name": _text(details.get("name"), 160),
        "invoice_id": _id(it.get("invoice")),
        **_common(it),
    }


def _customer(it: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "customer_id": _token(it.get("id"), "data.object.id", 100),
        "email": _text(it.get("email"), 254),
        "name": _text(it.get("name"), 160),
    }


def _subscription(it: Mapping[str, Any]) -> dict[str, Any]:
    items = _part(it, "items").get("data")
    first = items[0] if isinstance(items, list) and items and isinstance(items[0], Mapping) else {}
    price = _part(first, "price") or _part(first, "plan") or _part(it, "plan")
    amount = _amount(price, "unit_amount") or _amount(price, "amount")
    quantity = first.get("quantity")
    if amount is not None and isinstance(quantity, int) and 0 < quantity < 10**6:
        amount = min(amount * quantity, LARGEST_AMOUNT)
    common = _common(it)
    return {
        "what": "subscription_canceled",
        "key": _token(it.get("id"), "data.object.id", 100),
        "amount": amount,
        **common,
        "currency": _currency(price.get("currency")) or common["currency"],
        "about": common["about"] or _text(price.get("nickname"), 300),
        "reason": _text(str(_part(it, "cancellation_details").get("reason") or "").replace("_", " "), 300),
    }


def _as(what: str, reader: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Any:
    return lambda it: {**reader(it), "what": what}


_READERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "payment_intent.succeeded": _as("payment_succeeded", _intent),
    "payment_intent.payment_failed": _as("payment_failed", _intent),
    "charge.succeeded": _as("payment_succeeded", _charge),
    "charge.failed": _as("payment_failed", _charge),
    "charge.refunded": _refund,
    "charge.dispute.created": _as("disputed", _dispute),
    "charge.dispute.closed": _dispute_closed,
    "invoice.paid": _invoice("amount_paid"),
    "invoice.payment_succeeded": _invoice("amount_paid"),
    "invoice.payment_failed": _invoice("amount_due"),
    "checkout.session.completed": _checkout,
    "checkout.session.async_payment_succeeded": _checkout,
    "customer.created": _customer,
    "customer.updated": _customer,
    "customer.subscription.deleted": _subscription,
}


def _common(it: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "currency": _currency(it.get("currency")),
        "customer_id": _id(it.get("customer")),
        "about": _text(it.get("description"), 300),
    }


def _part(it: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = it.get(name)
    return found if isinstance(found, Mapping) else {}


def _id(value: object) -> str | None:
    """A reference is a number, or the whole object where the sender expanded it."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return value if isinstance(value, str) and 0 < len(value) <= 100 and value.isprintable() else None


def _token(value: object, field: str, longest: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise UserError("invalid", f"1 to {longest} characters are needed", field, 400)
    return value


def _text(value: object, longest: int) -> str | None:
    if not isinstance(value, str):
        return None
    kept = "".join(char for char in value if char.isprintable())
    return " ".join(kept.split())[:longest] or None


def _amount(it: Mapping[str, Any], name: str) -> int | None:
    value = it.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_AMOUNT:
        raise UserError("invalid", "A whole number is needed", f"data.object.{name}", 400)
    return value


def _currency(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) != 3 or not value.isascii() or not value.isalpha():
        raise UserError("invalid", "A currency's three letters are needed", "data.object.currency", 400)
    return value.upper()


def _moment(value: object) -> dt.datetime:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**33:
        raise UserError("invalid", "A moment in seconds is needed", "created", 400)
    return dt.datetime.fromtimestamp(value, dt.UTC)
