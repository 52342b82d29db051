"""The words for what Stripe tells of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext

from app.catalogue import Rule
from app.services.payments import amounts
from app.services.wording import joined, one_line

PREFIX = "stripe:"


def title_and_body(tag: str, data: Mapping[str, Any]) -> tuple[str, str]:
    """The title and the line below it."""
    values = {"amount": _amount(data), "name": _name(data)}
    titles = {
        "stripe:payment_succeeded": gettext("%(name)s paid %(amount)s", **values),
        "stripe:refunded": gettext("%(amount)s paid back to %(name)s", **values),
        "stripe:payment_failed": gettext("A payment of %(amount)s failed: %(name)s", **values),
        "stripe:disputed": gettext("%(name)s disputes a payment of %(amount)s", **values),
        "stripe:subscription_canceled": gettext("%(name)s cancelled a subscription", **values),
    }
    parts = (_reason(data), one_line(data.get("about")), gettext("Test mode") if data.get("test") else "")
    return titles[tag], joined(*parts)


def url_of(data: Mapping[str, Any], rule: str) -> str:
    """Admins see the payment; who is responsible sees the client."""
    return f"/paymentview/show/{data.get('payment_id')}" if rule == Rule.ADMIN else str(data.get("url") or "")


def _amount(data: Mapping[str, Any]) -> str:
    amount = data.get("amount")
    return amounts.shown(int(amount) if amount is not None else None, str(data.get("currency") or ""))


def _name(data: Mapping[str, Any]) -> str:
    return one_line(data.get("name")) or one_line(data.get("email")) or gettext("somebody")


def _reason(data: Mapping[str, Any]) -> str:
    return one_line(data.get("reason"))
