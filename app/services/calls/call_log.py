"""Calls that a program writes down itself: what has been, without ringing for anybody."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from typing import Any

from app import access, clock
from app.errors import Forbidden, UserError
from app.extensions import db
from app.models.calls import Call
from app.models.people import User
from app.services import fields
from app.services.calls import caller, phones
from app.services.records.related import checked_related
from app.services.records.responsible import checked_responsible, may_delete

FIELDS = (
    "direction",
    "phone",
    "status",
    "duration_seconds",
    "recording_url",
    "contact_id",
    "lead_id",
    "user_id",
    "started_at",
)
DIRECTIONS, STATUSES = ("incoming", "outgoing"), ("ended", "missed")
LONGEST_SECONDS = 7 * 24 * 3600
EARLIEST, CLOCKS_DIFFER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.timedelta(hours=1)


def create(actor: User, changes: Mapping[str, Any]) -> Call:
    """Write a call down; without a contact it is found by the number. Raises UserError naming the field."""
    given = {"direction": None, "phone": None, "status": "ended", "user_id": actor.id} | dict(changes)
    values = check(actor, given, None)
    call = Call(external_id=f"api-{secrets.token_hex(8)}", **{"started_at": clock.now()} | values)
    if call.contact_id is None:
        found = phones.tails(call.phone)
        contact = caller.by_tails(found, access.visible_contacts(actor)) if found else None
        call.contact_id = contact.id if contact else None
    call.responsible_id = call.user_id
    db.session.add(call)
    db.session.flush()
    return call


def update(actor: User, call: Call, changes: Mapping[str, Any]) -> Call:
    """Change the given fields. Raises UserError naming the field."""
    for field, value in check(actor, changes, call).items():
        setattr(call, field, value)
    db.session.flush()
    return call


def delete(actor: User, call: Call) -> None:
    """Delete a call. Raises Forbidden."""
    if not may_delete(actor, call.user_id or call.responsible_id):
        raise Forbidden("Only who talked, managers and admins may delete this call")
    db.session.delete(call)
    db.session.flush()


def check(actor: User, changes: Mapping[str, Any], call: Call | None) -> dict[str, Any]:
    """Return the cleaned values of the fields that change; writes nothing."""
    fields.known(changes, FIELDS)
    values = dict(changes)
    for field, allowed in (("direction", DIRECTIONS), ("status", STATUSES)):
        # A call that rings or is talked on keeps its status when what was read is sent back.
        if field in values and values[field] not in allowed and values[field] != getattr(call, field, None):
            raise UserError("invalid", f"Choose one of {', '.join(allowed)}", field)
    if "phone" in values:
        values["phone"] = phones.shown(fields.phone(fields.needed_line(values["phone"], "phone", 32)) or "")
    if "duration_seconds" in values:
        values["duration_seconds"] = _seconds(values["duration_seconds"])
    if "recording_url" in values:
        values["recording_url"] = fields.web_address(values["recording_url"], "recording_url", 1000, "https://…")
    for field, load in (("contact_id", access.access_contact), ("lead_id", access.access_lead)):
        if field in values:
            before_id = getattr(call, field) if call else None
            values[field] = checked_related(load, actor, values[field], field, before_id)
    if "user_id" in values:
        try:
            values["user_id"] = checked_responsible(actor, values["user_id"], call.user_id if call else None)
        except UserError as error:
            raise UserError(error.code, error.message, "user_id", error.status) from None
    if "started_at" in values:
        _check_start(values["started_at"])
    return values


def _check_start(value: object) -> None:
    if not isinstance(value, dt.datetime):
        raise UserError("invalid", "A moment is needed", "started_at")
    if not EARLIEST <= value <= clock.now() + CLOCKS_DIFFER:
        raise UserError("invalid", "A call has begun since 1970, and not in the future", "started_at")


def _seconds(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LONGEST_SECONDS:
        raise UserError("invalid", "A whole number of seconds is needed", "duration_seconds")
    return value
