"""What a telephone system reports, read into what the service takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from app.errors import UserError
from app.models.calls import CallStatus
from app.services.calls.calls import CallReport

# Telephone systems name the same things differently.
DIRECTIONS = {"incoming": "incoming", "in": "incoming", "inbound": "incoming"} | dict.fromkeys(
    ("outgoing", "out", "outbound"), "outgoing"
)
STATUSES = (
    dict.fromkeys(("ringing", "ring", "initiated", "started"), CallStatus.RINGING)
    | dict.fromkeys(("answered", "in_progress", "in-progress", "connected", "taken"), CallStatus.ANSWERED)
    | dict.fromkeys(("ended", "completed", "hangup", "finished"), CallStatus.ENDED)
    | dict.fromkeys(
        ("missed", "no_answer", "no-answer", "busy", "failed", "cancelled", "canceled", "rejected", "voicemail"),
        CallStatus.MISSED,
    )
)
LONGEST_SECONDS = 7 * 24 * 3600
_HIDDEN = {"", "anonymous", "unknown", "restricted", "private", "unavailable"}


def read(body: object) -> CallReport:
    """Read one report. Raises UserError (400) naming what is wrong."""
    if not isinstance(body, Mapping):
        raise UserError("invalid_json", "One JSON object is expected", status=400)
    return CallReport(
        call_id=_token(body.get("call_id")),
        direction=_one_of(body.get("direction"), DIRECTIONS, "direction", ("incoming", "outgoing")),
        status=_one_of(body.get("status"), STATUSES, "status", ("ringing", "answered", "ended", "missed")),
        phone=_number(body.get("phone"), "phone") or "",
        duration_seconds=_seconds(body.get("duration")),
        recording_url=_url(body.get("recording_url")),
        user_phone=_number(body.get("user_phone"), "user_phone"),
    )


def _token(value: object) -> str:
    written = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(written, str) or not written.strip() or len(written) > 120 or not written.isprintable():
        raise UserError("invalid", "1 to 120 characters are needed", "call_id", 400)
    return written.strip()


def _one_of(value: object, names: Mapping[str, str], field: str, shown: tuple[str, ...]) -> str:
    found = names.get(value.strip().lower()) if isinstance(value, str) else None
    if found is None:
        raise UserError("invalid", f"One of {', '.join(shown)} is needed", field, 400)
    return str(found)


def _number(value: object, field: str) -> str | None:
    if value is None:
        return None
    written = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(written, str) or len(written) > 40 or not written.isprintable():
        raise UserError("invalid", "A telephone number is needed", field, 400)
    cleaned = written.strip().removeprefix("tel:").removeprefix("sip:").split("@", 1)[0]
    if cleaned.lower() in _HIDDEN:
        return None
    if not any(char.isascii() and char.isdigit() for char in cleaned):
        raise UserError("invalid", "A telephone number is needed", field, 400)
    return cleaned


def _seconds(value: Any) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 9:
        value = int(value)
    if isinstance(value, float) and value == value // 1:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LONGEST_SECONDS:
        raise UserError("invalid", "A whole number of seconds is needed", "duration", 400)
    return value


def _url(value: object) -> str | None:
    if value is None or value == "":
        return None
    fits = isinstance(value, str) and len(value) <= 1000 and value.isprintable() and " " not in value
    try:
        parts = urlsplit(str(value))
    except ValueError:
        fits = False
    if not fits or parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError("invalid", "An address like https://… is needed", "recording_url", 400)
    return str(value)
