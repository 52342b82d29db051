"""Settings of the account: few, named, JSON."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

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
# They are named in the code: there are a few dozen.
AT_MOST = 1000


def get_setting(name: str, default: Any = None) -> Any:
    """Return a setting, or ``default``. All are read once per session, which lives as long as a request or job."""
    session = db.session()
    known: dict[str, Any] | None = session.info.get(_CACHE)
    if known is None:
        rows = session.execute(select(AccountSetting.name, AccountSetting.value).limit(AT_MOST))
        known = session.info[_CACHE] = {row.name: row.value for row in rows}
    return known.get(name, default)


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


def zone() -> str:
    """Return the account's time zone: in which days and hours of limits and reports are meant."""
    return str(get_setting("zone", "UTC"))
