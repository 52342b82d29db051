"""A person's own notification settings: stored only where they differ from the account's defaults."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext

from app import clock
from app.catalogue import DEFAULT_LEAD_TIMES_MINUTES, LEAD_TIMES_MINUTES, Channel
from app.errors import UserError
from app.extensions import db
from app.models.people import User
from app.models.preferences import UserSettings
from app.services import briefs, digests, fields
from app.services.people import zone_moves
from app.services.settings import matrix, quiet
from app.services.settings.digest_times import DEFAULT_DIGEST, time_of
from app.services.tasks import reminders

MAX_DIGEST_HOURS = 8
MAX_QUIET_SPANS = 20
LONGEST_DND = dt.timedelta(days=31)
_DEFAULT_WEEKDAYS = list(quiet.ALL_WEEKDAYS)


def get(user: User) -> dict[str, Any]:
    """Return the person's settings as PROTOCOL names them, and when the next digest is due."""
    own = db.session.get(UserSettings, user.id)
    digest = (own.digest if own else None) or DEFAULT_DIGEST
    dnd_until = own.dnd_until if own and own.dnd_until and own.dnd_until > clock.now() else None
    next_digest_at = digests.next_of(user.zone, digest)
    return {
        "receive": own.receive if own else True,
        "matrix": {row.key: row.as_json() for row in matrix.of_user(user)},
        "lead_times": list(own.lead_times if own and own.lead_times is not None else DEFAULT_LEAD_TIMES_MINUTES),
        "digest": {"hours": list(digest["hours"]), "weekdays": list(digest["weekdays"])},  # type: ignore[call-overload]
        "quiet_hours": list(own.quiet_hours) if own and own.quiet_hours else [],
        "dnd_until": dnd_until.isoformat() if dnd_until else None,
        "unread_first": own.unread_first if own else True,
        "zone": user.zone,
        "next_digest_at": next_digest_at.isoformat() if next_digest_at else None,
    }


def update(user: User, part: Mapping[str, Any]) -> dict[str, Any]:
    """Change any part of the settings and return them all. Raises UserError naming the field; then nothing changes."""
    unknown = set(part) - set(_CHECKS) - {"matrix", "next_digest_at"}
    if unknown:
        raise UserError("unknown_field", gettext("There is no such setting"), sorted(unknown)[0])
    if isinstance(part.get("digest"), Mapping):
        part = {**part, "digest": {**_digest_of(user), **part["digest"]}}
    values = {name: check(part[name]) for name, check in _CHECKS.items() if name in part}
    cells = _cells(part["matrix"]) if "matrix" in part else []
    for row, channel, value, field in cells:
        if value is None:
            matrix.reset_cell(user, row, channel, field)
        else:
            matrix.set_cell(user, row, channel, value, field)
    changed = set(values)
    if "zone" in values:
        zone_before, user.zone = user.zone, values.pop("zone")
        zone_moves.follow(user, zone_before)
    if values:
        own = db.session.get(UserSettings, user.id)
        if own is None:
            own = UserSettings(user_id=user.id)
            db.session.add(own)
        for name, value in values.items():
            setattr(own, name, value)
    db.session.flush()
    if "lead_times" in changed:
        reminders.collapse_past_of(user.id)
    if "digest" in changed:
        digests.plan_anew(user.id)
    if changed & {"quiet_hours", "dnd_until"}:
        briefs.reschedule(user.id)
    return get(user)


def unread_first(user_id: int) -> bool:
    """Tell how the person likes the feed ordered."""
    own = db.session.get(UserSettings, user_id)
    return own.unread_first if own else True


def _digest_of(user: User) -> Mapping[str, Any]:
    own = db.session.get(UserSettings, user.id)
    return (own.digest if own else None) or DEFAULT_DIGEST


def _cells(value: object) -> list[tuple[str, Channel, object, str]]:
    if not isinstance(value, Mapping):
        raise UserError("invalid", gettext("An object of rows is needed"), "matrix")
    cells = []
    for row, chosen in value.items():
        if not isinstance(chosen, Mapping):
            raise UserError("invalid", gettext("An object of channels is needed"), f"matrix.{row}"[:100])
        for name, cell in chosen.items():
            field = f"matrix.{row}.{name}"[:100]
            if name not in tuple(Channel):
                raise UserError("unknown_channel", gettext("There is no such channel"), field)
            cells.append((str(row), Channel(name), cell, field))
    return cells


def _lead_times(value: object) -> list[int]:
    if not isinstance(value, list) or any(isinstance(item, bool) or item not in LEAD_TIMES_MINUTES for item in value):
        allowed = ", ".join(map(str, LEAD_TIMES_MINUTES))
        raise UserError("invalid", gettext("A list of %(allowed)s (minutes) is needed", allowed=allowed), "lead_times")
    return sorted(set(value))


def _digest(value: object) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or set(value) - {"hours", "weekdays"}:
        raise UserError("invalid", gettext("Hours and weekdays are needed"), "digest")
    hours, weekdays = value["hours"], value["weekdays"]
    if not isinstance(hours, list) or len(hours) > MAX_DIGEST_HOURS:
        raise UserError("invalid", gettext("Up to %(count)s hours are needed", count=MAX_DIGEST_HOURS), "digest.hours")
    by_time = {}
    for hour in hours:
        try:
            by_time[time_of(hour)] = hour
        except ValueError:
            raise UserError("invalid", gettext("Hours are 0 to 23, or like 08:30"), "digest.hours") from None
    return {
        "hours": [by_time[time] for time in sorted(by_time)],
        "weekdays": fields.weekdays(weekdays, "digest.weekdays"),
    }


def _quiet_hours(value: object) -> list[dict[str, Any]] | None:
    """One span or a list of them, each ``{"weekdays"?, "from", "to"}``; null or an empty list ends quiet hours."""
    spans = [value] if isinstance(value, Mapping) else value
    if spans is None:
        return None
    if not isinstance(spans, list) or len(spans) > MAX_QUIET_SPANS:
        raise UserError("invalid", gettext("A list of quiet hours is needed"), "quiet_hours")
    return [_span(span) for span in spans] or None


def _span(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping) or set(value) - {"weekdays", "from", "to"}:
        raise UserError("invalid", gettext("Quiet hours have weekdays, from and to"), "quiet_hours")
    weekdays = fields.weekdays(value.get("weekdays", _DEFAULT_WEEKDAYS), "quiet_hours.weekdays")
    if not weekdays:
        raise UserError("invalid", gettext("Choose a weekday"), "quiet_hours.weekdays")
    times = {}
    for name in ("from", "to"):
        try:
            times[name] = f"{time_of(value.get(name)):%H:%M}"
        except ValueError:
            raise UserError("invalid", gettext("A time like 21:00 is needed"), f"quiet_hours.{name}") from None
    return {"weekdays": weekdays, **times}


def _dnd_until(value: object) -> dt.datetime | None:
    if value is None:
        return None
    until = fields.moment(value, "dnd_until")
    if until > clock.now() + LONGEST_DND:
        raise UserError("invalid", gettext("Do not disturb lasts 31 days at most"), "dnd_until")
    return until


_CHECKS: dict[str, Callable[[object], Any]] = {
    "receive": lambda value: fields.flag(value, "receive"),
    "unread_first": lambda value: fields.flag(value, "unread_first"),
    "lead_times": _lead_times,
    "zone": fields.zone,
    "digest": _digest,
    "quiet_hours": _quiet_hours,
    "dnd_until": _dnd_until,
}
