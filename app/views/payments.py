"""The screen of payments that Stripe told of, for admins."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_babel import lazy_gettext
from markupsafe import Markup
from wtforms import SelectField

from app.models.payments import Payment
from app.services.payments import amounts
from app.views.generated.base import Screen
from app.views.generated.forms import INPUT
from app.views.generated.interface import ScreenInterface

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


def _in_currency(value: int | None, row: dict[str, Any]) -> Markup:
    shown = amounts.shown(value, str(row["currency"])) if value else ""
    return Markup('<span class="t-num">{}</span>').format(shown) if shown else Markup("")


_in_currency.of_row = True  # type: ignore[attr-defined]


class PaymentView(Screen):
    """Payments and cancelled subscriptions, newest first; rows are written by Stripe's events alone."""

    datamodel = ScreenInterface(Payment, eager=("contact",), exact=("state", "currency"))
    base_permissions = ["can_list", "can_show"]
    base_order = ("at", "desc")
    list_title = lazy_gettext("Payments")
    empty_text = lazy_gettext("Payments show up here once Stripe is connected and reports them.")
    show_title = lazy_gettext("Payment")
    list_columns = ["name", "contact", "amount", "currency", "state", "reason", "at"]
    phone_columns = ("name", "amount", "at", "state")
    show_columns = [
        "external_id",
        "contact",
        "name",
        "email",
        "amount",
        "refunded",
        "currency",
        "state",
        "reason",
        "about",
        "invoice_id",
        "test",
        "at",
    ]
    search_columns = ["name", "email", "contact", "state", "currency", "at"]
    search_form_extra_fields = {
        "state": SelectField(lazy_gettext("State"), choices=list(STATE_LABELS.items()), render_kw=INPUT),
    }
    # There is no form: FAB would build one for all columns.
    add_columns = edit_columns = ["name"]
    order_columns = ["at"]
    formatters_columns = {"amount": _in_currency, "refunded": _in_currency, "state": state}
    label_columns = {
        "external_id": lazy_gettext("Stripe's number"),
        "contact": lazy_gettext("Contact"),
        "name": lazy_gettext("Who paid"),
        "email": lazy_gettext("Email"),
        "amount": lazy_gettext("Amount"),
        "refunded": lazy_gettext("Paid back"),
        "currency": lazy_gettext("Currency"),
        "state": lazy_gettext("State"),
        "reason": lazy_gettext("Why"),
        "about": lazy_gettext("What for"),
        "invoice_id": lazy_gettext("Invoice"),
        "test": lazy_gettext("Test mode"),
        "at": lazy_gettext("When"),
    }
