"""The words of a report: its title, its days, and how a number has changed. In the language of whoever asks.

Patterns of dates are texts like others: each language has its own order of day and month.
"""

from __future__ import annotations

import datetime as dt

from babel.lists import format_list
from flask_babel import format_date, format_decimal, gettext, lazy_gettext

from app.moments import viewer_locale
from app.services.reports import report_scope
from app.services.reports.activity_report import Measured
from app.services.reports.figure_kinds import Figure, Unit
from app.services.reports.figure_words import shown
from app.services.reports.report_period import Period
from app.services.reports.report_scope import Scope
from app.services.reports.report_times import Sending

NAMED_MAX = 5
_WEEKDAYS = (
    lazy_gettext("Mondays"),
    lazy_gettext("Tuesdays"),
    lazy_gettext("Wednesdays"),
    lazy_gettext("Thursdays"),
    lazy_gettext("Fridays"),
    lazy_gettext("Saturdays"),
    lazy_gettext("Sundays"),
)


def own_name() -> str:
    """Return how the report about oneself is called."""
    return gettext("My numbers")


def about(scope: Scope) -> str:
    """Return "The whole account", "Sales Office and Workshop", or the first names "and 3 more"."""
    if scope.kind == "account":
        return gettext("The whole account")
    names = report_scope.names(scope)
    if len(names) > NAMED_MAX:
        names = [*names[: NAMED_MAX - 1], gettext("%(count)s more", count=len(names) - NAMED_MAX + 1)]
    return _listed(names)


def long_day(day: dt.date) -> str:
    """Return "Monday 16 November"."""
    return format_date(day, gettext("EEEE d MMMM"))


def date(day: dt.date) -> str:
    """Return "16 November 2026"."""
    return format_date(day, gettext("d MMMM yyyy"))


def title(name: str, period: Period) -> str:
    """Return "Sales Office, week of 16 November"."""
    if period.kind == "day":
        return gettext("%(name)s, %(day)s", name=name, day=long_day(period.starts_on))
    if period.kind == "week":
        return gettext("%(name)s, week of %(day)s", name=name, day=_short_day(period.starts_on))
    return gettext("%(name)s, %(month)s", name=name, month=format_date(period.starts_on, "MMMM yyyy"))


def span(period: Period) -> str:
    """Return "Week of 16 November", "November 2026" or "Thursday 26 November"."""
    if period.kind == "week":
        return gettext("Week of %(day)s", day=_short_day(period.starts_on))
    return long_day(period.starts_on) if period.kind == "day" else format_date(period.starts_on, "MMMM yyyy")


def days(period: Period) -> str:
    """Return "Monday 16 to Sunday 22 November, against the week before"."""
    if period.kind == "day":
        return gettext("%(day)s, against the day before", day=_full_day(period.starts_on))
    first, last = period.starts_on, period.last_day
    same_month = (first.month, first.year) == (last.month, last.year)
    span = {
        "first": format_date(first, gettext("EEEE d")) if same_month else long_day(first),
        "last": _full_day(last),
    }
    if period.kind == "week":
        return gettext("%(first)s to %(last)s, against the week before", **span)
    return gettext("%(first)s to %(last)s, against the month before", **span)


def legend(period: Period) -> tuple[str, str]:
    """Return what the two colours of a chart stand for: now, before. The second is empty where there is one only."""
    if period.kind == "week":
        return gettext("This week"), gettext("Week before")
    if period.kind == "month":
        return format_date(period.starts_on, "MMMM"), format_date(period.before().starts_on, "MMMM")
    return gettext("The last two weeks"), ""


def day_label(day: dt.date, period: Period) -> str:
    """Return a day as it stands below a chart."""
    return format_date(day, {"week": "EEE", "month": "d"}.get(period.kind) or gettext("EEE d"))


def change(figure: Figure, measured: Measured) -> str:
    """Return how a number has changed: "6 more", "1 min faster". Empty where nobody can say."""
    if measured.value is None or measured.before is None:
        return ""
    delta = round(measured.value - measured.before, 1)
    if delta == 0:
        return gettext("as before")
    size = shown(figure, abs(delta))
    if figure.unit is Unit.SECONDS:
        return gettext("%(size)s slower", size=size) if delta > 0 else gettext("%(size)s faster", size=size)
    if figure.unit is Unit.PERCENT:
        size = gettext("%(count)s points", count=format_decimal(abs(delta), "#,##0.#"))
    if figure.unit in (Unit.SCORE, Unit.PERCENT):
        return gettext("%(size)s higher", size=size) if delta > 0 else gettext("%(size)s lower", size=size)
    if figure.unit is Unit.MONEY:
        return gettext("%(size)s more", size=size) if delta > 0 else gettext("%(size)s less", size=size)
    return gettext("%(size)s more", size=size) if delta > 0 else gettext("%(size)s fewer", size=size)


def schedule(sending: Sending) -> str:
    """Return "on Mondays at 08:00 (Europe/Vienna)"."""
    times = _listed([f"{time:%H:%M}" for time in sending.times])
    if sending.monthly:
        when = gettext("on day %(day)s of each month", day=sending.monthday)
        if sending.monthday > 28:
            when = gettext("on day %(day)s of each month, or its last", day=sending.monthday)
    elif len(sending.weekdays) == 7:
        when = gettext("every day")
    elif sending.weekdays == frozenset(range(5)):
        when = gettext("on working days")
    else:
        when = gettext("on %(days)s", days=_listed([str(_WEEKDAYS[day]) for day in sorted(sending.weekdays)]))
    return gettext("%(when)s at %(times)s (%(zone)s)", when=when, times=times, zone=sending.zone)


def moment(local: dt.datetime) -> str:
    """Return "Monday 30 November, 08:00" for a local time."""
    return f"{long_day(local.date())}, {local:%H:%M}"


def _short_day(day: dt.date) -> str:
    return format_date(day, gettext("d MMMM"))


def _full_day(day: dt.date) -> str:
    return format_date(day, gettext("EEEE d MMMM yyyy"))


def _listed(words: list[str]) -> str:
    """Return "a, b and c"."""
    return format_list(words, locale=viewer_locale())
