"""What admins decide for the whole account, on one page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext

from app.errors import UserError
from app.models.people import User
from app.services import fields
from app.services.account import account, retention
from app.services.people import narrowed, people

DAYS = ("notice_days", "trace_days")
NAMES = (*DAYS, "record_visibility", "direct_chats", "group_chat_creators", "message_texts", "zone")


def load() -> dict[str, Any]:
    """Return the settings as they count now."""
    return {
        "record_visibility": account.record_visibility(),
        "direct_chats": "on" if account.direct_chats_on() else "off",
        "group_chat_creators": account.group_chat_creators(),
        "message_texts": account.get_setting("message_texts", account.CHOICES["message_texts"][0]),
        "zone": account.zone(),
        "notice_days": retention.notice_days(),
        "trace_days": retention.trace_days(),
    }


def change(actor: User, changes: Mapping[str, Any]) -> None:
    """Set what is given. Raises UserError naming the field, Forbidden but for admins."""
    people.require_admin(actor)
    fields.known(changes, NAMES)
    for name in DAYS:
        if name in changes:
            _check_days(name, changes[name])
    before = load()
    values = dict(changes)
    if "zone" in values:
        values["zone"] = fields.zone(values["zone"])
    for name, value in values.items():
        if value != before[name]:
            account.set_setting(name, value)
    if values.get("record_visibility", before["record_visibility"]) != before["record_visibility"]:
        narrowed.put_away()


def _check_days(name: str, value: object) -> None:
    low, high = retention.SHORTEST_DAYS, retention.LONGEST_DAYS
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise UserError(
            "invalid", gettext("A number of days from %(low)s to %(high)s is needed", low=low, high=high), name
        )
