"""The cleaned values of a person's fields, for whoever writes people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app.errors import UserError
from app.extensions import db
from app.models.people import Group, Role
from app.services import fields


def checked_username(value: object) -> str:
    """Return a user name. Raises UserError on ``username``."""
    username = fields.needed_line(value, "username", 64)
    if "@" in username or " " in username:
        raise UserError("invalid", "A user name has no blanks and no @", "username")
    return username


def checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cleaned fields that are given, roles and groups as records. Raises UserError naming the field."""
    values: dict[str, Any] = {}
    for name in ("first_name", "last_name"):
        if name in changes:
            values[name] = fields.needed_line(changes[name], name, 64)
    if "email" in changes:
        values["email"] = fields.email(fields.needed_line(changes["email"], "email", 254))
    if "phone" in changes:
        values["phone"] = fields.phone(changes["phone"])
    if "zone" in changes:
        values["zone"] = fields.zone(changes["zone"])
    if "role_ids" in changes:
        values["roles"] = records(Role, changes["role_ids"], "role_ids")
        if not values["roles"]:
            raise UserError("required", "Choose at least one role", "role_ids")
    if "group_ids" in changes:
        values["groups"] = records(Group, changes["group_ids"] or [], "group_ids")
    return values


def records(model: type[Any], ids: object, field: str) -> list[Any]:
    """Return the records of these ids. Raises UserError on ``field``."""
    if ids is None:
        return []
    if not isinstance(ids, list) or any(not isinstance(one, int) or isinstance(one, bool) for one in ids):
        raise UserError("invalid", "A list of ids is needed", field)
    found = db.session.scalars(select(model).where(model.id.in_(ids))).all()
    if len(found) != len(set(ids)):
        raise UserError("invalid", "Choose existing ones", field)
    return list(found)
