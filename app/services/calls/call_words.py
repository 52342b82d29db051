"""The words for calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext

from app.services.wording import joined, one_line

PREFIX = "call:"


def title_and_body(tag: str, data: Mapping[str, Any]) -> tuple[str, str]:
    """The title and the line below it."""
    name = one_line(data.get("name")) or gettext("Hidden number")
    contact = data.get("contact") or {}
    leads = [one_line(lead.get("name")) for lead in data.get("leads") or ()]
    number = one_line(data.get("phone")) if contact else ""
    below = joined(one_line(contact.get("company")), *leads[:1], number, _line(data))
    if tag == "call:ringing":
        return gettext("%(name)s is calling", name=name), below
    if tag == "call:missed":
        return gettext("Missed call: %(name)s", name=name), below
    by = one_line((data.get("by") or {}).get("name"))
    if not by:
        return gettext("Answered call: %(name)s", name=name), below
    return gettext("%(by)s talked to %(name)s", by=by, name=name), below


def for_center(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the slot of a ringing call shows."""
    return {name: data.get(name) for name in ("call_id", "phone", "name", "line", "contact", "leads")}


def length(seconds: int | None) -> str:
    """Return "2:05" or "1:02:05"; empty where it is not known."""
    if seconds is None:
        return ""
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def _line(data: Mapping[str, Any]) -> str:
    return one_line(data.get("line"))
