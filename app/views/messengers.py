"""The screen of connected messengers: where answers go, and what the bridge signs with."""

from __future__ import annotations

from flask import current_app
from flask_babel import lazy_gettext
from markupsafe import Markup, escape

from app.models.talks import Messenger
from app.services import sealed
from app.services.clients import messengers
from app.views.generated.base import Screen
from app.views.generated.interface import ScreenInterface


def shown_secret(stored: str) -> Markup:
    """Show the secret to who connects the bridge."""
    try:
        return Markup('<code class="fd-snippet" tabindex="0">{}</code>').format(sealed.opened(stored))
    except LookupError:
        return escape(str(sealed.LOST))


def hook_address(messenger_id: int) -> Markup:
    """Show where the bridge sends to."""
    address = f"{current_app.config['PUBLIC_URL']}/hooks/channels/{messenger_id}"
    return Markup('<code class="fd-snippet" tabindex="0">{}</code>').format(address)


class MessengerView(Screen):
    """Connected messengers."""

    datamodel = ScreenInterface(Messenger, eager=("group",))
    service = messengers
    base_order = ("id", "asc")
    shows_added = True
    list_title = lazy_gettext("Messengers")
    show_title = lazy_gettext("Messenger")
    add_title = lazy_gettext("Connect messenger")
    edit_title = lazy_gettext("Edit messenger")
    list_columns = ["name", "group", "url", "active", "created_at"]
    show_columns = ["name", "id", "secret", "url", "working_hours", "zone", "group", "active"]
    add_columns = edit_columns = ["name", "url", "working_hours", "zone", "group", "active"]
    search_columns = ["name", "group", "active"]
    order_columns = ["name", "created_at"]
    sort_columns = {"name": "sort_key"}
    formatters_columns = {"secret": shown_secret, "id": hook_address}
    label_columns = {
        "name": lazy_gettext("Name"),
        "id": lazy_gettext("The bridge sends to"),
        "secret": lazy_gettext("Secret of the signature"),
        "url": lazy_gettext("Answers go to"),
        "working_hours": lazy_gettext("Working hours"),
        "zone": lazy_gettext("Time zone"),
        "group": lazy_gettext("Group that answers"),
        "active": lazy_gettext("Switched on"),
        "created_at": lazy_gettext("Created"),
    }
    description_columns = {
        "url": lazy_gettext("Each answer is one signed POST to this address"),
        "working_hours": lazy_gettext("Like Mon-Fri 09:00-17:00; Sat 10:00-14:00. Empty: always"),
    }
