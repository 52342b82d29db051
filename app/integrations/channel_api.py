"""The channel API's own language: JSON of a messenger's bridge, read into what the services take."""

from __future__ import annotations

from typing import Any

from app.errors import UserError
from app.services import fields
from app.services.clients.messengers import STATES, Incoming, Receipt

TYPES = ("message", "echo", "status")


def read(body: object) -> Incoming | Receipt | None:
    """Read one update; None for a type that we do not know. Raises UserError (400) naming what is wrong."""
    if not isinstance(body, dict):
        raise UserError("invalid_json", "One JSON object is expected", status=400)
    kind = body.get("type", "message")
    if kind not in TYPES:
        return None
    return _receipt(body) if kind == "status" else _message(body, echo=kind == "echo")


def _message(body: dict[str, Any], *, echo: bool) -> Incoming:
    who = body.get("from") if not echo else body.get("to", body.get("from"))
    if not isinstance(who, dict):
        raise UserError("required", "Who wrote this is needed", "from", 400)
    words = body.get("text")
    if not isinstance(words, str):
        raise UserError("required", "A text is needed", "text", 400)
    return Incoming(
        external_id=_token(who.get("id"), "from.id", 120),
        message_id=_token(body.get("id"), "id", 200),
        body=words,
        name=_soft(who.get("name"), 100),
        email=_address(who.get("email")),
        phone=_phone(who.get("phone")),
        echo=echo,
    )


def _receipt(body: dict[str, Any]) -> Receipt:
    number, state = body.get("message_id"), body.get("status")
    if isinstance(number, str) and number.isascii() and number.isdigit() and len(number) < 19:
        number = int(number)
    if isinstance(number, bool) or not isinstance(number, int):
        raise UserError("invalid", "The number of a message of ours is needed", "message_id", 400)
    if state not in STATES:
        raise UserError("invalid", f"One of {', '.join(STATES)} is needed", "status", 400)
    return Receipt(number, str(state), str(body.get("code") or "")[:40], str(body.get("error") or "")[:300])


def _token(value: object, field: str, longest: int) -> str:
    written = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(written, str) or not written.strip() or len(written) > longest or "\x00" in written:
        raise UserError("invalid", f"1 to {longest} characters are needed", field, 400)
    return written


def _soft(value: object, longest: int) -> str | None:
    """A name is the messenger's: too long is cut, not refused."""
    return " ".join(value.replace("\x00", "").split())[:longest] or None if isinstance(value, str) else None


def _address(value: object) -> str | None:
    try:
        return fields.email(value)
    except UserError:
        return None


def _phone(value: object) -> str | None:
    try:
        return fields.phone(value)
    except UserError:
        return None
