"""Results of the scores that clients gave: mean, NPS, response rate, month by month and per member."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text

from app import clock
from app.extensions import db
from app.models.people import User
from app.services import talk_settings
from app.services.names import NAME_SQL
from app.services.talk_sight import GROUPS, PEOPLE, SEES

MAX_LOW = 50
MONTHS = 12

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
    months: list[Numbers]
    members: list[Numbers]
    low: list[dict[str, Any]]
    critical: int


def of_person(user: User, days: int) -> Results:
    """Return the results of the last so many days: one's own, for managers their groups', for admins all."""
    settings = talk_settings.load()
    values = {"ids": [user.id], "since": clock.now() - dt.timedelta(days=days), "critical": settings.nps_critical}
    total = db.session.execute(text(f"{_ASKED} SELECT '' AS label, {_NUMBERS} FROM asked"), values).one()
    months = db.session.execute(
        text(
            f"{_ASKED} SELECT to_char(survey_asked_at AT TIME ZONE 'UTC', 'YYYY-MM') AS label, {_NUMBERS} FROM asked"
            f" GROUP BY 1 ORDER BY 1 DESC LIMIT {MONTHS}"
        ),
        values,
    ).all()
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
        months=[_numbers(row) for row in reversed(months)],
        members=[_numbers(row) for row in members],
        low=[dict(row._mapping) | {"url": f"/center/?chat={row.chat_id}"} for row in low],
        critical=settings.nps_critical,
    )


def _numbers(row: Row[Any]) -> Numbers:
    mean = round(float(row.mean), 1) if row.mean is not None else None
    return Numbers(row.label, row.asked, row.answered, mean, round(row.nps) if row.nps is not None else None)
