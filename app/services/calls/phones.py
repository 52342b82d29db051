"""Telephone numbers: how they read, and by which digits a contact is found."""

from __future__ import annotations

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

# What contacts keep of a number, and what an index finds.
TAIL = 10
# Fewer digits than a number has would find strangers.
FEWEST = 7


def tails(number: str, region: str | None = None) -> list[str]:
    """Return the last ten digits by which a contact's number may end: as dialled, international and national.

    ``region`` is the country whose national numbers are meant, like AT.
    """
    written = _digits(number)
    found = [written[-TAIL:]] if len(written) >= FEWEST else []
    parsed = _parsed(number, region)
    if parsed is not None:
        for form in (PhoneNumberFormat.E164, PhoneNumberFormat.NATIONAL):
            found.append(_digits(phonenumbers.format_number(parsed, form))[-TAIL:])
    return list(dict.fromkeys(one for one in found if len(one) >= FEWEST))


def shown(number: str, region: str | None = None) -> str:
    """Return a number as people read it, "+43 660 1234567"; what is none stays as it is."""
    parsed = _parsed(number, region)
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        return number
    return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)


def regions() -> frozenset[str]:
    """Return the countries whose national numbers are known."""
    return frozenset(phonenumbers.SUPPORTED_REGIONS)


def caller_key(number: str, region: str | None = None) -> str:
    """Return what all calls of one number have in common; empty for a hidden number."""
    found = tails(number, region)
    return found[-1] if found else _digits(number)


def _parsed(number: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number, region)
    except NumberParseException:
        return None


def _digits(written: str) -> str:
    return "".join(char for char in written if char.isascii() and char.isdigit())
