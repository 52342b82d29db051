"""Cleaning of single values: each function returns the clean value or raises UserError naming the field."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from sqlalchemy.exc import IntegrityError

from app.errors import UserError
from app.extensions import db

_EMAIL = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"'.]+(\.[^@\s<>,;\"'.]+)*")
_WEBSITE = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
_PHONE = re.compile(r"[0-9+()/.\s-]*[0-9][0-9+()/.\s-]*(?:(?:x|ext\.?)\s*\d+)?", re.IGNORECASE)
BUDGET_MAX = Decimal("999999999999.99")


def known(changes: Mapping[str, Any], fields: Collection[str]) -> None:
    """Refuse names that are no fields."""
    unknown = sorted(set(changes) - set(fields))
    if unknown:
        raise UserError("unknown_field", "There is no such field", unknown[0], 400)


def storable(words: str) -> bool:
    """Whether PostgreSQL can keep the text: it takes no NUL, and no half of a character's two."""
    return not any(char == "\x00" or "\ud800" <= char <= "\udfff" for char in words)


def line(value: object, field: str, longest: int) -> str | None:
    """Return one line of text with single blanks, None when it is empty."""
    if value is not None and not isinstance(value, str):
        raise UserError("invalid", "A text is needed", field)
    cleaned = " ".join((value or "").split())
    if len(cleaned) > longest:
        raise UserError("too_long", f"At most {longest} characters", field)
    if not storable(cleaned):
        raise UserError("invalid", "This character cannot be stored", field)
    return cleaned or None


def needed_line(value: object, field: str, longest: int) -> str:
    """Like :func:`line`, for what may not be empty."""
    cleaned = line(value, field, longest)
    if cleaned is None:
        raise UserError("required", "This field is needed", field)
    return cleaned


def email(value: object, field: str = "email") -> str | None:
    """Return an email address; the part after the @ in lower case."""
    cleaned = line(value, field, 254)
    if cleaned is None:
        return None
    if not _EMAIL.fullmatch(cleaned):
        raise UserError("invalid", "An address like name@example.com is needed", field)
    local, _, domain = cleaned.rpartition("@")
    return f"{local}@{domain.lower()}"


def phone(value: object, field: str = "phone") -> str | None:
    """Return a phone number as it was typed."""
    cleaned = line(value, field, 32)
    if cleaned is not None and not _PHONE.fullmatch(cleaned):
        raise UserError("invalid", "A phone number like +43 1 234567 is needed", field)
    return cleaned


def website(value: object, field: str = "website") -> str | None:
    """Return an http(s) address; "example.com" gets https in front."""
    cleaned = line(value, field, 190)
    if cleaned is None:
        return None
    if "://" not in cleaned and not cleaned.lower().startswith(("javascript:", "data:", "mailto:")):
        cleaned = f"https://{cleaned}"
    if not _WEBSITE.fullmatch(cleaned):
        raise UserError("invalid", "An address like https://example.com is needed", field)
    return cleaned


def web_address(value: object, field: str, longest: int, example: str) -> str | None:
    """Return a whole http(s) address; ``example`` is what a person is shown who wrote another thing."""
    cleaned = line(value, field, longest)
    try:
        parts = urlsplit(cleaned or "")
    except ValueError:
        parts = urlsplit("")
    if cleaned is not None and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise UserError("invalid", f"An address like {example} is needed", field)
    return cleaned


def endpoint(value: object, field: str, example: str) -> str:
    """Return an http(s) address that we post to, without a name and a password in it."""
    cleaned = web_address(needed_line(value, field, 300), field, 300, example) or ""
    parts = urlsplit(cleaned)
    if parts.username or parts.password:
        raise UserError("invalid", f"An address like {example} is needed", field)
    return cleaned


@cache
def zones() -> frozenset[str]:
    """Return the names of all time zones; finding them reads the whole database of zones."""
    return frozenset(available_timezones())


def zone(value: object, field: str = "zone") -> str:
    """Return the name of a time zone."""
    if not isinstance(value, str) or value not in zones():
        raise UserError("invalid", "Choose a time zone like Europe/Vienna", field)
    return value


def moment(value: object, field: str, status: int = 422) -> dt.datetime:
    """Return an aware moment from its ISO 8601 text."""
    try:
        found = dt.datetime.fromisoformat(str(value))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise UserError("invalid", "An ISO 8601 moment with its offset is needed", field, status)
    return found


def weekdays(value: object, field: str) -> list[int]:
    """Return days of the week in their order, 0 is Monday."""
    if not isinstance(value, list) or any(isinstance(day, bool) or day not in range(7) for day in value):
        raise UserError("invalid", "Weekdays are 0 (Monday) to 6 (Sunday)", field)
    return sorted(set(value))


def money(value: object, field: str) -> Decimal:
    """Return an amount of two decimals, zero or more; empty is zero."""
    if isinstance(value, bool):
        raise UserError("invalid", "A number is needed", field)
    try:
        amount = Decimal(str(value)) if value not in (None, "") else Decimal(0)
    except InvalidOperation:
        raise UserError("invalid", "A number is needed", field) from None
    if not amount.is_finite():
        raise UserError("invalid", "A number is needed", field)
    if amount < 0:
        raise UserError("invalid", "Zero or more is needed", field)
    if amount > BUDGET_MAX:
        raise UserError("too_large", "This amount is too large", field)
    return amount.quantize(Decimal("0.01"))


def currency(value: object, field: str = "currency") -> str:
    """Return a currency's three letters in capitals."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{3}", value.strip()):
        raise UserError("invalid", "Three letters like EUR are needed", field)
    return value.strip().upper()


def flag(value: object, field: str) -> bool:
    """Return true or false, nothing else."""
    if not isinstance(value, bool):
        raise UserError("invalid", "true or false is needed", field)
    return value


def flush_unique(table: str, messages: Mapping[str, str]) -> None:
    """Flush; a value that exists already becomes a UserError. ``messages``: unique column → what to say.

    The check is left to the database: two people saving the same name at once both pass any earlier look.
    """
    try:
        db.session.flush()
    except IntegrityError as error:
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        for column, message in messages.items():
            # By our naming convention, and by PostgreSQL's own.
            if constraint in (f"uq_{table}_{column}", f"{table}_{column}_key"):
                raise UserError("taken", message, column) from None
        raise
