"""The evidence behind activity limits: what somebody opened and was shown, when. For admins."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from app import clock
from app.extensions import db

SHOWN_MAX = 300
DAYS = 30


@dataclass(frozen=True, slots=True)
class Line:
    """One card that was opened (``amount`` 1), or one list; ``url`` leads there."""

    at: dt.datetime
    kind: str
    what: str
    url: str
    amount: int


@dataclass(frozen=True, slots=True)
class Window:
    """One hour or day with what was counted in it, and how often more than allowed: that stays when counting restarts.

    ``exceeded_at``, ``reached`` and ``allowed`` are of the last time; None for what is not known of it.
    """

    starts_at: dt.datetime
    kind: str
    span: str
    amount: int
    exceeded: int
    exceeded_at: dt.datetime | None
    reached: int | None
    allowed: int | None


def lines_of(user_id: int) -> list[Line]:
    """Return the newest SHOWN_MAX lines of thirty days; records that are gone are named by their number."""
    rows = db.session.execute(
        text(
            "SELECT o.at, 'cards' AS kind, o.subject_type AS type, o.subject_id AS id, 1 AS amount, '' AS place,"
            " coalesce(l.name, c.name, m.name) AS name"
            " FROM card_openings o LEFT JOIN leads l ON o.subject_type = 'lead' AND l.id = o.subject_id"
            " LEFT JOIN contacts c ON o.subject_type = 'contact' AND c.id = o.subject_id"
            " LEFT JOIN companies m ON o.subject_type = 'company' AND m.id = o.subject_id"
            " WHERE o.user_id = :user_id AND o.hour_at >= :since"
            " UNION ALL SELECT s.at, 'items', '', 0, s.amount, s.place, NULL FROM list_showings s"
            " WHERE s.user_id = :user_id AND s.at >= :since ORDER BY at DESC LIMIT :limit"
        ),
        {"user_id": user_id, "since": clock.now() - dt.timedelta(days=DAYS), "limit": SHOWN_MAX},
    )
    return [
        Line(
            row.at,
            row.kind,
            row.place if row.kind == "items" else row.name or f"{row.type} {row.id}",
            "" if row.kind == "items" or row.name is None else f"/{row.type}view/show/{row.id}",
            row.amount,
        )
        for row in rows
    ]


_WINDOWS = text("""
WITH told AS (
    SELECT DISTINCT ON (kind, span, starts_at) kind, span, starts_at, at, reached, allowed,
           count(*) OVER (PARTITION BY kind, span, starts_at) AS times
    FROM (SELECT e.created_at AS at, e.data ->> 'kind' AS kind, e.data ->> 'span' AS span,
                 CAST(e.data ->> 'window' AS timestamptz) AS starts_at, CAST(e.data ->> 'amount' AS int) AS reached,
                 CAST(e.data ->> 'allowed' AS int) AS allowed
          FROM events e WHERE e.subject_type = 'user' AND e.subject_id = :user_id AND e.tag = 'limit:exceeded') e
    ORDER BY kind, span, starts_at, at DESC
)
SELECT c.starts_at, c.kind, c.span, c.amount, t.at, t.reached, t.allowed,
       coalesce(t.times, CASE WHEN c.exceeded_at IS NULL THEN 0 ELSE 1 END) AS times
FROM activity_counters c LEFT JOIN told t USING (kind, span, starts_at)
WHERE c.user_id = :user_id AND c.starts_at >= :since
  AND (c.span = 'day' OR c.exceeded_at IS NOT NULL OR t.times > 0)
ORDER BY c.starts_at DESC, c.span, c.kind LIMIT 100
""")


def windows_of(user_id: int) -> list[Window]:
    """Return the days of thirty days, and each hour in which a limit was exceeded, the newest first."""
    rows = db.session.execute(_WINDOWS, {"user_id": user_id, "since": clock.now() - dt.timedelta(days=DAYS)})
    return [
        Window(row.starts_at, row.kind, row.span, row.amount, row.times, row.at, row.reached, row.allowed)
        for row in rows
    ]
