"""The roles' screen: built-in roles to read, others to make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, lazy_gettext
from markupsafe import Markup, escape
from sqlalchemy import ColumnElement

from app.models.people import Role, RoleName, User
from app.services import roles
from app.views.base import Screen
from app.views.filters import Where
from app.views.interface import ScreenInterface
from app.views.lookup_field import LookupManyField


def is_usable_condition() -> ColumnElement[bool]:
    """Condition: FAB's role of strangers is nobody's to give."""
    return Role.name != roles.PUBLIC


def name_with_kind(name: str) -> Markup:
    """Return the name, marked where the role is part of the product."""
    if name not in RoleName.ALL:
        return escape(name)
    return Markup('{} <span class="fd-chip">{}</span>').format(name, gettext("Built-in"))


class RoleView(Screen):
    """Roles as sets of rights."""

    datamodel = ScreenInterface(Role, eager=("permissions",))
    base_filters = [["id", Where, is_usable_condition]]
    base_order = ("name", "asc")
    list_title = lazy_gettext("Roles")
    show_title = lazy_gettext("Role")
    add_title = lazy_gettext("Add role")
    edit_title = lazy_gettext("Edit role")
    list_columns = ["name"]
    show_columns = ["name", "permissions"]
    add_columns = edit_columns = ["name", "permissions"]
    search_columns = ["name"]
    order_columns = ["name"]
    label_columns = {
        "name": lazy_gettext("Name"),
        "permissions": lazy_gettext("Rights"),
    }
    formatters_columns = {"name": name_with_kind}
    add_form_extra_fields = edit_form_extra_fields = {
        "permissions": LookupManyField("permissions", lazy_gettext("Rights")),
    }

    def may_edit(self, item: Role) -> bool:
        """Built-in roles are only shown."""
        return not roles.is_built_in(item)

    def offers(self, what: str, row: Mapping[str, Any]) -> bool:
        """Offer nothing that would change a built-in role."""
        return row["name"] not in RoleName.ALL

    def write_add(self, actor: User, changes: dict[str, Any]) -> Role:
        """Add by the service."""
        return roles.create(actor, changes)

    def write_edit(self, actor: User, item: Role, changes: dict[str, Any]) -> None:
        """Change by the service."""
        roles.update(actor, item, changes)

    def write_delete(self, actor: User, item: Role) -> None:
        """Delete by the service."""
        roles.delete(actor, item)
