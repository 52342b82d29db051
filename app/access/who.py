"""Who a person is here: the roles, the groups, the colleagues in them."""

from __future__ import annotations

from typing import Any

from flask import g, has_request_context
from flask_appbuilder.security.sqla.models import assoc_user_group
from sqlalchemy import Select, select, union

from app.models.people import Group, RoleName, User
from app.roles import ROLES
from app.services.people import rights

_HELD = "rights_held"


def role_names(user: User) -> frozenset[str]:
    """Return the names of the roles a person holds, own ones and those of the person's groups."""
    own = {role.name for role in user.roles}
    return frozenset(own | {role.name for group in user.groups for role in group.roles})


def is_admin(user: User) -> bool:
    """Whether the person may do everything."""
    return RoleName.ADMIN in role_names(user)


def is_manager_or_admin(user: User) -> bool:
    """Whether the person answers for what others do."""
    return bool(role_names(user) & {RoleName.ADMIN, RoleName.MANAGER})


def is_free(user: User) -> bool:
    """Whether the person has a limited account: *Free* and nothing stronger, or no role at all."""
    return not role_names(user) - {RoleName.FREE}


def holds(user: User, right: str) -> bool:
    """Whether one of the person's roles gives this right to see records; of the built-in ones each but *Free* does."""
    roles = {role.id: role.name for role in (*user.roles, *(role for group in user.groups for role in group.roles))}
    if any(name in ROLES and name != RoleName.FREE for name in roles.values()):
        return True
    own = frozenset(role_id for role_id, name in roles.items() if name not in ROLES)
    known: dict[frozenset[int], frozenset[str]] = g.setdefault(_HELD, {}) if has_request_context() else {}
    if own not in known:
        known[own] = rights.held_by(own)
    return right in known[own]


def groups_of(user: User) -> Select[tuple[int]]:
    """Return the query of the ids of the groups that a person belongs to or manages."""
    member = select(assoc_user_group.c.group_id.label("id")).where(assoc_user_group.c.user_id == user.id)
    managed = select(Group.id.label("id")).where(Group.manager_id == user.id)
    return select(union(member, managed).subquery("my_groups").c.id)


def colleagues_of(user: User) -> Any:
    """Return the query of the ids of everybody who belongs to or manages one of the person's groups."""
    mine = groups_of(user)
    members = select(assoc_user_group.c.user_id).where(assoc_user_group.c.group_id.in_(mine))
    managers = select(Group.manager_id).where(Group.id.in_(mine), Group.manager_id.is_not(None))
    return members.union(managers)
