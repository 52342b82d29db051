"""The screen of website chats: how they look, when somebody is there, on which pages, and the line to copy."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import request
from flask_babel import lazy_gettext
from wtforms import ColorField, SelectField
from wtforms.validators import InputRequired

from app.models.talks import Widget
from app.services.clients import widgets
from app.services.language_names import own_name
from app.views.generated.base import Screen
from app.views.generated.forms import INPUT
from app.views.generated.interface import ScreenInterface


@cache
def _languages() -> list[tuple[str, str]]:
    """Code and the language's own name; looked up once a process."""
    return [(code, own_name(code)) for code in widgets.LANGUAGES]


class WidgetView(Screen):
    """Website chats."""

    datamodel = ScreenInterface(Widget, eager=("group",))
    service = widgets
    base_order = ("id", "asc")
    shows_added = True
    list_title = lazy_gettext("Website chats")
    show_title = lazy_gettext("Website chat")
    add_title = lazy_gettext("Add website chat")
    edit_title = lazy_gettext("Edit website chat")
    show_template = "widget/show.html"
    edit_template = "widget/edit.html"
    list_columns = ["name", "group", "working_hours", "language", "active", "created_at"]
    show_columns = add_columns = edit_columns = [
        "name",
        "colour",
        "greeting",
        "working_hours",
        "zone",
        "offline_text",
        "allowed_origins",
        "language",
        "group",
        "active",
    ]
    search_columns = ["name", "group", "active"]
    order_columns = ["name", "created_at"]
    sort_columns = {"name": "sort_key"}
    add_form_extra_fields = edit_form_extra_fields = {
        "colour": ColorField(lazy_gettext("Colour"), [InputRequired()], default="#2f6fed"),
        "language": SelectField(lazy_gettext("Language"), choices=_languages, render_kw=INPUT),
    }
    label_columns = {
        "name": lazy_gettext("Name"),
        "colour": lazy_gettext("Colour"),
        "greeting": lazy_gettext("Greeting"),
        "working_hours": lazy_gettext("Working hours"),
        "zone": lazy_gettext("Time zone"),
        "offline_text": lazy_gettext("Text outside working hours"),
        "allowed_origins": lazy_gettext("Allowed pages"),
        "language": lazy_gettext("Language"),
        "group": lazy_gettext("Group that answers"),
        "active": lazy_gettext("Switched on"),
        "created_at": lazy_gettext("Created"),
    }
    formatters_columns = {"language": lambda key: dict(_languages()).get(key, key)}
    description_columns = {
        "working_hours": lazy_gettext("Like Mon-Fri 09:00-17:00; Sat 10:00-14:00. Empty: always"),
        "allowed_origins": lazy_gettext(
            "One address a line, like https://shop.example. * is every page. Empty: no website"
        ),
        "group": lazy_gettext("Who is told about a client that nobody has taken. Empty: the pipeline's group"),
    }

    def render_template(self, template: str, **kwargs: Any) -> str:
        """Show how the saved widget looks beside its form, and the line that a website includes."""
        pk = (request.view_args or {}).get("pk")
        record = self.datamodel.get(pk) if template in (self.edit_template, self.show_template) else None
        snippet = widgets.snippet(record) if record is not None else ""
        return str(super().render_template(template, record=record, widget=record, snippet=snippet, **kwargs))
