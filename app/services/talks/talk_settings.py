"""The account's settings for talks: scores, and closing by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext

from app import access
from app.errors import UserError
from app.models.people import User
from app.services import fields
from app.services.account import account, faults
from app.services.people.people import require_admin
from app.services.records.responsible import checked_responsible


@dataclass(frozen=True, slots=True)
class TalkSettings:
    """``*_hours`` and ``*_days`` as written; 0 hours: never. ``nps_responsible_id`` None: the group's manager."""

    nps_on: bool = True
    nps_text: str = ""
    nps_thanks: str = ""
    nps_critical: int = 6
    nps_every_days: int = 30
    nps_timeout_hours: int = 24
    nps_on_auto_close: bool = False
    nps_follow_up: bool = False
    nps_responsible_id: int | None = None
    auto_close_hours: int = 0

    @property
    def question(self) -> str:
        """What the client is asked."""
        return self.nps_text or gettext("How likely are you to recommend us, from 1 (not at all) to 10 (very)?")

    @property
    def thanks(self) -> str:
        """What the client is told after a score."""
        return self.nps_thanks or gettext("Thank you for your rating!")


_RANGES = {
    "nps_critical": (1, 10),
    "nps_every_days": (0, 3650),
    "nps_timeout_hours": (1, 720),
    "auto_close_hours": (0, 8760),
}
FIELDS = tuple(TalkSettings.__dataclass_fields__)


def load() -> TalkSettings:
    """Return the settings; what was never set has its default."""
    stored = account.get_setting("talks")
    known = {name: value for name, value in (stored or {}).items() if name in FIELDS}
    return TalkSettings(**known)


def save(actor: User, changes: Mapping[str, Any]) -> TalkSettings:
    """Change the given settings. Raises UserError naming the field, Forbidden for everybody but admins."""
    require_admin(actor)
    fields.known(changes, FIELDS)
    values = dict(changes)
    for name, value in changes.items():
        if name in _RANGES:
            low, high = _RANGES[name]
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise UserError("invalid", f"A whole number from {low} to {high} is needed", name)
        elif name in ("nps_text", "nps_thanks"):
            values[name] = fields.line(value, name, 500) or ""
        elif name == "nps_responsible_id":
            values[name] = _checked_person(actor, value)
        else:
            values[name] = fields.flag(value, name)
    stored = {**(account.get_setting("talks") or {}), **values}
    account.set_setting("talks", stored)
    if "nps_responsible_id" in values:
        faults.over("scores:responsible")
    return load()


def _checked_person(actor: User, value: object) -> int | None:
    try:
        return checked_responsible(actor, value)
    except UserError as error:
        error.field = "nps_responsible_id"
        raise


def may_change(user: User) -> bool:
    """Whether the person may change these settings."""
    return access.is_admin(user)
