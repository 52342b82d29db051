"""The screen of calls: everything that the telephone system reported and this person may see."""

from __future__ import annotations

from typing import Any

from flask import Flask, abort, redirect, request
from flask.typing import ResponseReturnValue
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext
from markupsafe import Markup
from wtforms import SelectField

from app import access
from app.models.calls import Call
from app.services.calls.call_words import length
from app.views.generated.base import Screen
from app.views.generated.filters import Visible
from app.views.generated.forms import INPUT
from app.views.generated.interface import ScreenInterface

STATUS_LABELS = {
    "ringing": lazy_gettext("Ringing"),
    "answered": lazy_gettext("Talking"),
    "ended": lazy_gettext("Answered"),
    "missed": lazy_gettext("Missed"),
    "unknown": lazy_gettext("Not known"),
}
DIRECTION_LABELS = {"incoming": lazy_gettext("Incoming"), "outgoing": lazy_gettext("Outgoing")}
_CHIPS = {"missed": "fd-chip--bad", "answered": "fd-chip--ok", "ringing": "fd-chip--warn"}


def init_app(app: Flask) -> None:
    """Give the cards' templates the words for calls."""
    app.jinja_env.filters.update(call_title=title, call_icon=icon, call_length=length)


def title(call: Call) -> str:
    """Return what a call was."""
    if call.direction == "outgoing":
        return gettext("Outgoing call") if call.status != "missed" else gettext("Outgoing call, not answered")
    words = {
        "missed": gettext("Missed call"),
        "ringing": gettext("Is calling"),
        "answered": gettext("On the phone now"),
        "unknown": gettext("Incoming call"),
    }
    return words.get(call.status, gettext("Incoming call"))


def icon(call: Call) -> Markup:
    """Return the arrow of a call."""
    css = "out" if call.direction == "outgoing" else "missed" if call.status == "missed" else "in"
    name = "phone" if css == "out" else "phone-in"
    return Markup('<svg class="i i-16 fd-call-{}" aria-hidden="true"><use href="#i-{}"/></svg>').format(css, name)


def _status(status: str) -> Markup:
    return Markup('<span class="fd-chip {}">{}</span>').format(_CHIPS.get(status, ""), STATUS_LABELS[status])


class CallView(Screen):
    """Calls, newest first; rows are written by the telephone system's reports and the API."""

    datamodel = ScreenInterface(Call, eager=("contact", "user", "line", "lead"), exact=("direction", "status"))
    base_filters = [["id", Visible, access.visible_calls]]
    base_permissions = ["can_list", "can_show"]
    base_order = ("started_at", "desc")
    show_template = "calls/show.html"
    list_title = lazy_gettext("Calls")
    empty_text = lazy_gettext("Calls show up here once your telephone system reports them to a telephone line.")
    show_title = lazy_gettext("Call")
    list_columns = ["phone", "contact", "direction", "status", "user", "duration_seconds", "line", "started_at"]
    phone_columns = ("phone", "contact", "started_at", "status")
    show_columns = [
        "phone",
        "contact",
        "lead",
        "direction",
        "status",
        "user",
        "line",
        "started_at",
        "answered_at",
        "ended_at",
        "duration_seconds",
    ]
    # There is no form: FAB would build one for all columns.
    add_columns = edit_columns = ["phone"]
    search_columns = ["phone", "contact", "direction", "status", "user", "started_at"]
    search_form_extra_fields = {
        "direction": SelectField(lazy_gettext("Direction"), choices=list(DIRECTION_LABELS.items()), render_kw=INPUT),
        "status": SelectField(lazy_gettext("Status"), choices=list(STATUS_LABELS.items()), render_kw=INPUT),
    }
    order_columns = ["started_at"]
    formatters_columns = {
        "direction": lambda value: str(DIRECTION_LABELS[value]),
        "status": _status,
        "duration_seconds": length,
    }
    label_columns = {
        "phone": lazy_gettext("Number"),
        "contact": lazy_gettext("Contact"),
        "lead": lazy_gettext("Lead"),
        "direction": lazy_gettext("Direction"),
        "status": lazy_gettext("Status"),
        "user": lazy_gettext("Who talked"),
        "line": lazy_gettext("Line"),
        "started_at": lazy_gettext("When"),
        "answered_at": lazy_gettext("Answered"),
        "ended_at": lazy_gettext("Ended"),
        "duration_seconds": lazy_gettext("Length"),
    }

    def render_template(self, template: str, **kwargs: Any) -> str:
        """Offer the recording where there is one."""
        if template == self.show_template:
            call = self.item_or_404((request.view_args or {}).get("pk"))
            kwargs |= {"has_recording": bool(call.recording_url)}
        return str(super().render_template(template, **kwargs))

    @expose("/recording/<pk>")
    @has_access
    @permission_name("show")
    def recording(self, pk: str) -> ResponseReturnValue:
        """Lead to the recording; only who may see the call gets its address."""
        call = self.opened(pk)
        if not call.recording_url:
            abort(404)
        answer = redirect(call.recording_url)
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers["Cache-Control"] = "no-store"
        return answer
