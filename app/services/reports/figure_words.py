"""Values of the activity report as people read them, in the language of whoever asks."""

from __future__ import annotations

from babel.numbers import format_currency, format_decimal
from flask_babel import gettext

from app.moments import viewer_locale
from app.services.reports.figure_kinds import Figure, Unit


def shown(figure: Figure, value: float | None) -> str:
    """Return a value as people read it: "1,204", "€12,300", "14 min", "8.4", "62 %"; "–" where there is none."""
    if value is None:
        return "–"
    if figure.unit is Unit.MONEY:
        return money(value, figure.currency)
    if figure.unit is Unit.SECONDS:
        return duration(value)
    if figure.unit is Unit.PERCENT:
        return gettext("%(number)s %%", number=format_decimal(value, "#,##0.#", locale=viewer_locale()))
    return format_decimal(value, "#,##0.#", locale=viewer_locale())


def money(value: float, currency: str) -> str:
    """Return "€12,300", without cents."""
    return format_currency(value, currency, gettext("¤#,##0"), locale=viewer_locale(), currency_digits=False)


def duration(seconds: float) -> str:
    """Return "45 s", "14 min", "2 h 5 min" or "3 d 4 h"."""
    whole = round(seconds)
    if whole < 60:
        return gettext("%(seconds)s s", seconds=whole)
    minutes = round(seconds / 60)
    if minutes < 60:
        return gettext("%(minutes)s min", minutes=minutes)
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return gettext("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes) if minutes else _hours(hours)
    days, hours = divmod(hours, 24)
    return gettext("%(days)s d %(hours)s h", days=days, hours=hours) if hours else gettext("%(days)s d", days=days)


def _hours(hours: int) -> str:
    return gettext("%(hours)s h", hours=hours)
