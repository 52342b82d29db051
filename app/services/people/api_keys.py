"""API keys: a program acts as the person who made its key, within what the key was made for."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from typing import Any

from flask_appbuilder.security.sqla.models import ApiKey
from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import joinedload

from app import access, clock
from app.errors import Forbidden, UserError
from app.extensions import db
from app.models.people import Group, User
from app.services import fields, sealed

PREFIX = "fdk_"
READ, WRITE = "read", "write"
# What a key may be limited to: the first part of the addresses below /api/v1/.
RESOURCES = (
    "leads",
    "contacts",
    "companies",
    "tasks",
    "calls",
    "mails",
    "talks",
    "chats",
    "center",
    "users",
    "groups",
    "search",
)
# Addresses that belong to a resource of another name.
BELONGS_TO = {"messages": "chats", "files": "chats"}
DAYS = (30, 90, 365)
FIELDS = ("name", "access", "resources", "days")
AT_MOST = 50
# last_used_on need not be exact: a busy program would write a row with every call.
USED_EVERY = dt.timedelta(minutes=1)


def create(actor: User, changes: Mapping[str, Any]) -> tuple[ApiKey, str]:
    """Make a key of one's own; return it with its text, which is not kept. Raises UserError naming the field.

    ``access`` is read or write, ``resources`` a list of RESOURCES (none: all), ``days`` one of DAYS or None (for ever).
    """
    fields.known(changes, FIELDS)
    values = _checked(changes)
    if len(db.session.scalars(select(ApiKey.id).where(ApiKey.user_id == actor.id).limit(AT_MOST)).all()) == AT_MOST:
        raise UserError("too_many", f"At most {AT_MOST} keys; delete one first", "name")
    plain = PREFIX + secrets.token_urlsafe(32)
    now = _naive(clock.now())
    key = ApiKey(
        name=values["name"],
        # 256 random bits: there is nothing to guess, so one quick hash serves as both.
        key_hash=sealed.hash_of(plain),
        lookup_hash=sealed.hash_of(plain),
        key_prefix=plain[:12],
        user_id=actor.id,
        scopes=values["scopes"],
        created_on=now,
        expires_on=now + dt.timedelta(days=values["days"]) if values["days"] else None,
    )
    db.session.add(key)
    db.session.flush()
    return key, plain


def revoke(actor: User, key: ApiKey) -> None:
    """End a key at once: one's own, or as an admin anybody's. Raises Forbidden."""
    if key.user_id != actor.id and not access.is_admin(actor):
        raise Forbidden()
    db.session.delete(key)
    db.session.flush()


def find(plain: str) -> ApiKey | None:
    """Return the key of this text with its person and roles, None for one that is unknown, over or a former user's."""
    person = joinedload(ApiKey.user)
    key = (
        db.session.scalars(
            select(ApiKey)
            .where(ApiKey.lookup_hash == sealed.hash_of(plain))
            .options(person.joinedload(User.roles), person.joinedload(User.groups).joinedload(Group.roles))
        )
        .unique()
        .one_or_none()
    )
    if key is None or not key.active or key.revoked_on is not None or not key.user.active:
        return None
    return key if key.expires_on is None or key.expires_on > _naive(clock.now()) else None


def note_use(key: ApiKey) -> bool:
    """Remember that a key is in use; return whether there is something to commit."""
    now = _naive(clock.now())
    if key.last_used_on is not None and now - key.last_used_on < USED_EVERY:
        return False
    key.last_used_on = now
    return True


def allows(key: ApiKey, method: str, path: str) -> bool:
    """Whether a key was made for such a request; what its person may do is asked besides."""
    level, _, limited = str(key.scopes or READ).partition(":")
    if level != WRITE and method not in ("GET", "HEAD", "OPTIONS"):
        return False
    name = path.removeprefix("/api/v1/").partition("/")[0]
    return not limited or BELONGS_TO.get(name, name) in limited.split(",")


def visible(user: User) -> ColumnElement[bool]:
    """Condition for the keys this person may see: the own ones, admins all."""
    return true() if access.is_admin(user) else ApiKey.user_id == user.id


def _checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    level, resources, days = changes.get("access"), changes.get("resources") or [], changes.get("days")
    if level not in (READ, WRITE):
        raise UserError("invalid", f"Choose {READ} or {WRITE}", "access")
    if not isinstance(resources, list) or not set(resources) <= set(RESOURCES):
        raise UserError("invalid", f"Choose from {', '.join(RESOURCES)}", "resources")
    if days not in (None, *DAYS):
        raise UserError("invalid", f"Choose {', '.join(map(str, DAYS))} days, or no end", "days")
    limited = f":{','.join(sorted(set(resources)))}" if resources else ""
    return {
        "name": fields.needed_line(changes.get("name"), "name", 60),
        "scopes": f"{level}{limited}",
        "days": days,
    }


def _naive(moment: dt.datetime) -> dt.datetime:
    """The columns are FAB's, without a zone: they hold UTC."""
    return moment.astimezone(dt.UTC).replace(tzinfo=None)
