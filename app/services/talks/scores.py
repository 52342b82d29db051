"""Results of the scores that clients gave: mean, NPS, response rate, month by month and per member."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask_babel import format_date
from sqlalchemy import Row, text

from app import clock
from app.clock import zone_of
from app.extensions import db
from app.models.people import User
from app.services.people.names import NAME_SQL
from app.services.talks import nps, talk_settings
from app.services.talks.talk_sight import GROUPS, PEOPLE, SEES

MAX_LOW = 50
MONTHS = 12
# Up to so many days the trend goes by weeks.
WEEKLY_UP_TO_DAYS = 90

# Talks of the period whose client was asked: admins read all, managers those of their groups and of who is in them,
# everybody their own, and nobody more than what they may see.
_ASKED = f"""
WITH asked AS (
    SELECT t.number, t.chat_id, t.contact_id, t.score, t.comment, t.survey_asked_at,
           coalesce(t.responsible_id, t.closed_by_id) AS member_id
    FROM {PEOPLE} p JOIN talks t ON t.survey_asked_at >= :since AND {SEES}
    WHERE p.admin OR coalesce(t.responsible_id, t.closed_by_id) = p.id OR p.manager AND (t.group_id IN {GROUPS}
       OR coalesce(t.responsible_id, t.closed_by_id) IN (
          SELECT ug.user_id FROM ab_user_group ug WHERE ug.group_id IN {GROUPS}))
)
"""
_NUMBERS = """
count(*) AS asked, count(score) AS answered, avg(score) AS mean,
100.0 * (count(*) FILTER (WHERE score >= 9) - count(*) FILTER (WHERE score <= 6)) / nullif(count(score), 0) AS nps
"""


@dataclass(frozen=True, slots=True)
class Numbers:
    """``mean`` 1 to 10 and ``nps`` -100 to 100 are None where nobody has answered; ``rate`` in percent."""

    label: str
    asked: int
    answered: int
    mean: float | None
    nps: int | None

    @property
    def rate(self) -> int | None:
        """How many of those who were asked have answered, in percent."""
        return round(100 * self.answered / self.asked) if self.asked else None


@dataclass(frozen=True, slots=True)
class Results:
    """What the page shows."""

    total: Numbers
    before: Numbers
    trend: list[Numbers]
    # How many gave 1, 2, … 10.
    spread: list[int]
    members: list[Numbers]
    low: list[dict[str, Any]]
    critical: int


def of_person(user: User, days: int) -> Results:
    """Return the results of the last so many days: one's own, for managers their groups', for admins all."""
    settings = talk_settings.load()
    since = clock.now() - dt.timedelta(days=days)
    values: dict[str, Any] = {"ids": [user.id], "since": since, "critical": settings.nps_critical}
    total = db.session.execute(text(f"{_ASKED} SELECT '' AS label, {_NUMBERS} FROM asked"), values).one()
    earlier = values | {"since": since - dt.timedelta(days=days), "until": since}
    before = db.session.execute(
        text(f"{_ASKED} SELECT '' AS label, {_NUMBERS} FROM asked WHERE survey_asked_at < :until"), earlier
    ).one()
    weekly = days <= WEEKLY_UP_TO_DAYS
    # Weeks begin on Monday.
    step, limit = ("week", days // 7 + 2) if weekly else ("month", MONTHS + 1)
    trend = db.session.execute(
        text(
            f"{_ASKED} SELECT date_trunc(:step, survey_asked_at AT TIME ZONE :zone) AS since, '' AS label, {_NUMBERS}"
            " FROM asked GROUP BY 1 ORDER BY 1 DESC LIMIT :limit"
        ),
        values | {"zone": zone_of(user.zone).key, "step": step, "limit": limit},
    ).all()
    spread = {
        row.score: row.given
        for row in db.session.execute(
            text(f"{_ASKED} SELECT score, count(*) AS given FROM asked WHERE score IS NOT NULL GROUP BY 1"), values
        )
    }
    members = db.session.execute(
        text(
            f"{_ASKED} SELECT {NAME_SQL} AS label, {_NUMBERS} FROM asked JOIN ab_user u ON u.id = asked.member_id"
            " GROUP BY u.id, 1, u.sort_key ORDER BY u.sort_key, u.id"
        ),
        values,
    ).all()
    low = db.session.execute(
        text(
            f"{_ASKED} SELECT a.number, a.chat_id, a.score, a.comment, a.survey_asked_at, k.name AS contact,"
            f" {NAME_SQL} AS member FROM asked a LEFT JOIN contacts k ON k.id = a.contact_id"
            " LEFT JOIN ab_user u ON u.id = a.member_id WHERE a.score <= :critical"
            f" ORDER BY a.survey_asked_at DESC LIMIT {MAX_LOW}"
        ),
        values,
    ).all()
    return Results(
        total=_numbers(total),
        before=_numbers(before),
        trend=[_numbers(row, _label(row.since, weekly)) for row in reversed(trend)],
        spread=[spread.get(score, 0) for score in range(nps.LOWEST, nps.HIGHEST + 1)],
        members=[_numbers(row) for row in members],
        low=[dict(row._mapping) | {"url": f"/center/?chat={row.chat_id}"} for row in low],
        critical=settings.nps_critical,
    )


def _label(since: dt.datetime, weekly: bool) -> str:
    return format_date(since.date(), "d MMM" if weekly else "MMM yyyy")


def _numbers(row: Row[Any], label: str = "") -> Numbers:
    mean = round(float(row.mean), 1) if row.mean is not None else None
    return Numbers(label or row.label, row.asked, row.answered, mean, round(row.nps) if row.nps is not None else None)
