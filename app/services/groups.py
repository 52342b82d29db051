"""User groups: teams with a manager and a zone, kept by admins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app import access
from app.errors import Conflict, UserError
from app.extensions import db
from app.models.people import Group, User
from app.services import chat_members, fields
from app.services.people import require_admin

FIELDS = ("name", "description", "zone", "manager_id", "member_ids")
_TAKEN = {"name": "There is a group of this name already"}


def create(actor: User, changes: Mapping[str, Any]) -> Group:
    """Add a group. Raises UserError naming the field, Forbidden for everybody but admins."""
    require_admin(actor)
    values = check(changes, None)
    members = values.pop("members", [])
    group = Group(**values)
    group.users = members
    db.session.add(group)
    fields.flush_unique("ab_group", _TAKEN)
    return group


def update(actor: User, group: Group, changes: Mapping[str, Any]) -> Group:
    """Change the given fields. Raises UserError naming the field, Forbidden for everybody but admins."""
    require_admin(actor)
    values = check(changes, group)
    if "members" in values:
        group.users = values.pop("members")
    for field, value in values.items():
        setattr(group, field, value)
    fields.flush_unique("ab_group", _TAKEN)
    if "member_ids" in changes:
        chat_members.follow([group.id])
    return group


def delete(actor: User, group: Group) -> None:
    """Delete a group without members. Raises Conflict while it has some, Forbidden for everybody but admins."""
    require_admin(actor)
    if group.users:
        raise Conflict("group_in_use", "This group has members; remove them first")
    db.session.delete(group)
    db.session.flush()


def check(changes: Mapping[str, Any], group: Group | None) -> dict[str, Any]:
    """Return the cleaned values of the fields that change; writes nothing."""
    fields.known(changes, FIELDS)
    values = dict(changes)
    if group is None or "name" in values:
        values["name"] = fields.needed_line(values.get("name"), "name", 100)
    if "description" in values:
        values["description"] = fields.line(values["description"], "description", 512)
    if "zone" in values:
        values["zone"] = fields.zone(values["zone"])
    if "manager_id" in values:
        values["manager_id"] = _checked_manager(values["manager_id"], group)
    if "member_ids" in values:
        values["members"] = _members(values.pop("member_ids"))
    return values


def _checked_manager(user_id: object, group: Group | None) -> int | None:
    if user_id is None or (group is not None and user_id == group.manager_id):
        return user_id if user_id is None else int(str(user_id))
    user = db.session.get(User, user_id) if isinstance(user_id, int) and not isinstance(user_id, bool) else None
    if user is None or not user.active:
        raise UserError("invalid", "Choose an active colleague", "manager_id")
    if access.is_free(user):
        raise UserError("free_user", "A free user cannot manage a group", "manager_id")
    return int(user.id)


def _members(ids: object) -> list[User]:
    if ids is None:
        return []
    if not isinstance(ids, list) or any(not isinstance(one, int) or isinstance(one, bool) for one in ids):
        raise UserError("invalid", "A list of ids is needed", "member_ids")
    found = list(db.session.scalars(select(User).where(User.id.in_(ids))))
    if len(found) != len(set(ids)):
        raise UserError("invalid", "Choose existing colleagues", "member_ids")
    return found
