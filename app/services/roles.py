"""Roles that admins make for themselves; the built-in ones stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_appbuilder.security.sqla.models import PermissionView
from sqlalchemy import select

from app.errors import Conflict, Forbidden, UserError
from app.extensions import db
from app.models.people import Role, RoleName, User
from app.services import fields
from app.services.people import require_admin

FIELDS = ("name", "permission_ids")
# FAB's role of strangers; this product has no public pages that roles decide about.
PUBLIC = "Public"
_TAKEN = {"name": "There is a role of this name already"}


def is_built_in(role: Role) -> bool:
    """Whether the role's rights are part of the product."""
    return role.name in (*RoleName.ALL, PUBLIC)


def create(actor: User, changes: Mapping[str, Any]) -> Role:
    """Add a role. Raises UserError naming the field, Forbidden for everybody but admins."""
    require_admin(actor)
    fields.known(changes, FIELDS)
    role = Role(name=_checked_name(changes.get("name")))
    role.permissions = _permissions(changes.get("permission_ids"))
    db.session.add(role)
    fields.flush_unique("ab_role", _TAKEN)
    return role


def update(actor: User, role: Role, changes: Mapping[str, Any]) -> Role:
    """Change a role, effective at once. Raises Forbidden for the built-in ones."""
    require_admin(actor)
    _refuse_built_in(role)
    fields.known(changes, FIELDS)
    if "name" in changes:
        role.name = _checked_name(changes["name"])
    if "permission_ids" in changes:
        role.permissions = _permissions(changes["permission_ids"])
    fields.flush_unique("ab_role", _TAKEN)
    return role


def delete(actor: User, role: Role) -> None:
    """Delete a role that nobody has. Raises Conflict while somebody does, Forbidden for the built-in ones."""
    require_admin(actor)
    _refuse_built_in(role)
    if role.user or role.groups:
        raise Conflict("role_in_use", "Somebody has this role; give them another one first")
    db.session.delete(role)
    db.session.flush()


def _refuse_built_in(role: Role) -> None:
    if is_built_in(role):
        raise Forbidden("Built-in roles cannot be changed")


def _checked_name(value: object) -> str:
    name = fields.needed_line(value, "name", 64)
    if name.casefold() in {built_in.casefold() for built_in in (*RoleName.ALL, PUBLIC)}:
        raise UserError("taken", "This name belongs to a built-in role", "name")
    return name


def _permissions(ids: object) -> list[PermissionView]:
    if ids is None:
        return []
    if not isinstance(ids, list) or any(not isinstance(one, int) or isinstance(one, bool) for one in ids):
        raise UserError("invalid", "A list of ids is needed", "permission_ids")
    found = list(db.session.scalars(select(PermissionView).where(PermissionView.id.in_(ids))))
    if len(found) != len(set(ids)):
        raise UserError("invalid", "Choose existing rights", "permission_ids")
    return found
