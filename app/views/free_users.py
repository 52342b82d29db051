"""The list of free users: accounts without a seat, which admins promote to staff."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue
from flask_appbuilder.actions import action
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select

from app.extensions import db
from app.models.people import Role, RoleName, User
from app.services import people
from app.views.filters import Where
from app.views.interface import ScreenInterface
from app.views.users import PersonScreen, is_free_condition


class FreeUserView(PersonScreen):
    """People who have their profile and their chats, and nothing else."""

    datamodel = ScreenInterface(User, eager=("roles", "groups"))
    base_filters = [["id", Where, is_free_condition]]
    list_title = lazy_gettext("Free users")
    show_title = lazy_gettext("Free user")
    add_title = lazy_gettext("Add free user")
    edit_title = lazy_gettext("Edit free user")
    list_columns = ["get_full_name", "username", "email", "groups", "active", "last_login"]
    add_columns = ["first_name", "last_name", "username", "email", "phone", "zone", "groups", "password", "again"]
    edit_columns = ["first_name", "last_name", "username", "email", "phone", "zone", "groups"]

    def write_add(self, actor: User, changes: dict[str, Any]) -> User:
        """Add by the service, as a free user."""
        role = db.session.scalars(select(Role).where(Role.name == RoleName.FREE)).one()
        return super().write_add(actor, {**changes, "role_ids": [role.id]})

    @action("promote", lazy_gettext("Make a staff member"), lazy_gettext("Give this person staff's rights?"), icon="up")
    def promote(self, items: Any) -> ResponseReturnValue:
        """Turn free users into staff."""
        return self.run_action(items, people.promote, gettext("Staff members now"))
