"""User groups: teams with a manager and a zone, kept by admins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import selectinload

from app import access
from app.errors import Conflict, UserError
from app.extensions import db
from app.models.people import Group, Role, User
from app.services import fields
from app.services.chats import chat_members
from app.services.people import narrowed, people_fields
from app.services.people.people import keep_an_admin, require_admin, rights_changed

FIELDS = ("name", "description", "zone", "manager_id", "member_ids", "role_ids")
MEMBERS_MAX, CHATS_MAX = 500, 100
_TAKEN = {"name": "There is a group of this name already"}


@dataclass(frozen=True, slots=True)
class GroupChat:
    """A chat whose members are the group's."""

    id: int
    name: str
    members: int
    archived: bool


def create(actor: User, changes: Mapping[str, Any]) -> Group:
    """Add a group. Raises UserError naming the field, Forbidden for everybody but admins."""
    require_admin(actor)
    values = check(changes, None)
    members, roles = values.pop("members", []), values.pop("roles", [])
    group = Group(**values)
    group.users, group.roles = members, roles
    db.session.add(group)
    fields.flush_unique("ab_group", _TAKEN)
    return group


def update(actor: User, group: Group, changes: Mapping[str, Any]) -> Group:
    """Change the given fields; members' rights follow the group's roles, effective on open sessions.

    Raises UserError naming the field, Forbidden for everybody but admins, Conflict where no admin would be left.
    """
    require_admin(actor)
    values = check(changes, group)
    rights = "members" in values or "roles" in values
    people = _with_roles({user.id for user in (*group.users, *values.get("members", ()))}) if rights else []
    free_before = {user.id for user in people if access.is_free(user)}
    if "members" in values:
        group.users = values.pop("members")
    if "roles" in values:
        group.roles = values.pop("roles")
    for field, value in values.items():
        setattr(group, field, value)
    fields.flush_unique("ab_group", _TAKEN)
    if rights:
        keep_an_admin("role_ids" if "role_ids" in changes else "member_ids")
        for user in _with_roles({user.id for user in people}):
            rights_changed(user, user.id in free_before)
    if "member_ids" in changes:
        chat_members.follow([group.id])
    if rights or "manager_id" in changes:
        narrowed.put_away()
    return group


def delete(actor: User, group: Group) -> None:
    """Delete a group without members. Raises Conflict while it has some, Forbidden for everybody but admins."""
    require_admin(actor)
    if group.users:
        raise Conflict("group_in_use", "This group has members; remove them first")
    db.session.delete(group)
    db.session.flush()


def chats_of(group: Group) -> list[GroupChat]:
    """Return the chats whose members follow the group, by name: one statement."""
    rows = db.session.execute(
        text(
            "SELECT c.id, c.name, c.archived_at IS NOT NULL AS archived, (SELECT count(*) FROM chat_members m"
            "  WHERE m.chat_id = c.id AND m.left_at IS NULL) AS members"
            " FROM chats c WHERE c.group_id = :id AND c.linked ORDER BY c.archived_at IS NOT NULL, c.sort_key, c.id"
            " LIMIT :most"
        ),
        {"id": group.id, "most": CHATS_MAX},
    )
    return [GroupChat(row.id, row.name or group.label or group.name, row.members, row.archived) for row in rows]


def members_of(group: Group) -> list[User]:
    """Return the members by name, with what badges beside their names say."""
    statement = select(User).join(User.groups).where(Group.id == group.id)
    return list(db.session.scalars(statement.order_by(User.sort_key, User.id).limit(MEMBERS_MAX)))


def _with_roles(user_ids: set[int]) -> list[User]:
    """Load people with all their roles anew: three statements, however many they are."""
    statement = (
        select(User)
        .where(User.id.in_(user_ids))
        .options(selectinload(User.roles), selectinload(User.groups).selectinload(Group.roles))
        .execution_options(populate_existing=True)
    )
    return list(db.session.scalars(statement).unique())


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
    if "role_ids" in values:
        values["roles"] = people_fields.records(Role, values.pop("role_ids"), "role_ids")
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
