"""What a column of an imported file can be, for each kind of record, and which one its heading suggests."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext

from app.errors import UserError
from app.models.base import sort_key_of

KINDS = ("leads", "contacts")
FIELD = "column"
# One of these says whom or what a row is about.
_NAMING = ("name", "contact", "first_name", "last_name", "email", "phone", "company")


@dataclass(frozen=True, slots=True)
class ImportField:
    """``words`` are folded headings that mean it; the first fit wins, in this order."""

    key: str
    label: str
    words: tuple[str, ...]


_PERSON = (
    ImportField("first_name", lazy_gettext("First name"), ("first name", "given name", "vorname", "имя")),
    ImportField("last_name", lazy_gettext("Last name"), ("last name", "surname", "family name", "nachname", "фамилия")),
    ImportField(
        "email",
        lazy_gettext("Email"),
        (
            "email",
            "e mail",
            "mail",
            "email address",
            "e mail address",
            "e mail 1 value",
            "work email",
            "work email contact",
            "почта",
            "эл почта",
        ),
    ),
    ImportField(
        "phone",
        lazy_gettext("Phone"),
        (
            "phone",
            "phone number",
            "telephone",
            "tel",
            "mobile",
            "cell",
            "phone 1 value",
            "work phone",
            "work phone contact",
            "telefon",
            "handy",
            "телефон",
        ),
    ),
    ImportField(
        "company",
        lazy_gettext("Company"),
        (
            "company",
            "company name",
            "organization",
            "organisation",
            "firm",
            "account",
            "firma",
            "компания",
            "организация",
        ),
    ),
)
_RECORD = (
    ImportField(
        "responsible",
        lazy_gettext("Responsible (email, user name or full name)"),
        (
            "responsible",
            "owner",
            "assigned to",
            "manager",
            "responsible user",
            "lead owner",
            "lead responsible",
            "verantwortlich",
            "ответственный",
        ),
    ),
    ImportField("tags", lazy_gettext("Tags"), ("tags", "tag", "labels", "теги")),
    ImportField("note", lazy_gettext("Note"), ("note", "notes", "comment", "comments", "notiz", "примечание")),
)

FIELDS: Mapping[str, tuple[ImportField, ...]] = {
    "contacts": (
        ImportField("name", lazy_gettext("Name"), ("name", "full name", "contact", "contact name", "client", "фио")),
        *_PERSON,
        *_RECORD,
    ),
    "leads": (
        ImportField(
            "name",
            lazy_gettext("Lead name"),
            (
                "lead",
                "lead name",
                "deal",
                "deal name",
                "lead title",
                "title",
                "subject",
                "opportunity",
                "name",
                "titel",
                "сделка",
                "название сделки",
            ),
        ),
        ImportField(
            "stage",
            lazy_gettext("Stage"),
            ("stage", "lead stage", "status", "step", "phase", "этап", "этап сделки", "статус"),
        ),
        ImportField(
            "budget",
            lazy_gettext("Budget"),
            ("budget", "sum", "amount", "value", "price", "deal value", "revenue", "sale", "бюджет", "сумма"),
        ),
        ImportField("currency", lazy_gettext("Currency"), ("currency", "waehrung", "wahrung", "валюта")),
        ImportField(
            "contact",
            lazy_gettext("Contact name"),
            (
                "contact",
                "contact name",
                "main contact",
                "client",
                "customer",
                "person",
                "full name",
                "kontakt",
                "контакт",
                "основной контакт",
                "клиент",
                "фио",
            ),
        ),
        *_PERSON,
        *_RECORD,
    ),
}


def guess(kind: str, headings: Sequence[str]) -> list[str]:
    """Return a field's key per heading, "" where none fits; no field twice."""
    folded = [_folded(heading) for heading in headings]
    chosen = [""] * len(headings)
    for field in FIELDS[kind]:
        for word in field.words:
            at = next((i for i, heading in enumerate(folded) if heading == word and not chosen[i]), None)
            if at is not None:
                chosen[at] = field.key
                break
    return chosen


def guess_without_headings(kind: str, sample: Sequence[Sequence[str]]) -> list[str]:
    """Return what the values say where there are no headings: addresses and phone numbers."""
    columns = list(zip(*sample, strict=False))
    chosen = [""] * len(columns)
    for key, pattern in (("email", r"[^@\s]+@[^@\s]+"), ("phone", r"\+?[\d ()/.-]{6,20}")):
        for at, cells in enumerate(columns):
            given = [cell for cell in cells if cell.strip()]
            if not chosen[at] and given and all(re.fullmatch(pattern, cell.strip()) for cell in given):
                chosen[at] = key
                break
    return chosen


def checked(kind: str, mapping: Sequence[object], columns: int) -> list[str]:
    """Return the mapping when each column is a field of the kind or none. Raises UserError on ``column-N``."""
    keys = {field.key: field for field in FIELDS[kind]}
    if len(mapping) != columns:
        raise UserError("invalid", f"This file has {columns} columns", f"{FIELD}-0")
    seen: set[str] = set()
    for number, key in enumerate(mapping):
        if key in ("", None):
            continue
        if not isinstance(key, str) or key not in keys:
            raise UserError("unknown_field", "There is no such field", f"{FIELD}-{number}")
        if key in seen:
            raise UserError("taken", f"Another column is {keys[key].label} already", f"{FIELD}-{number}")
        seen.add(key)
    if not seen & set(_NAMING):
        raise UserError("required", "Say at least which column is the name, the email or the phone", f"{FIELD}-0")
    return [str(key or "") for key in mapping]


def guess_decimal(kind: str, mapping: Sequence[str], sample: Sequence[Sequence[str]]) -> str:
    """Return the sign before the cents, "." or ",", as the sums of the sample are written."""
    if "budget" in mapping:
        at = list(mapping).index("budget")
        for row in sample:
            digits = re.sub(r"[^\d.,]", "", row[at])
            if "." in digits and "," in digits:
                return "." if digits.rindex(".") > digits.rindex(",") else ","
            if re.search(r",(\d{1,2}|\d{4,})$", digits) or digits.count(".") > 1:
                return ","
    return "."


def _folded(heading: str) -> str:
    return " ".join("".join(char if char.isalnum() else " " for char in sort_key_of(heading)).split())
