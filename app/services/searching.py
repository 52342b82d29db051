"""Conditions for what people type into a search: folded like the names, and answered by trigram indexes.

Parts of words are found from three letters on. One or two are looked for at the beginning of words only: the index
knows no shorter part, and half of all names would hold them.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import ColumnElement, or_, true

from app.models.base import sort_key_of
from app.models.crm import Company, Contact, Lead

PART_MIN = 3
TAIL = 10
_LIKE_A_NUMBER = re.compile(r"[\d\s()+./-]*\d[\d\s()+./-]*")


def name_has(sort_key: Any, typed: str) -> ColumnElement[bool]:
    """Whether a name has the typed text in it, without regard to case and accents; true for nothing typed."""
    key = escaped(sort_key_of(typed))
    if not key:
        return true()
    if len(key) < PART_MIN:
        return or_(sort_key.like(f"{key}%", escape="\\"), sort_key.like(f"% {key}%", escape="\\"))
    return sort_key.like(f"%{key}%", escape="\\")  # type: ignore[no-any-return]


def phone_has(phone_tail: Any, typed: str) -> ColumnElement[bool] | None:
    """Whether a number has these digits, however both are written; None for what is no part of a number."""
    digits = re.sub(r"\D", "", typed).lstrip("0")[-TAIL:]
    if len(digits) < PART_MIN or not _LIKE_A_NUMBER.fullmatch(typed.strip()):
        return None
    return phone_tail.like(f"%{digits}%")  # type: ignore[no-any-return]


def lead_has(typed: str) -> ColumnElement[bool]:
    """Whether a lead's name has the typed text in it."""
    return name_has(Lead.sort_key, typed)


def company_has(typed: str) -> ColumnElement[bool]:
    """Whether a company's name has the typed text in it."""
    return name_has(Company.sort_key, typed)


def contact_has(typed: str) -> ColumnElement[bool]:
    """Whether a contact's name, address or number has the typed text in it."""
    found = [name_has(Contact.sort_key, typed)]
    cleaned = escaped(typed.strip())
    if len(cleaned) >= PART_MIN:
        found.append(Contact.email.ilike(f"%{cleaned}%", escape="\\"))
    number = phone_has(Contact.phone_tail, typed)
    return or_(*found) if number is None else or_(*found, number)


def escaped(text: str) -> str:
    """Return text in which % and _ mean themselves, for LIKE … ESCAPE '\\'."""
    return text.replace("\x00", "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
