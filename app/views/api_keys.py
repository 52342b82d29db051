"""The screen of API keys: one's own, for admins everybody's. A key's text is shown once."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import redirect, session, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.security.sqla.models import ApiKey
from flask_babel import gettext, lazy_gettext
from markupsafe import Markup
from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from app.models.people import User
from app.moments import when
from app.services.people import api_keys
from app.views.generated.base import Screen
from app.views.generated.filters import Visible
from app.views.generated.forms import INPUT
from app.views.generated.interface import ScreenInterface

_NEW = "new_api_key"


def utc(moment: dt.datetime | None) -> Markup:
    """Show one of FAB's times, which have no zone and are UTC."""
    return when(moment.replace(tzinfo=dt.UTC) if moment else None)


def beginning(prefix: str) -> Markup:
    """Show how the key begins."""
    return Markup("<code>{}…</code>").format(prefix)


def scope(scopes: str | None) -> str:
    """Put what a key may do into words."""
    level, _, limited = str(scopes or api_keys.READ).partition(":")
    what = limited.replace(",", ", ") or gettext("everything its person may")
    return (
        gettext("Reads %(what)s", what=what)
        if level == api_keys.READ
        else gettext("Reads and writes %(what)s", what=what)
    )


class ApiKeyView(Screen):
    """API keys."""

    datamodel = ScreenInterface(ApiKey, eager=("user",))
    base_permissions = ["can_list", "can_show", "can_add", "can_delete"]
    exclude_route_methods = {"download", "edit", "action", "action_post"}
    base_filters = [["id", Visible, api_keys.visible]]
    base_order = ("id", "desc")
    show_template = "profile/api_key.html"
    list_title = lazy_gettext("API keys")
    show_title = lazy_gettext("API key")
    add_title = lazy_gettext("Make an API key")
    list_columns = ["name", "key_prefix", "user", "scopes", "last_used_on", "expires_on"]
    show_columns = ["name", "key_prefix", "user", "scopes", "created_on", "last_used_on", "expires_on"]
    add_columns = ["name", "access", "resources", "days"]
    search_columns = ["name"]
    order_columns = ["name", "last_used_on", "expires_on"]
    formatters_columns = {
        "key_prefix": beginning,
        "scopes": scope,
        "created_on": utc,
        "last_used_on": utc,
        "expires_on": utc,
    }
    add_form_extra_fields = {
        "name": StringField(lazy_gettext("Name"), [InputRequired(), Length(max=60)], render_kw=INPUT),
        "access": SelectField(
            lazy_gettext("Access"),
            [InputRequired()],
            choices=[(api_keys.READ, lazy_gettext("Read")), (api_keys.WRITE, lazy_gettext("Read and write"))],
            default=api_keys.READ,
            render_kw=INPUT,
        ),
        "resources": SelectMultipleField(
            lazy_gettext("Only these"),
            choices=[(name, name) for name in api_keys.RESOURCES],
            widget=ListWidget(prefix_label=False),
            option_widget=CheckboxInput(),
            description=lazy_gettext("None ticked: everything that you may"),
        ),
        "days": SelectField(
            lazy_gettext("Ends"),
            coerce=lambda value: int(value) if value not in (None, "", "None", "0") else None,
            choices=[
                *((str(days), lazy_gettext("in %(days)s days", days=days)) for days in api_keys.DAYS),
                ("0", lazy_gettext("never")),
            ],
            default="90",
            render_kw=INPUT,
        ),
    }
    label_columns = {
        "name": lazy_gettext("Name"),
        "key_prefix": lazy_gettext("Begins with"),
        "user": lazy_gettext("Acts as"),
        "scopes": lazy_gettext("May"),
        "created_on": lazy_gettext("Made"),
        "last_used_on": lazy_gettext("Last used"),
        "expires_on": lazy_gettext("Ends"),
    }
    description_columns = {"name": lazy_gettext("The program that uses it")}

    def write_add(self, actor: User, changes: dict[str, Any]) -> ApiKey:
        """Make a key; its text goes to the page that is shown next, once."""
        key, plain = api_keys.create(actor, changes)
        session[_NEW] = {"id": key.id, "text": plain}
        return key

    def write_delete(self, actor: User, item: ApiKey) -> None:
        """End a key."""
        api_keys.revoke(actor, item)

    def post_add_redirect(self) -> ResponseReturnValue:
        """Lead to the page that shows the key's text."""
        new = session.get(_NEW)
        return redirect(url_for("ApiKeyView.show", pk=new["id"]) if new else url_for("ApiKeyView.list"))

    def render_template(self, template: str, **kwargs: Any) -> str:
        """Show a new key's text this once."""
        new = session.pop(_NEW, None) if template == self.show_template else None
        fresh = new["text"] if new and str(new["id"]) == str(kwargs.get("pk")) else ""
        return str(super().render_template(template, fresh=fresh, **kwargs))
