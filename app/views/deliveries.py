"""The delivery log: everything that left the house or should have, and sending again what failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask.typing import ResponseReturnValue
from flask_appbuilder.actions import action
from flask_babel import gettext, lazy_gettext

from app.errors import Conflict
from app.models.notifications import Delivery, DeliveryState
from app.models.people import User
from app.services import delivery
from app.views.base import Screen
from app.views.interface import ScreenInterface

STATE_LABELS = {
    "pending": lazy_gettext("Waiting"),
    "sending": lazy_gettext("Being sent"),
    "sent": lazy_gettext("Sent"),
    "failed": lazy_gettext("Failed"),
    "skipped": lazy_gettext("Skipped"),
    "cancelled": lazy_gettext("Cancelled"),
}
CHANNEL_LABELS = {
    "email": lazy_gettext("Email"),
    "browser": lazy_gettext("Browser"),
    "mobile": lazy_gettext("Mobile"),
    "telegram": lazy_gettext("Telegram"),
}


def state_label(state: str) -> str:
    """Return the words for a delivery's state."""
    return str(STATE_LABELS.get(state, state))


def channel_label(channel: str) -> str:
    """Return a channel's name."""
    return str(CHANNEL_LABELS.get(channel, channel))


class DeliveryView(Screen):
    """Deliveries, newest first; admins only. Rows are written by the product alone."""

    datamodel = ScreenInterface(Delivery, eager=("user",))
    base_permissions = ["can_list", "can_show", "send_again"]
    base_order = ("id", "desc")
    list_title = lazy_gettext("Deliveries")
    show_title = lazy_gettext("Delivery")
    list_columns = ["created_at", "user", "channel", "address", "state", "error"]
    show_columns = [
        "created_at",
        "user",
        "channel",
        "address",
        "purpose",
        "state",
        "skip_reason",
        "error",
        "attempts",
        "not_before",
        "finished_at",
    ]
    search_columns = ["user", "channel", "state", "address", "created_at"]
    order_columns = ["created_at", "state"]
    label_columns = {
        "created_at": lazy_gettext("Written"),
        "user": lazy_gettext("For"),
        "channel": lazy_gettext("Channel"),
        "address": lazy_gettext("Address"),
        "purpose": lazy_gettext("What"),
        "state": lazy_gettext("State"),
        "skip_reason": lazy_gettext("Why not"),
        "error": lazy_gettext("Error"),
        "attempts": lazy_gettext("Tries"),
        "not_before": lazy_gettext("Not before"),
        "finished_at": lazy_gettext("Finished"),
    }
    formatters_columns = {"state": state_label, "channel": channel_label}

    def offers(self, what: str, row: Mapping[str, Any]) -> bool:
        """Offer to send again what has failed."""
        return what != "send_again" or row["state"] == DeliveryState.FAILED

    @action("send_again", lazy_gettext("Send again"), icon="refresh")
    def send_again(self, items: Any) -> ResponseReturnValue:
        """Put failed deliveries back at the start of the ladder."""
        return self.run_action(items, _send_again, gettext("On its way again"))


def _send_again(_actor: User, item: Delivery) -> None:
    if not delivery.send_again(item.id):
        raise Conflict("not_failed", gettext("Only failed deliveries can be sent again"))
