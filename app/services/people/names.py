"""How a person's name is made from its parts, in SQL: as ``models/people.full_name`` does. And who is a free user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext

from app.models.people import User, full_name
from app.services.people.held_roles import TEAM

# For a table that is called u in the statement.
NAME_SQL = "coalesce(nullif(trim(concat(u.first_name, ' ', u.last_name)), ''), u.username)"
# Whether the person u is a free user: a badge goes with the name. False where there is nobody.
FREE_SQL = f"(u.id IS NOT NULL AND NOT {TEAM})"


def with_badge(name: str, free: object) -> str:
    """Return a name as sentences, mails and pushes say it: of a free user they say so."""
    return gettext("%(name)s (free user)", name=name) if free and name else name


def name_of(user: User) -> str:
    """Return a person's name as sentences say it."""
    return with_badge(full_name(user), user.limited)


def named(person: Mapping[str, Any] | None) -> str:
    """Return the name in an event's snapshot of a person, with the badge; empty for nobody."""
    return with_badge(str(person.get("name") or ""), person.get("free")) if person else ""
