"""The screen of telephone lines: for whom unknown callers ring, and where the telephone system reports to."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import lazy_gettext

from app.models.calls import CallLine
from app.services import sealed
from app.services.calls import call_lines
from app.views.generated.base import Screen
from app.views.generated.interface import ScreenInterface


class CallLineView(Screen):
    """Telephone lines."""

    datamodel = ScreenInterface(CallLine, eager=("group",))
    service = call_lines
    base_order = ("id", "asc")
    show_template = "calls/line.html"
    shows_added = True
    list_title = lazy_gettext("Telephone lines")
    show_title = lazy_gettext("Telephone line")
    add_title = lazy_gettext("Add telephone line")
    edit_title = lazy_gettext("Edit telephone line")
    list_columns = ["name", "number", "group", "makes_leads", "active", "created_at"]
    show_columns = ["name", "number", "region", "group", "makes_leads", "active"]
    add_columns = edit_columns = show_columns
    search_columns = ["name", "number", "group", "active"]
    order_columns = ["name", "created_at"]
    sort_columns = {"name": "sort_key"}
    label_columns = {
        "name": lazy_gettext("Name"),
        "number": lazy_gettext("Number"),
        "region": lazy_gettext("Country"),
        "group": lazy_gettext("Group for unknown callers"),
        "makes_leads": lazy_gettext("Unknown callers become leads"),
        "active": lazy_gettext("Switched on"),
        "created_at": lazy_gettext("Created"),
    }
    description_columns = {
        "number": lazy_gettext("What clients dial"),
        "region": lazy_gettext("Two letters like AT: whose national numbers the telephone system sends"),
        "group": lazy_gettext("It rings for all of them until somebody has answered"),
        "makes_leads": lazy_gettext("After the call, with a contact for the number"),
    }

    def render_template(self, template: str, **kwargs: Any) -> str:
        """Show where the telephone system reports to."""
        if template == self.show_template:
            line = self.item_or_404((request.view_args or {}).get("pk"))
            try:
                kwargs |= {"address": call_lines.address(line)}
            except LookupError:
                kwargs |= {"address": str(sealed.LOST)}
        return str(super().render_template(template, **kwargs))
