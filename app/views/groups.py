"""The user groups' screen."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext

from app.models.people import Group, User
from app.services.people import groups
from app.views.generated.base import Screen
from app.views.generated.interface import ScreenInterface


class GroupView(Screen):
    """Teams with a manager and a zone."""

    datamodel = ScreenInterface(Group, eager=("manager", "roles"))
    service = groups
    base_order = ("name", "asc")
    list_title = lazy_gettext("User groups")
    show_title = lazy_gettext("User group")
    add_title = lazy_gettext("Add user group")
    edit_title = lazy_gettext("Edit user group")
    show_template = "people/group.html"
    list_columns = ["name", "manager", "description", "zone"]
    show_columns = ["name", "description", "manager", "zone", "roles"]
    add_columns = edit_columns = ["name", "description", "manager", "zone", "users", "roles"]
    description_columns = {
        "roles": lazy_gettext("Every member has the rights of these roles, besides their own."),
    }
    search_columns = ["name", "description", "manager", "users"]
    order_columns = ["name", "zone"]
    sort_columns = {"name": "sort_key"}
    label_columns = {
        "name": lazy_gettext("Name"),
        "description": lazy_gettext("Description"),
        "manager": lazy_gettext("Manager"),
        "users": lazy_gettext("Members"),
        "zone": lazy_gettext("Time zone"),
        "roles": lazy_gettext("Roles of all members"),
    }

    def _show(self, pk: object) -> dict[str, Any]:
        widgets = super()._show(pk)
        group = self.item_or_404(pk)
        widgets["members"], widgets["chats"] = groups.members_of(group), groups.chats_of(group)
        return widgets

    def write_add(self, actor: User, changes: dict[str, Any]) -> Group:
        """Add by the service."""
        return groups.create(actor, _changes(changes))

    def write_edit(self, actor: User, item: Group, changes: dict[str, Any]) -> None:
        """Change by the service."""
        groups.update(actor, item, _changes(changes))


def _changes(changes: dict[str, Any]) -> dict[str, Any]:
    """The form names members as the model does."""
    return {"member_ids" if name == "user_ids" else name: value for name, value in changes.items()}
