"""Settings of the account: few, named, JSON."""

from __future__ import annotations

from typing import Any

from app.errors import UserError
from app.extensions import db
from app.models.people import AccountSetting

# Every setting there is, with what it may be; the first one is the default.
CHOICES: dict[str, tuple[str, ...]] = {
    "record_visibility": ("all", "groups", "own"),
    "direct_chats": ("on", "off"),
    "group_chat_creators": ("all_but_free", "everyone", "managers", "admins"),
    "message_texts": ("full", "hidden"),
}
_CACHE = "account_settings"


def get_setting(name: str, default: Any = None) -> Any:
    """Return a setting, or ``default``. Read once per session, which lives as long as a request or job."""
    cached: dict[str, Any] = db.session().info.setdefault(_CACHE, {})
    if name not in cached:
        row = db.session.get(AccountSetting, name)
        cached[name] = (row is not None, row.value if row is not None else None)
    found, value = cached[name]
    return value if found else default


def set_setting(name: str, value: Any) -> None:
    """Store a setting. Raises UserError when it is one with fixed choices and this is none of them."""
    allowed = CHOICES.get(name)
    if allowed is not None and value not in allowed:
        raise UserError("invalid", f"Choose one of {', '.join(allowed)}", name)
    row = db.session.get(AccountSetting, name)
    if row is None:
        db.session.add(AccountSetting(name=name, value=value))
    else:
        row.value = value
    db.session.flush()
    db.session().info.pop(_CACHE, None)


def record_visibility() -> str:
    """Return whose records staff see: ``all``, ``groups`` (their groups') or ``own``."""
    value = get_setting("record_visibility", "all")
    return value if value in CHOICES["record_visibility"] else "all"


def direct_chats_on() -> bool:
    """Whether people may write to each other directly."""
    return get_setting("direct_chats", "on") != "off"


def group_chat_creators() -> str:
    """Return who may create group chats: ``all_but_free``, ``everyone``, ``managers`` or ``admins`` (only)."""
    value = get_setting("group_chat_creators", "all_but_free")
    return value if value in CHOICES["group_chat_creators"] else "all_but_free"
