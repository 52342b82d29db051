"""The connection to Stripe: the secret that its events are signed with, from the environment or an admin's screen."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import current_app

from app.errors import UserError
from app.extensions import db
from app.models.people import User
from app.services import fields, sealed
from app.services.account import account
from app.services.people.people import require_admin

SETTING, CONNECTED = "stripe_secret", "stripe_connected"
# What Stripe has to send here; everything else is taken and thrown away.
EVENT_TYPES = (
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "charge.succeeded",
    "charge.failed",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.closed",
    "invoice.paid",
    "invoice.payment_failed",
    "checkout.session.completed",
    "customer.created",
    "customer.updated",
    "customer.subscription.deleted",
)
_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=_-]{8,200}")


def secret() -> str | None:
    """Return what events are signed with; the environment's comes before the screen's. None: not connected."""
    given = current_app.config["STRIPE_WEBHOOK_SECRET"]
    if given:
        return str(given)
    stored = account.get_setting(SETTING)
    try:
        return sealed.opened(str(stored)) if stored else None
    except LookupError:
        return None


@dataclass(frozen=True, slots=True)
class Secret:
    """What events are signed with, and as what the account keeps it; ``kept`` is None where the environment decides."""

    opened: str | None
    kept: str | None


_remembered: Secret | None = None


def remembered(*, anew: bool = False) -> Secret:
    """Return the secret as this process knows it: asking each time would double what taking in an event costs.

    Whoever uses it makes sure, in the statement that follows, that ``kept`` is still what the account keeps.
    """
    global _remembered
    if from_environment():
        return Secret(secret(), None)
    if anew or _remembered is None:
        stored = account.get_setting(SETTING)
        _remembered = Secret(secret(), str(stored) if stored else None)
        db.session.rollback()
    return _remembered


def from_environment() -> bool:
    """Whether the environment decides, so that the screen only shows it."""
    return bool(current_app.config["STRIPE_WEBHOOK_SECRET"])


def is_connected() -> bool:
    """Whether there is a secret; what nobody has connected is shown nowhere."""
    return from_environment() or bool(account.get_setting(SETTING))


def address() -> str:
    """Return where Stripe sends to."""
    return f"{current_app.config['PUBLIC_URL']}/hooks/stripe"


def connect(actor: User, value: object) -> None:
    """Keep a secret, encrypted. Raises UserError naming the field, Forbidden for everybody but admins."""
    require_admin(actor)
    if from_environment():
        raise UserError("locked", "STRIPE_WEBHOOK_SECRET is set in the environment", "secret")
    cleaned = fields.needed_line(value, "secret", 220)
    if not _SECRET.fullmatch(cleaned):
        raise UserError("invalid", "The signing secret of the endpoint is needed: it begins with whsec_", "secret")
    account.set_setting(SETTING, sealed.seal(cleaned))
    account.set_setting(CONNECTED, True)


def disconnect(actor: User) -> None:
    """Forget the secret; payments stay. Raises Forbidden for everybody but admins."""
    require_admin(actor)
    account.set_setting(SETTING, None)
    account.set_setting(CONNECTED, None)
