"""Reading the daily aggregates: what can be added up, and how a number is made of it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from sqlalchemy import text

from app.extensions import db
from app.services.reports.activity_sources import MONEY, SOURCES
from app.services.reports.figure_kinds import Figure, Unit
from app.services.reports.report_period import Period
from app.services.reports.report_scope import Scope

# The columns that are numbers of activity_days.
COUNTS = (*(name for name in SOURCES if name != "first_replies"), "score_sum")


@dataclass(slots=True)
class Sums:
    """What can be added up, over days and people."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    money: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    replies: list[int] = field(default_factory=list)

    def add(self, other: Sums) -> None:
        """Take in another's."""
        for key, value in other.counts.items():
            self.counts[key] += value
        for place, amount in other.money.items():
            self.money[place] += amount
        self.replies += other.replies

    def value(self, figure: Figure) -> float | None:
        """Return a number; None where there is nothing to make it of."""
        if figure.unit is Unit.MONEY:
            return round(float(self.money.get((figure.behind, figure.currency), 0)), 2)
        counts = self.counts
        if figure.key == "first_reply_median":
            return float(median(self.replies)) if self.replies else None
        if figure.key == "score_mean":
            return _share(counts["score_sum"], counts["scores"])
        if figure.key == "nps":
            share = _share(100 * (counts["promoters"] - counts["detractors"]), counts["scores"])
            return None if share is None else float(round(share))
        if figure.key == "response_rate":
            return _share(100 * counts["scores"], counts["asked"])
        return float(counts[figure.behind])


# (user, 0), or (0, group) for what nobody had taken.
Owner = tuple[int, int]
# Of the period, and of the period before.
Pair = tuple[Sums, Sums]


CONDITIONS = {
    "account": "true",
    "groups": "(user_id = ANY(:user_ids) OR (user_id = 0 AND group_id = ANY(:group_ids)))",
    "user": "user_id = ANY(:user_ids)",
}
_COUNTED = ", ".join(f"sum({name}) AS {name}" for name in COUNTS)
_SUMMED = ", ".join(f"sum({name}) AS {name}" for name in MONEY)


def values_of(period: Period, scope: Scope, members: Mapping[int, list[int]]) -> dict[str, Any]:
    """Return what the statements are asked with; ``members`` are those of the scope's groups."""
    user_ids = [one for group in members.values() for one in group] if scope.kind == "groups" else list(scope.ids)
    return {
        "before": period.before().starts_on,
        "starts": period.starts_on,
        "ends": period.ends_on,
        "user_ids": sorted(set(user_ids)),
        "group_ids": list(scope.ids),
    }


def per_owner(values: Mapping[str, Any], condition: str, wanted: Collection[str]) -> dict[Owner, Pair]:
    """Sum both periods per owner: one statement per table."""
    found: dict[Owner, Pair] = {}

    def of(row: Any) -> Sums:
        return found.setdefault((row.user_id, row.group_id), (Sums(), Sums()))[0 if row.now else 1]

    where = f"WHERE day >= :before AND day < :ends AND {condition}"
    key = "user_id, group_id, day >= :starts AS now"
    for row in db.session.execute(
        text(f"SELECT {key}, {_COUNTED} FROM activity_days {where} GROUP BY 1, 2, 3"), values
    ):
        of(row).counts.update({name: int(getattr(row, name)) for name in COUNTS})
    if "leads" in wanted:
        statement = f"SELECT {key}, currency, {_SUMMED} FROM activity_sums {where} GROUP BY 1, 2, 3, 4"
        for row in db.session.execute(text(statement), values):
            of(row).money.update({(name, row.currency): float(getattr(row, name)) for name in MONEY})
    return found


def per_day(values: Mapping[str, Any], condition: str, wanted: Collection[str]) -> dict[dt.date, Sums]:
    """Sum each day of both periods."""
    found: dict[dt.date, Sums] = defaultdict(Sums)
    where = f"WHERE day >= :before AND day < :ends AND {condition}"
    for row in db.session.execute(text(f"SELECT day, {_COUNTED} FROM activity_days {where} GROUP BY 1"), values):
        found[row.day].counts.update({name: int(getattr(row, name)) for name in COUNTS})
    if "leads" in wanted:
        statement = f"SELECT day, currency, {_SUMMED} FROM activity_sums {where} GROUP BY 1, 2"
        for row in db.session.execute(text(statement), values):
            found[row.day].money.update({(name, row.currency): float(getattr(row, name)) for name in MONEY})
    return found


def add_replies(
    values: Mapping[str, Any], condition: str, owners: dict[Owner, Pair], days: dict[dt.date, Sums]
) -> None:
    """Put in the single reply times, as they are kept: one statement for both ways of summing."""
    statement = text(
        "SELECT day, user_id, group_id, first_replies FROM activity_days"
        f" WHERE day >= :before AND day < :ends AND first_replies IS NOT NULL AND {condition}"
    )
    for day, user_id, group_id, replies in db.session.execute(statement, values):
        pair = owners.setdefault((user_id, group_id), (Sums(), Sums()))
        pair[0 if day >= values["starts"] else 1].replies.extend(replies)
        days[day].replies.extend(replies)


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 1) if whole else None
