"""What of the activity report is asked for, as the address says it: period, groups or people, kinds of numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext, lazy_gettext
from werkzeug.datastructures import MultiDict

from app import access, clock
from app.errors import UserError
from app.models.people import User
from app.services.account import account
from app.services.reports import figures
from app.services.reports.activity_report import Line
from app.services.reports.report_period import KINDS, Period
from app.services.reports.report_scope import Scope, scope_for

# Names in the address → words; numbers are days up to today.
SPANS: Mapping[str, Any] = {
    "today": lazy_gettext("Today"),
    "day": lazy_gettext("Yesterday"),
    "7": lazy_gettext("7 days"),
    "30": lazy_gettext("30 days"),
    "week": lazy_gettext("Last week"),
    "month": lazy_gettext("Last month"),
    "custom": lazy_gettext("Own days"),
}
DEFAULT_SPAN = "7"
# An address stays an address.
IDS_MAX = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """The address's arguments, as they came; ``url`` makes an address of them."""

    span: str
    since: str
    until: str
    group_ids: tuple[int, ...]
    user_ids: tuple[int, ...]
    sections: tuple[str, ...]

    def of_line(self, line: Line) -> Asked:
        """Return the same for one line's numbers alone; for the total, that of the page."""
        if line.user_id:
            return replace(self, group_ids=(), user_ids=(line.user_id,))
        return replace(self, group_ids=(line.group_id,), user_ids=()) if line.group_id else self

    def query(self, **changes: Any) -> str:
        """Return the address's part behind the question mark, with some arguments changed."""
        values: dict[str, Any] = {
            "period": self.span if self.span != DEFAULT_SPAN else (),
            "from": self.since if self.span == "custom" else (),
            "until": self.until if self.span == "custom" else (),
            "groups": self.group_ids,
            "users": self.user_ids,
            "sections": self.sections,
        } | changes
        return urlencode([(name, one) for name, value in values.items() for one in _listed(value)])


@dataclass(frozen=True, slots=True)
class Wanted:
    """What :func:`app.services.reports.activity_report.activity_report` takes."""

    period: Period
    scope: Scope
    sections: tuple[str, ...]


def asked(arguments: MultiDict[str, str]) -> Asked:
    """Read the address. Raises UserError on ``groups`` or ``users`` for what is no id."""
    return Asked(
        span=arguments.get("period") or DEFAULT_SPAN,
        since=arguments.get("from", "")[:20],
        until=arguments.get("until", "")[:20],
        group_ids=_ids(arguments.getlist("groups"), "groups"),
        user_ids=_ids(arguments.getlist("users"), "users"),
        sections=tuple(dict.fromkeys(one[:40] for one in arguments.getlist("sections")[:50] if one)),
    )


def wanted(user: User, of: Asked) -> Wanted:
    """Return what this person gets. Raises UserError naming the argument, Forbidden for free users."""
    if of.group_ids and of.user_ids:
        raise UserError("invalid", gettext("Choose groups or people, not both"), "users")
    scope = Scope("groups", of.group_ids) if of.group_ids else Scope("user", of.user_ids) if of.user_ids else None
    return Wanted(
        period=period_of(of),
        scope=scope_for(user, scope),
        sections=figures.checked_sections(of.sections or sections_of(user)),
    )


def sections_of(user: User) -> tuple[str, ...]:
    """Return what is shown when nothing is chosen: all."""
    return figures.SECTION_KEYS


def period_of(of: Asked) -> Period:
    """Return the period. Raises UserError on ``period``, ``from`` or ``until``."""
    now, zone = clock.now(), account.zone()
    if of.span == "today":
        return Period.latest(1, now, zone)
    if of.span in ("7", "30"):
        return Period.latest(int(of.span), now, zone)
    for kind in KINDS[:3]:
        if of.span == kind:
            return Period.last(kind, now, zone)
    if of.span != "custom":
        raise UserError("invalid", gettext("Choose one of %(known)s", known=", ".join(SPANS)), "period")
    return Period.custom(_day(of.since, "from"), _day(of.until, "until"), zone)


def may_choose(user: User) -> bool:
    """Whether there is anybody else whose numbers this person may see."""
    return access.is_admin(user) or scope_for(user).kind != "user"


def _day(value: str, field: str) -> dt.date:
    if not value:
        raise UserError("required", gettext("Choose a day"), field)
    try:
        day = dt.date.fromisoformat(value)
    except ValueError:
        raise UserError("invalid", gettext("A day like 2026-11-27 is needed"), field) from None
    if not 1970 <= day.year <= 2200:
        raise UserError("invalid", gettext("Choose a day of this time"), field)
    return day


def _ids(values: Sequence[str], field: str) -> tuple[int, ...]:
    chosen = [value for value in values if value]
    if len(chosen) > IDS_MAX:
        raise UserError("too_many", gettext("At most %(most)s", most=IDS_MAX), field)
    if any(not value.isascii() or not value.isdigit() or int(value) > access.LARGEST_ID for value in chosen):
        raise UserError("invalid", gettext("Choose an existing one"), field)
    return tuple(dict.fromkeys(int(value) for value in chosen))


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (tuple, list)) else (value,)
