"""Whose numbers a report holds, and who may see which: admins all, managers their groups', everybody else their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from flask_appbuilder.security.sqla.models import assoc_user_group
from flask_babel import gettext
from sqlalchemy import ColumnElement, select, true

from app import access
from app.errors import Forbidden, UserError
from app.extensions import db
from app.models.people import Group, User, full_name

Kind = Literal["account", "groups", "user"]
GROUPS_MAX, USERS_MAX = 200, 200


@dataclass(frozen=True, slots=True)
class Scope:
    """The whole account, some user groups, or some users (mostly one)."""

    kind: Kind
    ids: tuple[int, ...] = ()


def scope_for(user: User, wanted: Scope | None = None) -> Scope:
    """Return what this person gets when asking for ``wanted``; without it, all that they may see.

    Raises Forbidden for free users, UserError on ``scope``, ``groups`` or ``users`` for what is not theirs to see.
    """
    if access.is_free(user):
        raise Forbidden(gettext("Free users have no reports"))
    if wanted is None:
        return _widest(user)
    if wanted.kind == "account":
        if not access.is_admin(user):
            raise UserError("forbidden", gettext("Only admins see the numbers of the whole account"), "scope", 403)
        return Scope("account")
    if wanted.kind == "groups":
        return _groups(user, wanted.ids)
    return _users(user, wanted.ids)


def groups_of(user: User) -> Sequence[Group]:
    """Return the groups whose numbers this person may see: all for admins, else those that the person manages."""
    mine = select(Group).where(_reported(user))
    return db.session.scalars(mine.order_by(Group.sort_key, Group.id).limit(GROUPS_MAX)).all()


def members_of(group_ids: Sequence[int]) -> dict[int, list[int]]:
    """Return the members of these groups as they are now, deactivated ones included."""
    found: dict[int, list[int]] = {group_id: [] for group_id in group_ids}
    columns = assoc_user_group.c
    statement = select(columns.group_id, columns.user_id).where(columns.group_id.in_(group_ids))
    for group_id, user_id in db.session.execute(statement.order_by(columns.user_id)):
        found[group_id].append(user_id)
    return found


def chosen(scope: Scope) -> list[Any]:
    """Return the groups or people of a scope that still exist, in the order of their names; none for an account."""
    if not scope.ids:
        return []
    model: Any = Group if scope.kind == "groups" else User
    in_order = select(model).where(model.id.in_(scope.ids)).order_by(model.sort_key, model.id)
    return list(db.session.scalars(in_order).unique())


def still_there(scope: Scope) -> Scope:
    """Return the scope without the groups that were deleted since it was chosen."""
    return Scope(scope.kind, tuple(one.id for one in chosen(scope)))


def names(scope: Scope) -> list[str]:
    """Return how they are called."""
    return [full_name(one) if isinstance(one, User) else str(one.label or one.name) for one in chosen(scope)]


def _reported(user: User) -> ColumnElement[bool]:
    return true() if access.is_admin(user) else Group.manager_id == user.id


def _widest(user: User) -> Scope:
    if access.is_admin(user):
        return Scope("account")
    managed = tuple(group.id for group in groups_of(user))
    return Scope("groups", managed) if managed else Scope("user", (user.id,))


def _groups(user: User, ids: tuple[int, ...]) -> Scope:
    if not ids:
        raise UserError("required", gettext("Choose at least one group"), "groups")
    if len(ids) > GROUPS_MAX:
        raise UserError("too_many", gettext("At most %(most)s groups", most=GROUPS_MAX), "groups")
    allowed = set(db.session.scalars(select(Group.id).where(Group.id.in_(ids), _reported(user))))
    if any(one not in allowed for one in ids):
        raise UserError("forbidden", gettext("Managers have the numbers of groups that they manage"), "groups", 403)
    return Scope("groups", tuple(dict.fromkeys(ids)))


def _users(user: User, ids: tuple[int, ...]) -> Scope:
    if not ids:
        raise UserError("required", gettext("Choose at least one person"), "users")
    if len(ids) > USERS_MAX:
        raise UserError("too_many", gettext("At most %(most)s people", most=USERS_MAX), "users")
    allowed = {user.id}
    if access.is_admin(user):
        allowed |= set(db.session.scalars(select(User.id).where(User.id.in_(ids))))
    else:
        for members in members_of([group.id for group in groups_of(user)]).values():
            allowed |= set(members)
    if any(one not in allowed for one in ids):
        raise UserError("forbidden", gettext("Managers have the numbers of members of their groups"), "users", 403)
    return Scope("user", tuple(dict.fromkeys(ids)))
