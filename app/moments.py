"""Moments as people read them, in the zone and the language of whoever looks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask import current_app, g, has_app_context
from flask_babel import get_locale, gettext, ngettext
from markupsafe import Markup

from app import clock

NOTHING = Markup('<span class="t-3" aria-hidden="true">–</span><span class="fd-sr">{}</span>')


def viewer_zone() -> ZoneInfo:
    """Return the time zone of the person who looks; the account's default for jobs and strangers."""
    user = g.get("user") if has_app_context() else None
    return clock.zone_of(getattr(user, "zone", None) or current_app.config["BABEL_DEFAULT_TIMEZONE"])


def viewer_locale() -> str:
    """Return the language of the person who looks, or of the mail or report that is being made."""
    return str(get_locale() or "en")


def when(moment: dt.datetime | dt.date | None) -> Markup:
    """A date as people say it ("10:26", "Yesterday", "Fri", "3 Nov"), the full time in its ``title``."""
    if moment is None:
        return nothing()
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
        return nothing()
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
    return format_date(day, pattern, locale=viewer_locale())


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
        return format_date(moment, "EEEE, d MMMM yyyy", locale=viewer_locale())
    local = _local(moment)
    return f"{format_date(local, 'EEEE, d MMMM yyyy', locale=viewer_locale())}, {local:%H:%M} ({local.tzinfo})"


def clock_time(moment: dt.datetime) -> str:
    """Return "10:26" in the viewer's zone."""
    return f"{_local(moment):%H:%M}"


def due_of_row(moment: dt.datetime | None, row: Mapping[str, Any]) -> Markup:
    """Column formatter for a task's due date: whether it is late depends on the row's other columns."""
    return due(moment, done=row.get("completed_at") is not None, all_day=bool(row.get("all_day")))


due_of_row.of_row = True  # type: ignore[attr-defined]


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


def nothing() -> Markup:
    """Return what stands where there is no value."""
    return NOTHING.format(gettext("None"))
