"""Telephone lines: kept by admins, found by the token in the address that the telephone system reports to."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import current_app
from sqlalchemy import select

from app import access
from app.errors import UserError
from app.extensions import db
from app.models.calls import CallLine
from app.models.people import User
from app.services import fields, sealed
from app.services.account import faults
from app.services.calls import phones
from app.services.people.people import require_admin
from app.services.records.related import checked_related

FIELDS = ("name", "number", "region", "group_id", "makes_leads", "active")


def create(actor: User, changes: Mapping[str, Any]) -> CallLine:
    """Add a line with a token of its own. Raises UserError naming the field, Forbidden for everybody but admins."""
    require_admin(actor)
    token = secrets.token_urlsafe(24)
    line = CallLine(**with_token(token), **check(actor, {"name": None, "group_id": None} | dict(changes), None))
    db.session.add(line)
    db.session.flush()
    return line


def update(actor: User, line: CallLine, changes: Mapping[str, Any]) -> CallLine:
    """Change the given fields. Raises like create."""
    require_admin(actor)
    for field, value in check(actor, changes, line).items():
        setattr(line, field, value)
    db.session.flush()
    if line.group_id is not None:
        faults.over(f"line:{line.id}:group")
    return line


def delete(actor: User, line: CallLine) -> None:
    """Delete a line; its calls stay. Raises Forbidden for everybody but admins."""
    require_admin(actor)
    faults.over(f"line:{line.id}:group")
    db.session.delete(line)
    db.session.flush()


def check(actor: User, changes: Mapping[str, Any], line: CallLine | None) -> dict[str, Any]:
    """Return the cleaned values of the fields that change; writes nothing."""
    fields.known(changes, FIELDS)
    values = dict(changes)
    if "name" in values:
        values["name"] = fields.needed_line(values["name"], "name", 60)
    if "number" in values:
        values["number"] = fields.phone(values["number"], "number")
    if "region" in values:
        values["region"] = _checked_region(values["region"])
    if "group_id" in values:
        before_id = line.group_id if line else None
        values["group_id"] = checked_related(access.access_group, actor, values["group_id"], "group_id", before_id)
        if values["group_id"] is None:
            raise UserError("required", "Choose for whom unknown callers ring", "group_id")
    for field in ("makes_leads", "active"):
        if field in values:
            values[field] = fields.flag(values[field], field)
    return values


def by_token(token: str) -> CallLine:
    """Return the active line of a token. Unknown and switched off look the same: UserError 401."""
    statement = select(CallLine).where(CallLine.token_hash == sealed.hash_of(token), CallLine.active)
    line = db.session.scalars(statement).one_or_none()
    if line is None:
        raise UserError("bad_token", "The token is not right", status=401)
    return line


def with_token(token: str) -> dict[str, str]:
    """Return how a token is stored: encrypted, and a hash to find it by."""
    return {"token": sealed.seal(token), "token_hash": sealed.hash_of(token)}


def address(line: CallLine) -> str:
    """Return where the telephone system reports to. Raises LookupError when its token cannot be decrypted any more."""
    return f"{current_app.config['PUBLIC_URL']}/hooks/calls/{sealed.opened(line.token)}"


def _checked_region(value: object) -> str | None:
    cleaned = fields.line(value, "region", 2)
    if cleaned is not None and cleaned.upper() not in phones.regions():
        raise UserError("invalid", "A country's two letters like AT are needed", "region")
    return cleaned.upper() if cleaned else None
