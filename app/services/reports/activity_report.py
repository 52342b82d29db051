"""The activity report: the numbers of a period for an account, groups or people, against the period before.

Read from the daily aggregates only (``activity_days.py``), in a handful of statements whatever was recorded. A group's
line sums what its members did, as they are members now, and what nobody had taken and was the group's; somebody in two
groups counts in both lines, and once in the total.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from flask_babel import gettext
from sqlalchemy import select, text
from sqlalchemy.orm import selectinload

from app import access
from app.extensions import db
from app.models.crm import Pipeline
from app.models.people import Group, RoleName, User, full_name
from app.services.reports import figures, report_sums
from app.services.reports.figure_kinds import Figure, Unit
from app.services.reports.report_csv import report_csv
from app.services.reports.report_numbers import ActivityReport, Line, Measured
from app.services.reports.report_period import Period
from app.services.reports.report_scope import Scope, members_of, scope_for
from app.services.reports.report_sums import Owner, Pair, Sums

__all__ = [
    "ActivityReport",
    "Line",
    "Measured",
    "Period",
    "Scope",
    "activity_report",
    "report_csv",
    "scope_for",
]

USERS_MAX = 2000


def activity_report(period: Period, scope: Scope, sections: Collection[str]) -> ActivityReport:
    """Return the report. Asks for no rights: a scope comes from :func:`scope_for`. Raises UserError on ``sections``."""
    wanted = figures.checked_sections(sections)
    members = members_of(scope.ids) if scope.kind == "groups" else {}
    values = report_sums.values_of(period, scope, members)
    condition = report_sums.CONDITIONS[scope.kind]
    owners = report_sums.per_owner(values, condition, wanted)
    daily = report_sums.per_day(values, condition, wanted)
    if "replies" in wanted:
        report_sums.add_replies(values, condition, owners, daily)
    chosen = _figures(wanted, owners.values())
    total = _together(owners.values())
    group_lines, user_lines = _lines(scope, members, owners, chosen)
    state = db.session.execute(text("SELECT refreshed_at, rebuild_day FROM activity_state")).first()
    rebuild_day = state.rebuild_day if state is not None else None
    return ActivityReport(
        period=period,
        scope=scope,
        sections=wanted,
        figures=chosen,
        total=Line(gettext("Total"), None, None, _measured(total, chosen)),
        groups=group_lines,
        users=user_lines,
        days=_by_day(period, daily, chosen),
        days_before=_by_day(period.before(), daily, chosen),
        as_of=state.refreshed_at if state is not None else None,
        complete_from=rebuild_day + dt.timedelta(days=1)
        if rebuild_day is not None and rebuild_day >= period.before().starts_on
        else None,
    )


def _lines(
    scope: Scope, members: Mapping[int, list[int]], owners: Mapping[Owner, Pair], chosen: tuple[Figure, ...]
) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    if scope.kind == "account":
        groups = db.session.scalars(select(Group).order_by(Group.sort_key, Group.id)).all()
        members = members_of([group.id for group in groups])
        people = _team(select(User))
    elif scope.kind == "groups":
        groups = db.session.scalars(select(Group).where(Group.id.in_(scope.ids)).order_by(Group.sort_key)).all()
        people = _team(select(User).where(User.id.in_({one for group in members.values() for one in group})))
    else:
        groups, people = [], _team(select(User).where(User.id.in_(scope.ids)))
    acted = {user_id for user_id, _ in owners}
    if scope.kind != "user":
        people = [user for user in people if user.id in acted or (user.active and _works_with_clients(user))]
    group_lines = [
        Line(group.label or group.name, None, group.id, _measured(_of_group(group.id, members, owners), chosen))
        for group in groups
    ]
    user_lines = [
        Line(full_name(user), user.id, None, _measured(_of(owners, (user.id, 0)), chosen), bool(user.active))
        for user in people
    ]
    return tuple(group_lines), tuple(user_lines)


def _by_day(
    period: Period, daily: Mapping[dt.date, Sums], chosen: tuple[Figure, ...]
) -> Mapping[str, tuple[float | None, ...]]:
    nothing = Sums()
    return MappingProxyType(
        {one.key: tuple(daily.get(day, nothing).value(one) for day in period.days) for one in chosen}
    )


def _team(statement: Any) -> list[User]:
    roles = (selectinload(User.roles), selectinload(User.groups).selectinload(Group.roles))
    found = db.session.scalars(statement.options(*roles).order_by(User.sort_key, User.id).limit(USERS_MAX))
    return list(found.unique())


def _works_with_clients(user: User) -> bool:
    return bool(access.role_names(user) - {RoleName.FREE})


def _of(owners: Mapping[Owner, Pair], owner: Owner) -> Pair:
    return owners.get(owner) or (Sums(), Sums())


def _of_group(group_id: int, members: Mapping[int, list[int]], owners: Mapping[Owner, Pair]) -> Pair:
    own = [(0, group_id), *((user_id, 0) for user_id in members.get(group_id, []))]
    return _together(owners[owner] for owner in own if owner in owners)


def _together(pairs: Iterable[Pair]) -> Pair:
    now, before = Sums(), Sums()
    for one, earlier in pairs:
        now.add(one)
        before.add(earlier)
    return now, before


def _measured(pair: Pair, chosen: tuple[Figure, ...]) -> Mapping[str, Measured]:
    now, before = pair
    return MappingProxyType({one.key: Measured(now.value(one), before.value(one)) for one in chosen})


def _figures(wanted: Collection[str], pairs: Iterable[Pair]) -> tuple[Figure, ...]:
    """The figures of the sections; money first in the account's currency, then in each other that occurs."""
    own = (
        db.session.scalars(select(Pipeline.currency).order_by(Pipeline.position, Pipeline.id).limit(1)).first() or "EUR"
    )
    used = {place for pair in pairs for sums in pair for place, amount in sums.money.items() if amount}
    chosen: list[Figure] = []
    for one in figures.FIGURES:
        if one.section not in wanted:
            continue
        if one.unit is Unit.MONEY:
            others = sorted({currency for name, currency in used if name == one.behind} - {own})
            chosen += [figures.in_currency(one, currency) for currency in (own, *others)]
        else:
            chosen.append(one)
    return tuple(chosen)
