"""People: made, changed, deactivated and reactivated by admins only; never deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from app import access
from app.errors import Conflict, Forbidden, UserError
from app.extensions import db
from app.models.people import Group, Role, RoleName, User
from app.services import fields, live, reading
from app.services.account import account, faults, lost_addresses
from app.services.chats import chat_members
from app.services.limits import limits
from app.services.notify import Subject
from app.services.people import narrowed, passwords, people_fields, zone_moves
from app.services.records import history
from app.transaction import on_commit

is_free = access.is_free

FIELDS = (
    "username",
    "first_name",
    "last_name",
    "email",
    "phone",
    "zone",
    "role_ids",
    "group_ids",
    "active",
    "deactivated_reason",
    "password",
)
OWN_FIELDS = ("first_name", "last_name", "email", "phone", "zone", "theme")
THEMES = ("system", "light", "dark")
_TAKEN = {
    "username": "Somebody has this user name already",
    "email": "Somebody has this email address already",
}


def create_user(actor: User, changes: Mapping[str, Any]) -> User:
    """Add a person; without a password a mail leads to choosing one. Raises UserError, Forbidden but for admins."""
    from app.services.people import password_resets  # it sets passwords by this module

    require_admin(actor)
    fields.known(changes, FIELDS)
    needed = dict.fromkeys(("first_name", "last_name", "email", "role_ids"))
    values = people_fields.checked({"zone": account.zone()} | needed | dict(changes))
    username, given = people_fields.checked_username(changes.get("username")), changes.get("password")
    invited = given in (None, "")
    password = None if invited else passwords.hashed(passwords.check_quality(given, username, values["email"]))
    user = User(username=username, active=True, password=password, **_columns(values))
    user.roles, user.groups = values["roles"], values.get("groups", [])
    db.session.add(user)
    fields.flush_unique("ab_user", _TAKEN)
    chat_members.follow([group.id for group in user.groups])
    if changes.get("active") is False:
        deactivate(actor, user, changes.get("deactivated_reason"))
    elif invited:
        password_resets.welcome(actor, user)
    return user


def update_user(actor: User, user: User, changes: Mapping[str, Any]) -> User:
    """Change a person's data, roles, groups or activity. Raises UserError with the field, Forbidden but for admins."""
    require_admin(actor)
    fields.known(changes, FIELDS)
    values = people_fields.checked(changes)
    if "username" in changes:
        user.username = people_fields.checked_username(changes["username"])
    zone_before, email_before, was_free = user.zone, user.email, access.is_free(user)
    for name, value in _columns(values).items():
        setattr(user, name, value)
    if "roles" in values:
        _change_roles(user, values["roles"])
    groups_before = {group.id for group in user.groups}
    if "groups" in values:
        user.groups = values["groups"]
    fields.flush_unique("ab_user", _TAKEN)
    if "groups" in values:
        keep_an_admin("group_ids")
    rights_changed(user, was_free)
    lost_addresses.mail_changed(actor, user, email_before)
    zone_moves.follow(user, zone_before)
    chat_members.follow(groups_before ^ {group.id for group in user.groups})
    if "roles" in values or "groups" in values:
        narrowed.put_away()
    if changes.get("password"):
        set_password(actor, user, changes["password"])
    if "active" in changes:
        active = fields.flag(changes["active"], "active")
        if user.active and not active:
            deactivate(actor, user, changes.get("deactivated_reason"))
        elif active and not user.active:
            reactivate(actor, user)
    return user


def update_own(actor: User, changes: Mapping[str, Any]) -> User:
    """Change one's own data: nothing that decides about rights. Raises UserError naming the field."""
    fields.known(changes, OWN_FIELDS)
    values = people_fields.checked(changes)
    if changes.get("theme", "system") not in THEMES:
        raise UserError("invalid", f"Choose one of {', '.join(THEMES)}", "theme")
    zone_before, email_before = actor.zone, actor.email
    for name, value in _columns(values).items():
        setattr(actor, name, value)
    if "theme" in changes:
        actor.theme = changes["theme"]
    fields.flush_unique("ab_user", _TAKEN)
    lost_addresses.mail_changed(actor, actor, email_before)
    zone_moves.follow(actor, zone_before)
    return actor


def set_password(actor: User, user: User, password: object) -> None:
    """Give a person a new password: all sessions, tokens and sockets of that person end."""
    if actor.id != user.id:
        require_admin(actor)
    checked = passwords.check_quality(password, user.username, user.email)
    user.password = passwords.hashed(checked)
    user.fail_login_count = 0
    _end_sessions(user)
    db.session.flush()


def change_own_password(actor: User, old: object, new: object) -> None:
    """Change one's own password, which needs the old one. Raises UserError on ``old_password`` or ``password``."""
    if not isinstance(old, str) or not passwords.matches(actor.password, old):
        raise UserError("wrong_password", "This is not your current password", "old_password")
    set_password(actor, actor, new)


def deactivate(actor: User, user: User, reason: object = None) -> None:
    """Deactivate a person with a reason: sessions, tokens and sockets end. Raises Conflict for the last admin."""
    require_admin(actor)
    cleaned = fields.line(reason, "deactivated_reason", 300)
    if not user.active:
        raise Conflict("already_deactivated", "This person is deactivated already")
    if is_last_admin(user):
        raise _last_admin("active")
    _put_out(user, cleaned)
    history.record("user:deactivated", actor, Subject("user", user.id), {"reason": cleaned})


def deactivate_by_limit(user: User, reason: str) -> None:
    """Deactivate a person who exceeded an activity limit. The caller has asked :func:`is_last_admin`."""
    _put_out(user, reason)


def is_last_admin(user: User) -> bool:
    """Whether the account would have no active admin without this person."""
    return bool(user.active) and access.is_admin(user) and not _other_active_admin(user.id)


def reactivate(actor: User, user: User, reason: object = None) -> None:
    """Let a person in again; sessions from before stay dead, the counters of activity limits begin again.

    Raises Conflict for an active person, UserError on ``reason``.
    """
    require_admin(actor)
    cleaned = fields.line(reason, "reason", 300)
    if user.active:
        raise Conflict("already_active", "This person is active already")
    user.active = True
    user.fail_login_count = 0
    _cut_off(user)
    db.session.flush()
    limits.restart([user.id])
    reading.settle_subject(f"user:{user.id}")
    faults.over_for_user(user.id)
    history.record("user:reactivated", actor, Subject("user", user.id), {"reason": cleaned})


def promote(actor: User, user: User) -> None:
    """Make a free user a staff member, effective on open sessions. Raises Conflict for who is none."""
    require_admin(actor)
    if not access.is_free(user):
        raise Conflict("not_free", "This person is no free user")
    user.roles = [role for role in user.roles if role.name != RoleName.FREE] + [_role(RoleName.STAFF)]
    db.session.flush()
    history.record("user:promoted", actor, Subject("user", user.id), {})


def demote(actor: User, user: User) -> None:
    """Make a person a free user, effective on open sessions. Raises Conflict for the last active admin."""
    require_admin(actor)
    if access.is_free(user):
        raise Conflict("already_free", "This person is a free user already")
    if any(group.roles for group in user.groups):
        raise Conflict("role_by_group", "This person has rights by a user group; remove the person from it first")
    _change_roles(user, [_role(RoleName.FREE)])
    db.session.flush()
    rights_changed(user, was_free=False)
    history.record("user:demoted", actor, Subject("user", user.id), {})


def rights_changed(user: User, was_free: bool) -> None:
    """Let what a person has follow a change of roles or groups; open sessions and sockets follow by themselves."""
    if user.active and not was_free and access.is_free(user):
        from app.services.people import free_users  # it needs much that needs this module

        free_users.settle(user)


def create_first_admin(changes: Mapping[str, Any]) -> User:
    """Make the first admin of an empty account, which lives in the same time zone until somebody changes that.

    Raises UserError, Conflict once there is an active admin.
    """
    # The lock keeps two holders of the set-up link from both becoming the first.
    db.session.execute(select(func.pg_advisory_xact_lock(7_301_001)))
    if _other_active_admin(None):
        raise Conflict("already_set_up", "There is an admin already; sign in")
    fields.known(changes, FIELDS)
    values = people_fields.checked({"first_name": None, "last_name": None, "email": None} | dict(changes))
    username = people_fields.checked_username(changes.get("username"))
    password = passwords.check_quality(changes.get("password"), username, values["email"])
    user = User(username=username, active=True, **_columns(values))
    user.password = passwords.hashed(password)
    user.roles = [_role(RoleName.ADMIN)]
    db.session.add(user)
    fields.flush_unique("ab_user", _TAKEN)
    if "zone" in values:
        account.set_setting("zone", values["zone"])
    return user


def require_admin(actor: User) -> None:
    """Raise Forbidden unless the person is an admin."""
    if not access.is_admin(actor):
        raise Forbidden("Only admins manage users")


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in ("roles", "groups")}


def _role(name: str) -> Role:
    return db.session.scalars(select(Role).where(Role.name == name)).one()


def _change_roles(user: User, roles: list[Role]) -> None:
    if RoleName.ADMIN not in {role.name for role in roles} and is_last_admin(user):
        raise _last_admin("role_ids")
    user.roles = roles


def keep_an_admin(field: str) -> None:
    """Refuse a change of groups that left the account without an active admin. Call it after the flush."""
    if not _other_active_admin(None):
        raise _last_admin(field)


def _last_admin(field: str) -> Conflict:
    return Conflict("last_admin", "This is the last active admin; make somebody else an admin first", field)


def _other_active_admin(user_id: int | None) -> bool:
    # Locked: two admins who demote each other at the same moment must not both succeed. Not against new holders.
    statement = select(Role).where(Role.name == RoleName.ADMIN).with_for_update(key_share=True)
    role = db.session.scalars(statement).one_or_none()
    if role is None:
        return False
    others = (
        select(User.id)
        .where(User.active, User.id != (user_id or 0))
        .where(
            User.roles.any(Role.name == RoleName.ADMIN) | User.groups.any(Group.roles.any(Role.name == RoleName.ADMIN))
        )
        .limit(1)
    )
    return db.session.scalar(others) is not None


def _put_out(user: User, reason: str | None) -> None:
    user.active = False
    user.deactivated_reason = reason
    _cut_off(user)
    db.session.flush()
    from app.services.talks import talk_release  # it needs much that needs this module

    talk_release.release(user)


def _end_sessions(user: User) -> None:
    user.session_epoch = (user.session_epoch or 0) + 1
    _cut_off(user)


def _cut_off(user: User) -> None:
    user_id, deactivated = user.id, not user.active
    on_commit(lambda: live.cut_off(user_id, deactivated))
