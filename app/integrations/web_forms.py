"""What a website's form sends, form-encoded or JSON, read into what the service takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.errors import UserError
from app.services import fields
from app.services.clients.form_entries import LONGEST_EXTRA, LONGEST_NAME, MOST_EXTRAS, Entry
from app.services.clients.forms import ASKED, HONEYPOT

_OWN = {HONEYPOT, "consent", "entry_id"}
_NO = ("", "0", "false", "off", "no")


def read(body: object, origin: str | None, key: str | None = None) -> Entry:
    """Read one entry. ``key`` is the request's Idempotency-Key. Raises UserError (400) naming what is wrong."""
    if not isinstance(body, Mapping):
        raise UserError("invalid_json", "One JSON object is expected", status=400)
    values = {name: _text(body[name], name) for name in ASKED if body.get(name) is not None}
    extras = {str(name): body[name] for name in body if name not in ASKED and name not in _OWN}
    if len(extras) > MOST_EXTRAS:
        raise UserError("too_many", f"At most {MOST_EXTRAS} further fields", sorted(extras)[MOST_EXTRAS][:60], 400)
    return Entry(
        values=values,
        extras={_name(name): _extra(value, name) for name, value in extras.items() if value not in (None, "")},
        consented=_ticked(body.get("consent")),
        external_id=_external_id(body.get("entry_id") or key),
        origin=origin[:300] if origin else None,
        by_a_program=bool(body.get(HONEYPOT)),
    )


def _text(value: Any, field: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise UserError("invalid", "A text is needed", field, 400)
    return _storable(str(value), field)


def _extra(value: Any, field: str) -> str:
    written = _text(value, field)
    if len(written) > LONGEST_EXTRA:
        raise UserError("too_long", f"At most {LONGEST_EXTRA} characters", field[:60], 400)
    return written


def _name(name: str) -> str:
    if not 0 < len(name) <= LONGEST_NAME:
        raise UserError("too_long", f"Names of fields have at most {LONGEST_NAME} characters", name[:60], 400)
    return _storable(name, name)


def _storable(written: str, field: str) -> str:
    """Neither NUL nor half a character of UTF-16 can be stored."""
    if not fields.storable(written):
        raise UserError("invalid", "This character cannot be stored", "field" if field == written else field[:60], 400)
    return written


def _ticked(value: object) -> bool:
    return value is True or (isinstance(value, (str, int)) and str(value).strip().lower() not in _NO)


def _external_id(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= 100 or not value.isascii() or not value.isprintable():
        raise UserError("invalid", "1 to 100 characters are needed", "entry_id", 400)
    return value
