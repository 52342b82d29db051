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
    """One hour or day with what was counted in it."""

    starts_at: dt.datetime
    kind: str
    span: str
    amount: int
    exceeded: bool


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


def windows_of(user_id: int) -> list[Window]:
    """Return the days of thirty days, and each hour in which a limit was exceeded, the newest first."""
    rows = db.session.execute(
        text(
            "SELECT starts_at, kind, span, amount, exceeded_at IS NOT NULL AS exceeded FROM activity_counters"
            " WHERE user_id = :user_id AND starts_at >= :since AND (span = 'day' OR exceeded_at IS NOT NULL)"
            " ORDER BY starts_at DESC, span, kind LIMIT 100"
        ),
        {"user_id": user_id, "since": clock.now() - dt.timedelta(days=DAYS)},
    )
    return [Window(row.starts_at, row.kind, row.span, row.amount, row.exceeded) for row in rows]
