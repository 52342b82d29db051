"""On which pages something of ours may be used: origins as browsers send them, one a line."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app

from app.errors import Forbidden, UserError

ANYWHERE = "*"
MAX_ORIGINS = 50


def checked(value: object, field: str = "allowed_origins") -> str | None:
    """Return origins in one form, one a line. Raises UserError naming the field."""
    if value is not None and not isinstance(value, str):
        raise UserError("invalid", "One address a line is needed", field)
    lines = [one.strip() for one in (value or "").replace(",", "\n").splitlines()]
    found = [_origin(one, field) for one in lines if one]
    if len(found) > MAX_ORIGINS:
        raise UserError("too_long", f"At most {MAX_ORIGINS} addresses", field)
    return "\n".join(dict.fromkeys(found)) or None


def allowed(stored: str | None) -> list[str]:
    """Return the origins that may use it, our own first; ``*`` alone stands for all."""
    listed = (stored or "").split()
    return [ANYWHERE] if ANYWHERE in listed else [*current_app.config["ALLOWED_ORIGINS"], *listed]


def allows(stored: str | None, origin: str | None) -> bool:
    """Whether a page of this origin may use it; programs and same-origin requests name none."""
    listed = allowed(stored)
    return not origin or listed == [ANYWHERE] or origin.rstrip("/").lower() in listed


def require(stored: str | None, origin: str | None, message: str) -> None:
    """Refuse pages that it is not meant for. Raises Forbidden."""
    if not allows(stored, origin):
        error = Forbidden(message)
        error.code = "foreign_origin"
        raise error


def _origin(written: str, field: str) -> str:
    """An origin without a path: what browsers send, and what a policy may name."""
    if written == ANYWHERE:
        return written
    try:
        parts = urlsplit(written if "://" in written else f"https://{written}")
        port = parts.port
    except ValueError:
        raise UserError("invalid", f"{written[:60]!r} is no address like https://shop.example", field) from None
    host = (parts.hostname or "").lower()
    bad = set(host) - set("abcdefghijklmnopqrstuvwxyz0123456789.-:")
    # A word alone is no address; a name within one's own network is written with its http://.
    bare = "://" not in written and "." not in host and host != "localhost" and ":" not in host
    if parts.scheme not in ("http", "https") or not host or bad or bare:
        raise UserError("invalid", f"{written[:60]!r} is no address like https://shop.example", field)
    shown = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{shown}" + (f":{port}" if port not in (None, default) else "")
