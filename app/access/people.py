"""Colleagues, their groups, what they did and the answers they saved: who may know of which."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, false, or_, true

from app.access.sight import EVERYTHING, load
from app.access.who import colleagues_of, is_admin, is_free, role_names
from app.models.answers import SavedAnswer
from app.models.people import Group, RoleName, User


def access_user(user: User, user_id: int) -> User:
    """Return a colleague. Raises NotFound."""
    return load(User, user_id, visible_users(user), "User")


def access_group(user: User, group_id: int) -> Group:
    """Return a user group. Raises NotFound."""
    return load(Group, group_id, visible_groups(user), "User group")


def visible_users(user: User) -> ColumnElement[bool]:
    """Condition for the colleagues this person may know of: all of them; who may open their data is another matter."""
    return true()


def visible_groups(user: User) -> ColumnElement[bool]:
    """Condition for the user groups this person may know of."""
    return false() if is_free(user) else true()


def visible_doings(user: User, actor_id: Any) -> ColumnElement[bool]:
    """Condition for what colleagues did, by who did it: managers see the people of their groups, others everybody."""
    if is_admin(user) or RoleName.MANAGER not in role_names(user):
        return EVERYTHING
    return actor_id.in_(colleagues_of(user))  # type: ignore[no-any-return]


def visible_answers(user: User) -> ColumnElement[bool]:
    """Condition for the saved answers this person may use: the shared ones and the own ones."""
    return false() if is_free(user) else or_(SavedAnswer.shared, SavedAnswer.owner_id == user.id)
