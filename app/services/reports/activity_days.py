"""Keeping the daily numbers of the activity report: counted anew for the days that were touched, and for all on demand.

The beat calls :func:`refresh`; triggers note the days of records that change or vanish later (``ActivityTouched``).
Counting all anew goes from today backwards in pieces of a few days, each in a transaction of its own. Whoever counts a
day locks it first, so that two of them wait for each other, and nobody else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text

from app import clock, queue
from app.extensions import db
from app.services.account import account, retention
from app.services.reports.activity_sources import MONEY, SOURCES
from app.transaction import on_commit, transaction

JOB = "app.jobs.activity.rebuild"
# One transaction counts so many days: it may last 20 s.
PIECE_DAYS = 7
# Longer without a beat, and all is counted anew.
GAP_DAYS = 14
_DAY_LOCK, _REBUILD_LOCK = 7_366_410, 7_366_411
_COUNTS = tuple(name for name in SOURCES if name != "first_replies")


def refresh() -> int:
    """Bring the numbers up to date; return how many touched days are left for the next call. Inside a transaction().

    Another zone of the account begins the days elsewhere: then all are counted anew.
    """
    now, zone, before = clock.now(), account.zone(), state()
    today = _day_of(now, zone)
    # A day's last moments may be written while, or shortly after, it is counted: the day before is always counted too.
    since = today - dt.timedelta(days=1)
    all_anew = before is None or before.zone != zone
    if before is not None and before.refreshed_at is not None and before.refreshed_at < now:
        last_time = _day_of(before.refreshed_at, zone)
        all_anew = all_anew or (today - last_time).days > GAP_DAYS
        since = min(since, max(last_time, today - dt.timedelta(days=GAP_DAYS)))
    touched, left = _touched(today, zone)
    recent = {since + dt.timedelta(days=n) for n in range((today - since).days + 1)}
    for first, last in _runs(recent | touched):
        count(first, last, zone)
    if all_anew:
        start_rebuild()
    db.session.execute(text("UPDATE activity_state SET refreshed_at = :now"), {"now": now})
    if before is not None and before.rebuild_day is not None:
        # The job may have been killed.
        on_commit(_enqueue)
    return left


def start_rebuild() -> None:
    """Have all days counted anew by a job, today first. Must run inside a transaction()."""
    zone = account.zone()
    today = _day_of(clock.now(), zone)
    first = db.session.execute(_FIRST_DAY, {"zone": zone}).scalar()
    db.session.execute(
        text(
            "INSERT INTO activity_state (one, zone, first_day, rebuild_day) VALUES (true, :zone, :first, :today)"
            " ON CONFLICT (one) DO UPDATE SET zone = :zone, first_day = :first, rebuild_day = :today"
        ),
        {"zone": zone, "first": min(first or today, today), "today": today},
    )
    on_commit(_enqueue)


def rebuild_piece() -> bool:
    """Count the next days of a rebuild anew, in a transaction of its own; whether more are left for this worker."""
    with transaction():
        mine = db.session.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _REBUILD_LOCK}).scalar()
        found = state()
        if not mine or found is None or found.rebuild_day is None:
            return False
        last = found.rebuild_day
        first = max(last - dt.timedelta(days=PIECE_DAYS - 1), min(found.first_day, last))
        count(first, last, found.zone)
        done = first <= found.first_day
        # Unless it was started again meanwhile.
        db.session.execute(
            text(
                "UPDATE activity_state SET rebuild_day = :next, rebuilt_at = coalesce(:done_at, rebuilt_at)"
                " WHERE rebuild_day = :last AND zone = :zone"
            ),
            {
                "next": None if done else first - dt.timedelta(days=1),
                "done_at": clock.now() if done else None,
                "last": last,
                "zone": found.zone,
            },
        )
    return not done


def state() -> Row[Any] | None:
    """Return how far the numbers are; None where nothing was counted yet."""
    return db.session.execute(text("SELECT * FROM activity_state")).one_or_none()


def count(first: dt.date, last: dt.date, zone: str) -> None:
    """Count the days from ``first`` to ``last`` anew. Must run inside a transaction."""
    now = clock.now()
    values = {
        "first": first,
        "last": last,
        "zone": zone,
        "now": now,
        "starts_at": _midnight(first, zone),
        "ends_at": _midnight(last + dt.timedelta(days=1), zone),
        # Older deliveries are not all there any more (services/account/retention.py): their numbers stay as they were.
        "kept_from": _day_of(now, zone) - dt.timedelta(days=retention.trace_days() - 1),
    }
    db.session.execute(_LOCK, values | {"lock": _DAY_LOCK})
    gone = db.session.execute(_FORGET, values).all()
    db.session.execute(_COUNT, values)
    if gone:
        db.session.execute(_PUT_BACK, [dict(row._mapping) for row in gone])
    db.session.execute(_FORGET_SUMS, values)
    db.session.execute(_SUM, values)


def _counted(name: str) -> str:
    replies = "array_agg(CAST(value AS int))" if name == "first_replies" else "CAST(NULL AS int[])"
    return f"""
    SELECT '{name}' AS source, CAST(at AT TIME ZONE :zone AS date) AS day, coalesce(user_id, 0) AS user_id,
           CASE WHEN user_id IS NULL THEN coalesce(group_id, 0) ELSE 0 END AS group_id, count(*) AS n,
           sum(value) AS total, {replies} AS replies
    FROM ({SOURCES[name]}) r GROUP BY 2, 3, 4
    """


def _column(name: str) -> str:
    return f"coalesce(sum(n) FILTER (WHERE source = '{name}'), 0)"


# max() of the one list that each person's day has.
_COUNT = text(f"""
INSERT INTO activity_days (day, user_id, group_id, {", ".join(_COUNTS)}, score_sum, first_replies)
SELECT day, user_id, group_id, {", ".join(_column(name) for name in _COUNTS)},
       coalesce(sum(total) FILTER (WHERE source = 'scores'), 0), max(replies)
FROM ({" UNION ALL ".join(_counted(name) for name in SOURCES)}) c GROUP BY day, user_id, group_id
""")
_LEADS = " UNION ALL ".join(f"SELECT '{name}' AS source, r.* FROM ({SOURCES[name]}) r" for name in MONEY)
_TOTALS = ", ".join(f"coalesce(sum(value) FILTER (WHERE source = '{name}'), 0)" for name in MONEY)
_SUM = text(f"""
INSERT INTO activity_sums (day, user_id, group_id, currency, {", ".join(MONEY)})
SELECT CAST(at AT TIME ZONE :zone AS date), coalesce(user_id, 0),
       CASE WHEN user_id IS NULL THEN coalesce(group_id, 0) ELSE 0 END, currency, {_TOTALS}
FROM ({_LEADS}) l WHERE value <> 0 GROUP BY 1, 2, 3, 4
""")
_LOCK = text("""
SELECT pg_advisory_xact_lock(:lock, CAST(d AS int)) FROM generate_series(
    CAST(:first AS date) - date '2000-01-01', CAST(:last AS date) - date '2000-01-01') d
""")
_FORGET = text("""
WITH gone AS (
    DELETE FROM activity_days WHERE day BETWEEN :first AND :last
    RETURNING day, user_id, group_id, deliveries_sent, deliveries_failed
)
SELECT * FROM gone WHERE day < :kept_from AND deliveries_sent + deliveries_failed > 0
""")
_FORGET_SUMS = text("DELETE FROM activity_sums WHERE day BETWEEN :first AND :last")
_PUT_BACK = text("""
INSERT INTO activity_days AS d (day, user_id, group_id, deliveries_sent, deliveries_failed)
VALUES (:day, :user_id, :group_id, :deliveries_sent, :deliveries_failed)
ON CONFLICT (day, user_id, group_id) DO UPDATE
SET deliveries_sent = greatest(d.deliveries_sent, excluded.deliveries_sent),
    deliveries_failed = greatest(d.deliveries_failed, excluded.deliveries_failed)
""")
# The newest days first, as many as one transaction counts; today and what is to come are counted anyway.
_TOUCHED = text("""
WITH days AS (
    SELECT DISTINCT CAST(at AT TIME ZONE :zone AS date) AS day FROM activity_touched
), chosen AS (
    SELECT day FROM days WHERE day < :today ORDER BY day DESC LIMIT :most
), taken AS (
    DELETE FROM activity_touched WHERE CAST(at AT TIME ZONE :zone AS date) >= :today
        OR CAST(at AT TIME ZONE :zone AS date) IN (SELECT day FROM chosen)
)
SELECT day FROM days WHERE day < :today ORDER BY day DESC
""")
_FIRST_DAY = text("""
SELECT least(CAST(least(
    (SELECT min(created_at) FROM leads), (SELECT min(closed_at) FROM leads), (SELECT min(created_at) FROM tasks),
    (SELECT min(due_at) FROM tasks), (SELECT min(started_at) FROM calls), (SELECT min(opened_at) FROM talks),
    (SELECT created_at FROM messages ORDER BY id LIMIT 1), (SELECT finished_at FROM deliveries ORDER BY id LIMIT 1),
    (SELECT min(created_at) FROM events WHERE tag = 'mail:received')
) AT TIME ZONE :zone AS date), (SELECT min(day) FROM activity_days))
""")


def _touched(today: dt.date, zone: str) -> tuple[set[dt.date], int]:
    rows = db.session.execute(_TOUCHED, {"zone": zone, "today": today, "most": PIECE_DAYS}).all()
    return {row.day for row in rows[:PIECE_DAYS]}, max(0, len(rows) - PIECE_DAYS)


def _runs(days: Iterable[dt.date]) -> Iterator[tuple[dt.date, dt.date]]:
    """Neighbouring days together, in their order."""
    ordered = sorted(days)
    start = 0
    for place, day in enumerate(ordered):
        if place + 1 == len(ordered) or ordered[place + 1] != day + dt.timedelta(days=1):
            yield ordered[start], day
            start = place + 1


def _day_of(moment: dt.datetime, zone: str) -> dt.date:
    return moment.astimezone(ZoneInfo(zone)).date()


def _midnight(day: dt.date, zone: str) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), ZoneInfo(zone)).astimezone(dt.UTC)


def _enqueue() -> None:
    queue.enqueue(JOB, queue="slow")
