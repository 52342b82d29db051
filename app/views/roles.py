"""The roles' screen: built-in roles to read, others to make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from flask_babel import gettext, lazy_gettext
from markupsafe import Markup, escape
from sqlalchemy import ColumnElement
from wtforms import Form, SelectMultipleField

from app.models.people import Role, RoleName
from app.services.people import rights, roles
from app.views.generated.base import Screen
from app.views.generated.filters import Where
from app.views.generated.interface import ScreenInterface


def is_usable_condition() -> ColumnElement[bool]:
    """Condition: FAB's role of strangers is nobody's to give."""
    return Role.name != roles.PUBLIC


def name_with_kind(name: str) -> Markup:
    """Return the name, marked where the role is part of the product."""
    if name not in RoleName.ALL:
        return escape(name)
    return Markup('{} <span class="fd-chip">{}</span>').format(name, gettext("Built-in"))


def areas(given: Iterable[rights.Right]) -> list[tuple[str, list[rights.Right]]]:
    """Return rights by area, in their order."""
    return [(str(area), list(found)) for area, found in groupby(given, key=lambda right: right.area)]


class RightsWidget:
    """Ticks, each area's together."""

    def __call__(self, field: RightsField, **kwargs: Any) -> Markup:
        chosen = set(field.data or ())
        parts = []
        for area, found in areas(rights.RIGHTS):
            ticks = Markup("").join(
                Markup('<label class="fd-check"><input type="checkbox" name="{}" value="{}"{}>{}</label>').format(
                    field.name, right.key, Markup(" checked") if right.key in chosen else "", right.label
                )
                for right in found
            )
            parts.append(Markup('<fieldset class="fd-rights"><legend>{}</legend>{}</fieldset>').format(area, ticks))
        return Markup('<div id="{}">{}</div>').format(field.id, Markup("").join(parts))


class RightsField(SelectMultipleField):  # type: ignore[misc]
    """Which rights a role gives."""

    widget = RightsWidget()

    def __init__(self, label: Any = None, **kwargs: Any) -> None:
        super().__init__(label, choices=[(right.key, right.label) for right in rights.RIGHTS], **kwargs)


class RoleView(Screen):
    """Roles as sets of rights."""

    datamodel = ScreenInterface(Role, eager=("permissions",))
    service = roles
    base_filters = [["id", Where, is_usable_condition]]
    base_order = ("name", "asc")
    list_title = lazy_gettext("Roles")
    show_title = lazy_gettext("Role")
    add_title = lazy_gettext("Add role")
    edit_title = lazy_gettext("Edit role")
    list_columns = ["name"]
    show_columns = ["name"]
    show_template = "people/role.html"
    add_columns = edit_columns = ["name", "rights"]
    search_columns = ["name"]
    order_columns = ["name"]
    label_columns = {
        "name": lazy_gettext("Name"),
        "rights": lazy_gettext("Rights"),
    }
    formatters_columns = {"name": name_with_kind}
    add_form_extra_fields = edit_form_extra_fields = {"rights": RightsField(lazy_gettext("Rights"))}

    def prefill_form(self, form: Form, pk: object) -> None:
        """Tick what the role gives."""
        form.rights.data = [right.key for right in rights.of(self.item_or_404(pk))]

    def _show(self, pk: object) -> dict[str, Any]:
        widgets = super()._show(pk)
        role = self.item_or_404(pk)
        widgets["areas"] = areas(rights.of(role))
        widgets["everything"] = role.name == RoleName.ADMIN
        widgets["built_in"] = roles.is_built_in(role)
        return widgets

    def may_edit(self, item: Role) -> bool:
        """Built-in roles are only shown."""
        return not roles.is_built_in(item)

    def offers(self, what: str, row: Mapping[str, Any]) -> bool:
        """Offer nothing that would change a built-in role."""
        return row["name"] not in RoleName.ALL
