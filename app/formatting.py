"""How values are shown to people: dates in the viewer's zone, numbers, names, avatars.

Generated lists show every value through :func:`cell`, so that a view needs a formatter of its own only for what is
special about it. Register another type with ``@cell.register``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import singledispatch
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date
from babel.numbers import format_decimal
from flask import Flask, current_app, g, has_app_context
from flask_babel import get_locale, gettext, ngettext
from markupsafe import Markup, escape

from app import clock
from app.models.crm import Stage
from app.models.people import Group, Role, User, full_name
from app.services.people.names import name_of

COUNT_LIMIT = 10_000
AVATAR_COLOURS = 7
EMPTY = Markup('<span class="t-3" aria-hidden="true">–</span><span class="fd-sr">{}</span>')


def init_formatting(app: Flask) -> None:
    """Give the templates the filters of this file."""
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


def viewer_zone() -> ZoneInfo:
    """Return the time zone of the person who looks; the account's default for jobs and strangers."""
    user = g.get("user") if has_app_context() else None
    name = getattr(user, "zone", None) or current_app.config["BABEL_DEFAULT_TIMEZONE"]
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def when(moment: dt.datetime | dt.date | None) -> Markup:
    """A date as people say it ("10:26", "Yesterday", "Fri", "3 Nov"), the full time in its ``title``."""
    if moment is None:
        return _empty()
    words = day_words(moment) if not isinstance(moment, dt.datetime) else moment_words(_local(moment))
    return _time_element(moment, words)


def window(start: dt.datetime, span: str) -> Markup:
    """When a clock hour or a day began: "18 Nov 16:00" or "18 Nov"."""
    local = _local(start)
    day = day_words(local.date())
    return _time_element(start, f"{day} {local:%H:%M}" if span == "hour" else day)


def due(moment: dt.datetime | None, done: bool = False, all_day: bool = False, soon: bool = False) -> Markup:
    """A due date: red and with the word "Late" once it has passed and is not done. ``soon`` colours today's too."""
    if moment is None:
        return _empty()
    local = _local(moment)
    day = local.date() if all_day else None
    words = day_words(day) if day else moment_words(local)
    if done or moment >= clock.now():
        today = soon and not done and local.date() == clock.now().astimezone(local.tzinfo).date()
        return _time_element(day or moment, words, "t-warn" if today else "")
    return _time_element(day or moment, gettext("Late · %(moment)s", moment=words), "t-bad")


def moment_words(local: dt.datetime) -> str:
    """Words for an aware local time: the clock for today, the day for the past, day and clock for the future."""
    today = clock.now().astimezone(local.tzinfo).date()
    if local.date() == today:
        return f"{local:%H:%M}"
    day = day_words(local.date(), today)
    return f"{day} {local:%H:%M}" if today < local.date() <= today + dt.timedelta(days=6) else day


def day_words(day: dt.date, today: dt.date | None = None) -> str:
    """Words for a day: "Today", "Yesterday", "Tomorrow", "Fri" within six days, else "3 Nov" or "3 Nov 2024"."""
    today = today or clock.now().astimezone(viewer_zone()).date()
    distance = (day - today).days
    near = {0: gettext("Today"), -1: gettext("Yesterday"), 1: gettext("Tomorrow")}
    if distance in near:
        return near[distance]
    pattern = "EEE" if abs(distance) < 7 else "d MMM" if day.year == today.year else "d MMM yyyy"
    return format_date(day, pattern, locale=_locale())


def lasting(since: dt.datetime) -> str:
    """Return how long something goes on: "under 1 min", "7 min", "3 h", "2 days". The center says the same."""
    minutes = int((clock.now() - since).total_seconds() // 60)
    if minutes < 1:
        return gettext("under 1 min")
    if minutes < 60:
        return gettext("%(count)s min", count=minutes)
    if minutes < 48 * 60:
        return gettext("%(count)s h", count=minutes // 60)
    return ngettext("%(num)s day", "%(num)s days", minutes // (24 * 60))


def full_time(moment: dt.datetime | dt.date) -> str:
    """Return "Friday, 20 November 2026, 10:26 (Europe/Vienna)", the zone being the viewer's."""
    if not isinstance(moment, dt.datetime):
        return format_date(moment, "EEEE, d MMMM yyyy", locale=_locale())
    local = _local(moment)
    return f"{format_date(local, 'EEEE, d MMMM yyyy', locale=_locale())}, {local:%H:%M} ({local.tzinfo})"


def clock_time(moment: dt.datetime) -> str:
    """Return "10:26" in the viewer's zone."""
    return f"{_local(moment):%H:%M}"


def number(value: int | float | Decimal) -> str:
    """Return the number with the locale's grouping, without empty decimals: 12,000 and 12.5; sums of money 12.50."""
    pence = isinstance(value, Decimal) and value % 1
    return format_decimal(value, format="#,##0.00" if pence else "#,##0.##", locale=_locale())


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
    return escape(text) if text.strip() else _empty()


@cell.register
def _(value: None) -> Markup:
    return _empty()


@cell.register
def _(value: Markup) -> Markup:
    return value if value.strip() else _empty()


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
        return _empty()
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


def due_of_row(moment: dt.datetime | None, row: Mapping[str, Any]) -> Markup:
    """Column formatter for a task's due date: whether it is late depends on the row's other columns."""
    return due(moment, done=row.get("completed_at") is not None, all_day=bool(row.get("all_day")))


due_of_row.of_row = True  # type: ignore[attr-defined]


def as_row(columns: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    """Return a record page's parallel lists as one row."""
    return dict(zip(columns, values, strict=True))


def shown(row: Mapping[str, Any], column: str, formatter: Callable[..., Any] | None = None) -> Markup:
    """Show a column of a row: by the view's formatter, which gets the row too when it is marked ``of_row``."""
    value = row[column]
    if formatter is not None:
        value = formatter(value, row) if getattr(formatter, "of_row", False) else formatter(value)
    return cell(value)


def _time_element(moment: dt.datetime | dt.date, words: str, css: str = "") -> Markup:
    iso = moment.isoformat() if not isinstance(moment, dt.datetime) else _aware(moment).isoformat(timespec="seconds")
    return Markup('<time class="t-num {}" datetime="{}" title="{}">{}</time>').format(
        css, iso, full_time(moment), words
    )


def _aware(moment: dt.datetime) -> dt.datetime:
    # FAB's own columns (last_login, created_on) are naive; every process runs with TZ=UTC.
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _local(moment: dt.datetime) -> dt.datetime:
    return _aware(moment).astimezone(viewer_zone())


def _locale() -> str:
    return str(get_locale() or "en")


def _empty() -> Markup:
    return EMPTY.format(gettext("None"))
