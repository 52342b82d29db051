"""The screen of payments that Stripe told of."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext
from markupsafe import Markup

from app.models.payments import Payment
from app.services import amounts

STATE_LABELS = {
    "failed": lazy_gettext("Failed"),
    "succeeded": lazy_gettext("Paid"),
    "refunded": lazy_gettext("Paid back"),
    "disputed": lazy_gettext("Disputed"),
    "canceled": lazy_gettext("Cancelled"),
}
_CHIPS = {"failed": "fd-chip--bad", "disputed": "fd-chip--bad", "succeeded": "fd-chip--ok"}


def init_app(app: Flask) -> None:
    """Give the cards' templates the words for payments."""
    app.jinja_env.filters.update(payment_state=state, payment_amount=amount)


def state(value: str) -> Markup:
    """Show what became of a payment."""
    return Markup('<span class="fd-chip {}">{}</span>').format(_CHIPS.get(value, ""), STATE_LABELS[value])


def amount(payment: Payment) -> str:
    """Return the amount in its currency."""
    return amounts.shown(payment.amount, payment.currency)
