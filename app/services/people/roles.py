"""Roles that admins make for themselves; the built-in ones stay as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_appbuilder.security.sqla.models import PermissionView
from flask_babel import gettext
from sqlalchemy import select

from app.errors import Conflict, Forbidden, UserError
from app.extensions import db
from app.models.people import Role, RoleName, User
from app.services import fields
from app.services.people import rights
from app.services.people.people import require_admin

FIELDS = ("name", "rights")
# FAB's role of strangers; this product has no public pages that roles decide about.
PUBLIC = "Public"
_TAKEN = {"name": "There is a role of this name already"}


def is_built_in(role: Role) -> bool:
    """Whether the role's rights are part of the product."""
    return role.name in (*RoleName.ALL, PUBLIC)


def ids_of(names: Sequence[str]) -> list[int]:
    """Return the ids of the roles with these names, whatever their case. Raises UserError on ``roles``."""
    wanted = {name.strip().casefold() for name in names}
    found = {role.name.casefold(): role.id for role in db.session.scalars(select(Role)) if role.name != PUBLIC}
    if not wanted or not wanted <= found.keys():
        raise UserError("invalid", f"Roles by name: {', '.join(sorted(found))}", "roles")
    return sorted(found[name] for name in wanted)


def create(actor: User, changes: Mapping[str, Any]) -> Role:
    """Add a role. Raises UserError naming the field, Forbidden for everybody but admins."""
    require_admin(actor)
    fields.known(changes, FIELDS)
    role = Role(name=_checked_name(changes.get("name")))
    role.permissions = _permissions(changes.get("rights"))
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
    if "rights" in changes:
        role.permissions = _permissions(changes["rights"])
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


def _permissions(keys: object) -> list[PermissionView]:
    if not isinstance(keys, list) or not keys:
        raise UserError("required", gettext("Choose at least one right"), "rights")
    if any(key not in rights.KEYS for key in keys):
        raise UserError("invalid", gettext("Choose existing rights"), "rights")
    return rights.permissions_of(rights.with_needed(keys))
