"""A person's own notification settings: stored only where they differ from the account's defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import available_timezones

from app.catalogue import DEFAULT_LEAD_TIMES_MINUTES, LEAD_TIMES_MINUTES
from app.errors import UserError
from app.extensions import db
from app.models.people import User
from app.models.preferences import UserSettings
from app.services import reminders


def get(user: User) -> dict[str, Any]:
    """Return the person's settings as PROTOCOL names them."""
    own = db.session.get(UserSettings, user.id)
    return {
        "receive": own.receive if own else True,
        "lead_times": list(own.lead_times if own and own.lead_times is not None else DEFAULT_LEAD_TIMES_MINUTES),
        "unread_first": own.unread_first if own else True,
        "zone": user.zone,
    }


def update(user: User, part: Mapping[str, Any]) -> dict[str, Any]:
    """Change any part of the settings and return them all. Raises UserError naming the field; then nothing changes."""
    unknown = set(part) - set(_CHECKS)
    if unknown:
        raise UserError("unknown_field", "There is no such setting", sorted(unknown)[0])
    values = {name: _CHECKS[name](value) for name, value in part.items()}
    if "zone" in values:
        user.zone = values.pop("zone")
    if values:
        own = db.session.get(UserSettings, user.id)
        if own is None:
            own = UserSettings(user_id=user.id)
            db.session.add(own)
        for name, value in values.items():
            setattr(own, name, value)
    db.session.flush()
    if "lead_times" in values:
        reminders.collapse_past_of(user.id)
    return get(user)


def unread_first(user_id: int) -> bool:
    """Tell how the person likes the feed ordered."""
    own = db.session.get(UserSettings, user_id)
    return own.unread_first if own else True


def _flag(field: str) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        if not isinstance(value, bool):
            raise UserError("invalid", "true or false is needed", field)
        return value

    return check


def _lead_times(value: object) -> list[int]:
    if not isinstance(value, list) or any(isinstance(item, bool) or item not in LEAD_TIMES_MINUTES for item in value):
        allowed = ", ".join(map(str, LEAD_TIMES_MINUTES))
        raise UserError("invalid", f"A list of {allowed} (minutes) is needed", "lead_times")
    return sorted(set(value))


def _zone(value: object) -> str:
    if not isinstance(value, str) or value not in available_timezones():
        raise UserError("invalid", "Choose a time zone like Europe/Berlin", "zone")
    return value


_CHECKS: dict[str, Callable[[object], Any]] = {
    "receive": _flag("receive"),
    "unread_first": _flag("unread_first"),
    "lead_times": _lead_times,
    "zone": _zone,
}
