"""What a form says of a scheduled report, checked: the columns of a report, or an error that names the field."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from flask_babel import format_date, gettext

from app import clock
from app.errors import UserError
from app.models.people import User
from app.services import fields
from app.services.reports import report_languages, report_times
from app.services.reports.figures import checked_sections
from app.services.reports.report_scope import Scope, scope_for
from app.services.reports.report_times import Sending
from app.services.settings.digest_times import time_of

PERIODS = ("day", "week", "month")
SCOPES = ("account", "groups", "user")
TIMES_MAX = 6


def sending(period: str, times: Collection[str], weekdays: Collection[int], monthday: int, zone: str) -> Sending:
    """Read a set-up's times."""
    return Sending(
        period == "month", tuple(dt.time.fromisoformat(time) for time in times), frozenset(weekdays), monthday, zone
    )


def check(owner: User, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cleaned columns of a whole set-up. Raises UserError naming the field; writes nothing."""
    period = _one_of(changes.get("period"), PERIODS, "period")
    zone = fields.zone(changes.get("zone"))
    times = _times(changes.get("times"))
    weekdays = _weekdays(changes.get("weekdays")) if period != "month" else []
    monthday = _monthday(changes.get("monthday")) if period == "month" else 1
    _no_gap(sending(period, times, weekdays, monthday, zone))
    scope = wanted_scope(owner, changes)
    language = changes.get("language") or report_languages.DEFAULT
    return {
        "name": fields.needed_line(changes.get("name"), "name", 80),
        "sections": list(checked_sections(changes.get("sections") or ())),
        "scope": scope.kind,
        "scope_ids": list(scope.ids),
        "period": period,
        "times": times,
        "weekdays": weekdays,
        "monthday": monthday,
        "zone": zone,
        "attach_pdf": bool(changes.get("attach_pdf")),
        "attach_csv": bool(changes.get("attach_csv")),
        "language": _one_of(language, report_languages.languages(), "language"),
    }


def wanted_scope(owner: User, changes: Mapping[str, Any]) -> Scope:
    """Return whose numbers are told. Raises UserError on ``scope``, ``group_ids`` or ``user_ids``."""
    kind = _one_of(changes.get("scope"), SCOPES, "scope")
    if kind == "groups":
        wanted = Scope("groups", tuple(changes.get("group_ids") or ()))
    elif kind == "user":
        wanted = Scope("user", tuple(changes.get("user_ids") or ()))
    else:
        wanted = Scope("account")
    try:
        return scope_for(owner, wanted)
    except UserError as error:
        field = {"groups": "group_ids", "users": "user_ids"}.get(error.field or "", error.field)
        raise UserError(error.code, error.message, field) from None


def _one_of(value: object, allowed: Collection[str], field: str) -> str:
    if value not in allowed:
        raise UserError("invalid", gettext("Choose one of these"), field)
    return str(value)


def _times(value: object) -> list[str]:
    given = [time for time in value if time] if isinstance(value, list) else []
    try:
        times = sorted({f"{time_of(time):%H:%M}" for time in given})
    except ValueError:
        raise UserError("invalid", gettext("A time like 08:00 is needed"), "times") from None
    if not times:
        raise UserError("required", gettext("Choose a time"), "times")
    if len(times) > TIMES_MAX:
        raise UserError("too_many", gettext("At most %(count)s times", count=TIMES_MAX), "times")
    return times


def _weekdays(value: object) -> list[int]:
    if not value:
        raise UserError("required", gettext("Choose a weekday"), "weekdays")
    return fields.weekdays(value, "weekdays")


def _monthday(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 31:
        raise UserError("invalid", gettext("Choose a day of the month, 1 to 31"), "monthday")
    return value


def _no_gap(chosen: Sending) -> None:
    gap = report_times.first_gap(chosen, clock.now())
    if gap is not None:
        raise UserError(
            "no_such_time",
            gettext(
                "%(time)s does not exist on %(day)s: clocks in %(zone)s are put forward then. Choose another time",
                time=f"{gap.time:%H:%M}",
                day=format_date(gap.day, "d MMMM yyyy"),
                zone=chosen.zone,
            ),
            "times",
        )
