"""One row of an imported file, cleaned: its values, or what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, or_, select
from sqlalchemy.orm import selectinload

from app import access
from app.errors import UserError
from app.extensions import db
from app.models.base import sort_key_of
from app.models.people import Group, User, full_name
from app.services import fields
from app.services.records import tags

NOTE_MAX = 4000
_SPLIT_TAGS = re.compile(r"[,;|]")
_NOT_AMOUNT = re.compile(r"[^\d.,+-]")


@dataclass(frozen=True, slots=True)
class Row:
    """What one line says. None where it says nothing."""

    line: int
    name: str
    client: str | None = None
    email: str | None = None
    phone: str | None = None
    company: str | None = None
    responsible_id: int | None = None
    tags: tuple[str, ...] = ()
    note: str | None = None
    stage_id: int | None = None
    budget: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a line is not imported; ``words`` name the columns."""

    line: int
    cells: tuple[str, ...]
    words: str


class Colleagues:
    """Who is meant by an address, a user name or a full name. Everybody is looked up once."""

    def __init__(self) -> None:
        self._known: dict[str, int | str] = {}

    def learn(self, words: Iterable[str]) -> None:
        """Look up what is not known yet, in one statement."""
        new = {word.strip().casefold(): word for word in words if word.strip()}
        new = {key: word for key, word in new.items() if key not in self._known}
        if not new:
            return
        by_name = {sort_key_of(word): key for key, word in new.items()}
        found: dict[str, list[User]] = {key: [] for key in new}
        statement = select(User).where(
            or_(func.lower(User.email).in_(new), func.lower(User.username).in_(new), User.sort_key.in_(by_name))
        )
        roles = (selectinload(User.roles), selectinload(User.groups).selectinload(Group.roles))
        for user in db.session.scalars(statement.options(*roles)):
            for key in {user.email.casefold(), user.username.casefold(), by_name.get(sort_key_of(full_name(user)), "")}:
                if key in found:
                    found[key].append(user)
        for key, users in found.items():
            self._known[key] = _the_one(users)

    def id_of(self, word: str) -> int:
        """Return the id. Raises UserError on ``responsible``."""
        known = self._known[word.strip().casefold()]
        if isinstance(known, str):
            raise UserError("invalid", known, "responsible")
        return known


def _the_one(users: Sequence[User]) -> int | str:
    if not users:
        return "There is no such colleague"
    if len(users) > 1:
        return "Several colleagues are called so; give the email address"
    if not users[0].active:
        return "This colleague is deactivated"
    if access.is_free(users[0]):
        return "A free user cannot be responsible"
    return int(users[0].id)


@dataclass(slots=True)
class Cleaner:
    """Reads rows by a mapping of columns. ``stages`` are the pipeline's by folded name."""

    mapping: Sequence[str]
    columns: int
    labels: Mapping[str, str]
    stages: Mapping[str, int]
    decimal: str
    colleagues: Colleagues

    def clean(self, batch: Sequence[tuple[int, list[str]]]) -> tuple[list[Row], list[Problem]]:
        """Return the batch's good rows and what is wrong with the others."""
        if "responsible" in self.mapping:
            at = self.mapping.index("responsible")
            self.colleagues.learn(cells[at] for _, cells in batch if len(cells) > at)
        rows, problems = [], []
        for line, cells in batch:
            cleaned = self._row(line, cells)
            if isinstance(cleaned, Problem):
                problems.append(cleaned)
            else:
                rows.append(cleaned)
        return rows, problems

    def _row(self, line: int, cells: list[str]) -> Row | Problem:
        if len(cells) > self.columns and any(cell.strip() for cell in cells[self.columns :]):
            return Problem(line, tuple(cells), f"This row has {len(cells)} cells, the headings are {self.columns}")
        given = {key: cell for key, cell in zip(self.mapping, cells, strict=False) if key and cell.strip()}
        wrong: list[str] = []

        def take(key: str, clean: object) -> object:
            if key not in given:
                return None
            try:
                return clean(given[key])  # type: ignore[operator]
            except UserError as error:
                wrong.append(f"{self.labels[key]}: {error.message}")
                return None

        def line_of(key: str, longest: int) -> str | None:
            return take(key, lambda value: fields.line(value, key, longest))  # type: ignore[return-value]

        person = " ".join(filter(None, (line_of("first_name", 80), line_of("last_name", 80)))) or None
        name, contact, company = line_of("name", 160), line_of("contact", 160), line_of("company", 160)
        email, phone = take("email", fields.email), take("phone", fields.phone)
        client = (contact or person) if "contact" in self.labels else (name or person)
        values = {
            "email": email,
            "phone": phone,
            "company": company,
            "responsible_id": take("responsible", self.colleagues.id_of),
            "tags": take("tags", _tags) or (),
            "note": take("note", _note),
            "stage_id": take("stage", self._stage),
            "budget": take("budget", self._amount),
            "currency": take("currency", fields.currency),
        }
        called = name or client or person or company or email or phone
        if called is None and not wrong:
            wrong.append("Name: this field is needed")
        if wrong:
            return Problem(line, tuple(cells), "; ".join(wrong))
        if client is None and (email or phone):
            client = str(email or phone)
        return Row(line, str(called), client, **values)  # type: ignore[arg-type]

    def _stage(self, value: str) -> int:
        found = self.stages.get(sort_key_of(value))
        if found is None:
            raise UserError("invalid", "There is no such stage in this pipeline", "stage")
        return found

    def _amount(self, value: str) -> Decimal:
        """Read "1.234,50 €" or "1,234.50" as the file's decimal sign says."""
        digits = _NOT_AMOUNT.sub("", value)
        thousands = "," if self.decimal == "." else "."
        whole, sign, cents = digits.partition(self.decimal)
        groups = whole.split(thousands)
        if thousands in cents or (len(groups) > 1 and any(len(group) != 3 for group in groups[1:])):
            raise UserError("invalid", "A number is needed", "budget")
        if any(char.isalpha() for char in value) and not digits:
            raise UserError("invalid", "A number is needed", "budget")
        return fields.money("".join(groups) + ("." if sign else "") + cents, "budget")


def _tags(value: str) -> tuple[str, ...]:
    found = [fields.line(part, "tags", tags.LENGTH_MAX) for part in _SPLIT_TAGS.split(value)]
    distinct = {sort_key_of(name): name for name in found if name}
    if len(distinct) > tags.PER_RECORD_MAX:
        raise UserError("too_many", f"At most {tags.PER_RECORD_MAX} tags on one record", "tags")
    return tuple(distinct.values())


def _note(value: str) -> str:
    if len(value) > NOTE_MAX:
        raise UserError("too_long", f"At most {NOTE_MAX:,} characters", "note")
    return value.strip()
