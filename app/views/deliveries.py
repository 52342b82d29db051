"""The delivery log: everything that left the house or should have, and sending again what failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Flask, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.actions import action
from flask_babel import gettext, lazy_gettext
from wtforms import SelectField

from app.catalogue import KINDS
from app.errors import Conflict
from app.models.notifications import Delivery, DeliveryState
from app.models.people import User
from app.services import delivery, labels
from app.views import exports
from app.views.generated.base import Screen
from app.views.generated.forms import INPUT
from app.views.generated.interface import ScreenInterface

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
    "messenger": lazy_gettext("Messenger"),
    "webhook": lazy_gettext("Webhook"),
    "mailbox": lazy_gettext("Mail answers"),
}
PURPOSE_LABELS = {
    "notice": lazy_gettext("Notice"),
    "digest": lazy_gettext("Digest"),
    "brief": lazy_gettext("Brief after quiet hours"),
    "chat": lazy_gettext("Chat messages"),
    "messenger": lazy_gettext("Message to a client"),
    "client": lazy_gettext("Answer to a client by mail"),
    "mail": lazy_gettext("Answer to a mail"),
    "read": lazy_gettext("Read elsewhere: close it"),
    "invitation": lazy_gettext("Invitation"),
    "test": lazy_gettext("Test notification"),
    "password": lazy_gettext("A new password"),
    "webhook": lazy_gettext("Webhook"),
    "report": lazy_gettext("Report"),
    "report_confirm": lazy_gettext("Question whether a report is wanted"),
}


def init_app(app: Flask) -> None:
    """Give the templates the names of channels, and the way to a part of the log."""
    app.jinja_env.filters["channel_name"] = channel_label
    app.jinja_env.filters["delivery_about"] = about_label
    app.jinja_env.globals["deliveries_url"] = filtered_url


def state_label(state: str) -> str:
    """Return the words for a delivery's state."""
    return str(STATE_LABELS.get(state, state))


def channel_label(channel: str) -> str:
    """Return a channel's name."""
    return str(CHANNEL_LABELS.get(channel, channel))


def about_label(about: str | None, tag: bool = True) -> str:
    """Return what a delivery is about: its kind of news, with the event's ``tag``, or what else it is for."""
    if about is not None and about in KINDS:
        kind = labels.row_label(KINDS[about].row)
        return f"{kind} · {about}" if tag else kind
    return str(PURPOSE_LABELS.get(about or "", about or ""))


def filtered_url(**columns: str) -> str:
    """Return the log's address with only what has these values."""
    arguments = {f"_flt_0_{column}": value for column, value in columns.items()}
    return f"{url_for('DeliveryView.list')}?{urlencode(arguments)}"


def _events() -> list[tuple[str, str]]:
    order = list(labels.ROWS)
    known = sorted(KINDS.values(), key=lambda kind: (order.index(kind.row) if kind.row in order else 99, kind.tag))
    return [(kind.tag, about_label(kind.tag)) for kind in known]


class DeliveryView(exports.Exporting, Screen):
    """Deliveries, newest first; admins only. Rows are written by the product alone."""

    export_kind = "deliveries"
    datamodel = ScreenInterface(Delivery, eager=("user",), exact=("event_tag", "channel", "state", "purpose"))
    base_permissions = ["can_list", "can_show", "send_again", "export"]
    base_order = ("id", "desc")
    list_title = lazy_gettext("Deliveries")
    empty_text = lazy_gettext("What goes out by mail, push, Telegram or to a program is listed here.")
    show_title = lazy_gettext("Delivery")
    list_columns = ["created_at", "user", "about", "channel", "address", "state", "error"]
    show_columns = [
        "created_at",
        "user",
        "about",
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
    search_columns = ["address", "user", "event_tag", "channel", "state", "purpose", "created_at"]
    search_form_extra_fields = {
        "event_tag": SelectField(lazy_gettext("Event"), choices=_events, render_kw=INPUT),
        "channel": SelectField(lazy_gettext("Channel"), choices=list(CHANNEL_LABELS.items()), render_kw=INPUT),
        "state": SelectField(lazy_gettext("State"), choices=list(STATE_LABELS.items()), render_kw=INPUT),
        "purpose": SelectField(lazy_gettext("Purpose"), choices=list(PURPOSE_LABELS.items()), render_kw=INPUT),
    }
    order_columns = ["created_at"]
    # Written in the order of their numbers, which have an index.
    sort_columns = {"created_at": "id"}
    label_columns = {
        "created_at": lazy_gettext("Written"),
        "user": lazy_gettext("For"),
        "about": lazy_gettext("What"),
        "event_tag": lazy_gettext("Event"),
        "channel": lazy_gettext("Channel"),
        "address": lazy_gettext("Address"),
        "purpose": lazy_gettext("Purpose"),
        "state": lazy_gettext("State"),
        "skip_reason": lazy_gettext("Why not"),
        "error": lazy_gettext("Error"),
        "attempts": lazy_gettext("Tries"),
        "not_before": lazy_gettext("Not before"),
        "finished_at": lazy_gettext("Finished"),
    }
    formatters_columns = {
        "state": state_label,
        "channel": channel_label,
        "about": about_label,
        "purpose": lambda purpose: str(PURPOSE_LABELS.get(purpose, purpose)),
    }

    def heading(self, row: Mapping[str, Any], title: Any) -> str:
        """Say what it is, by which way, and for whom."""
        words = {
            "what": about_label(row["about"], tag=False),
            "channel": channel_label(row["channel"]),
            "whom": row["user"] or row["address"],
        }
        return gettext("%(what)s · %(channel)s to %(whom)s", **words)

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
