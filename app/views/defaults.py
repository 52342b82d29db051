"""The account's defaults per role, and the cells that an admin decides for everybody: a generated screen."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, SelectField
from wtforms.validators import InputRequired

from app.catalogue import ROLES, Channel, Mail
from app.models.people import User
from app.models.preferences import DefaultCell
from app.services import labels
from app.services.settings import matrix
from app.views.deliveries import CHANNEL_LABELS, channel_label
from app.views.generated.base import Screen
from app.views.generated.forms import INPUT
from app.views.generated.interface import ScreenInterface

ROLE_LABELS = {
    "admin": lazy_gettext("Admins"),
    "manager": lazy_gettext("Managers"),
    "staff": lazy_gettext("Staff"),
    "free": lazy_gettext("Free users"),
}
VALUE_LABELS = {
    "on": lazy_gettext("On"),
    "off": lazy_gettext("Off"),
    Mail.NOW.value: lazy_gettext("Mail at once"),
    Mail.UNREAD.value: lazy_gettext("Mail if still unread after 15 minutes"),
    Mail.DIGEST.value: lazy_gettext("Digest"),
}


def role_label(role: str) -> str:
    """Return what a role's people are called."""
    return str(ROLE_LABELS.get(role, role))


def value_label(value: str) -> str:
    """Return a cell's value in words."""
    return str(VALUE_LABELS.get(value, value))


def mandatory_label(mandatory: bool) -> str:
    """Say who decides."""
    return gettext("Required") if mandatory else gettext("Suggested")


def _row_choices() -> list[tuple[str, str]]:
    reachable = {row for role in ROLES for row in matrix.rows_for(role)}
    return [(key, str(label.name)) for key, label in labels.ROWS.items() if key in reachable]


class DefaultView(Screen):
    """Cells that differ from the product's own defaults. Whoever never chose follows them at once."""

    datamodel = ScreenInterface(DefaultCell, eager=("changed_by",))
    base_permissions = ["can_list", "can_show", "can_add", "can_edit", "can_delete"]
    base_order = ("role", "asc")
    list_title = lazy_gettext("Notification defaults")
    empty_text = lazy_gettext(
        "Nothing is changed: the usual settings hold for every role. What you set here replaces them."
    )
    show_title = lazy_gettext("Notification default")
    add_title = lazy_gettext("Set a default")
    edit_title = lazy_gettext("Change a default")
    list_columns = ["role", "row", "channel", "value", "mandatory", "changed_by"]
    show_columns = list_columns
    search_columns = ["role", "row", "channel", "mandatory"]
    order_columns = ["role", "row", "channel"]
    add_columns = ["role", "row", "channel", "value", "mandatory"]
    edit_columns = ["value", "mandatory"]
    label_columns = {
        "role": lazy_gettext("For"),
        "row": lazy_gettext("Kind of news"),
        "channel": lazy_gettext("Channel"),
        "value": lazy_gettext("Default"),
        "mandatory": lazy_gettext("Required for everybody"),
        "changed_by": lazy_gettext("Set by"),
    }
    description_columns = {
        "mandatory": lazy_gettext("Nobody can change it; it is shown locked, and mails say that you require them"),
    }
    formatters_columns = {
        "role": role_label,
        "row": labels.row_label,
        "channel": channel_label,
        "value": value_label,
        "mandatory": mandatory_label,
    }
    _value_field = SelectField(
        label_columns["value"], [InputRequired()], choices=list(VALUE_LABELS.items()), render_kw=INPUT
    )
    _mandatory_field = BooleanField(label_columns["mandatory"], description=description_columns["mandatory"])
    add_form_extra_fields = {
        "role": SelectField(label_columns["role"], choices=list(ROLE_LABELS.items()), render_kw=INPUT),
        "row": SelectField(label_columns["row"], choices=_row_choices, render_kw=INPUT),
        "channel": SelectField(
            label_columns["channel"], choices=[(c.value, CHANNEL_LABELS[c.value]) for c in Channel], render_kw=INPUT
        ),
        "value": _value_field,
        "mandatory": _mandatory_field,
    }
    edit_form_extra_fields = {"value": _value_field, "mandatory": _mandatory_field}

    def write_add(self, actor: User, changes: dict[str, Any]) -> DefaultCell:
        """Set the cell; one that is set already is changed."""
        return matrix.set_default(
            actor, changes["role"], changes["row"], changes["channel"], changes["value"], changes["mandatory"]
        )

    def write_edit(self, actor: User, item: Any, changes: dict[str, Any]) -> None:
        """Change the cell."""
        matrix.set_default(actor, item.role, item.row, item.channel, changes["value"], changes["mandatory"])

    def write_delete(self, actor: User, item: Any) -> None:
        """Let the product's own default count again."""
        matrix.remove_default(item)
