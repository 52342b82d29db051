"""How values are shown to people: numbers, names, avatars; moments are in ``moments.py``.

Generated lists show every value through :func:`cell`, so that a view needs a formatter of its own only for what is
special about it. Register another type with ``@cell.register``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import singledispatch
from typing import Any

from babel.numbers import format_decimal
from flask import Flask
from flask_babel import gettext
from markupsafe import Markup, escape

from app.models.crm import Stage
from app.models.people import Group, Role, User, full_name
from app.moments import clock_time, due, full_time, lasting, nothing, viewer_locale, when, window
from app.services.people.names import name_of

COUNT_LIMIT = 10_000
AVATAR_COLOURS = 7


def init_formatting(app: Flask) -> None:
    """Give the templates these filters, and those of moments."""
    app.jinja_env.filters.update(
        avatar=avatar,
        avatar_colour=avatar_colour,
        cell=cell,
        clock_time=clock_time,
        count_label=count_label,
        due=due,
        free_badge=free_badge,
        full_name=full_name,
        full_time=full_time,
        initials=initials,
        named=named,
        lasting=lasting,
        number=number,
        as_row=as_row,
        shown=shown,
        when=when,
        window=window,
    )


def number(value: int | float | Decimal) -> str:
    """Return the number with the locale's grouping, without empty decimals: 12,000 and 12.5; sums of money 12.50."""
    pence = isinstance(value, Decimal) and value % 1
    return format_decimal(value, format="#,##0.00" if pence else "#,##0.##", locale=viewer_locale())


def count_label(count: int) -> str:
    """Return a list's size; lists stop counting just above 10,000, so it is then "10,000+"."""
    return f"{number(COUNT_LIMIT)}+" if count > COUNT_LIMIT else number(count)


def initials(name: str) -> str:
    """Return the first letters of the first and the last word: "Rowan Sprocket" is RS."""
    words = [word for word in name.replace("@", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def avatar_colour(person_id: int | None) -> int:
    """Return 1 to 7 for ``data-c`` of an avatar. The center's scripts count in the same way."""
    return (person_id or 0) % AVATAR_COLOURS + 1


def avatar(user: User, size: int = 20) -> Markup:
    """A person's picture or initials in a circle. Decoration: the name has to stand beside it."""
    picture = getattr(user, "picture", None)
    inside = Markup('<img class="fd-av-pic" src="{}" alt="" loading="lazy">').format(picture) if picture else None
    return Markup('<span class="fd-av fd-av--{}" data-c="{}" aria-hidden="true">{}</span>').format(
        size, avatar_colour(user.id), inside or initials(full_name(user))
    )


def free_badge(free: object = True) -> Markup:
    """Return the mark of a free user, empty for others. The center draws the same (chat/badge.js)."""
    if not free:
        return Markup("")
    return Markup('<span class="fd-chip fd-chip--row fd-free">{}</span>').format(gettext("Free user"))


def named(user: User) -> Markup:
    """Return a person's name as text, with the mark of a free user behind it."""
    return Markup("{} {}").format(full_name(user), free_badge()) if user.limited else escape(full_name(user))


@singledispatch
def cell(value: Any) -> Markup:
    """Show a value of a generated list or record page. Unknown types are shown as text."""
    text = str(value)
    return escape(text) if text.strip() else nothing()


@cell.register
def _(value: None) -> Markup:
    return nothing()


@cell.register
def _(value: Markup) -> Markup:
    return value if value.strip() else nothing()


@cell.register
def _(value: bool) -> Markup:
    if not value:
        return Markup('<span class="t-3">{}</span>').format(gettext("No"))
    return Markup(
        '<span class="fd-row"><svg class="i i-16" aria-hidden="true"><use href="#i-check"/></svg>{}</span>'
    ).format(gettext("Yes"))


@cell.register(int)
@cell.register(float)
@cell.register(Decimal)
def _(value: int | float | Decimal) -> Markup:
    return Markup('<span class="t-num">{}</span>').format(number(value))


@cell.register(dt.datetime)
@cell.register(dt.date)
def _(value: dt.datetime | dt.date) -> Markup:
    return when(value)


@cell.register(list)
@cell.register(tuple)
@cell.register(set)
def _(value: list[Any]) -> Markup:
    if not value:
        return nothing()
    words = [name_of(item) if isinstance(item, User) else item for item in value]
    chips = Markup("").join(Markup('<span class="fd-chip">{}</span>').format(item) for item in words)
    return Markup('<span class="fd-row fd-wrap fd-chips">{}</span>').format(chips)


@cell.register
def _(value: User) -> Markup:
    return Markup('<span class="fd-row">{}<span class="t-cut">{}</span>{}</span>').format(
        avatar(value), full_name(value), free_badge(value.limited)
    )


@cell.register
def _(value: Group) -> Markup:
    return escape(value.label or value.name)


@cell.register
def _(value: Role) -> Markup:
    return Markup('<span class="fd-chip">{}</span>').format(value.name)


@cell.register
def _(value: Stage) -> Markup:
    return dot(value.colour, value.name)


def dot(colour: str, words: str) -> Markup:
    """Words behind the coloured dot of a stage or a task type."""
    return Markup('<span class="fd-stage" data-c="{}">{}</span>').format(colour, words)


def as_row(columns: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    """Return a record page's parallel lists as one row."""
    return dict(zip(columns, values, strict=True))


def shown(row: Mapping[str, Any], column: str, formatter: Callable[..., Any] | None = None) -> Markup:
    """Show a column of a row: by the view's formatter, which gets the row too when it is marked ``of_row``."""
    value = row[column]
    if formatter is not None:
        value = formatter(value, row) if getattr(formatter, "of_row", False) else formatter(value)
    return cell(value)
