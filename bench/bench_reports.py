"""A month's report of 500 people, over a history and over one ten times as long: what the database does for it.

The history is of records as people make them, mostly messages and what clients, calls and tasks leave behind. Of how
many is told by BENCH_EVENTS; what is usual here takes a minute, and keeps the ratio.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event, text

from app import clock
from app.extensions import db
from app.jobs import activity
from app.services.reports import activity_days
from app.services.reports.activity_report import Period, Scope, activity_report
from app.services.reports.figures import SECTION_KEYS
from app.transaction import transaction
from bench.bulk import without_indexes
from bench.house import application
from bench.row import Row, at_most, noted

PEOPLE, ROUNDS = 500, 7
LARGE = int(os.environ.get("BENCH_EVENTS", "2000000"))
SMALL = LARGE // 10
# So dense that in the shorter history, too, nearly every person has a record on nearly every day.
DAYS = LARGE // 25_000
SECONDS, RATIO = 2, 1.3
# Chats of this measurement, apart from all others. They stay: what is measured after it reads none of this.
FIRST_CHAT = 100_000_000
_TABLES = ("messages", "talks", "chats", "calls", "tasks", "leads", "deliveries", "events")

_PEOPLE = (
    "INSERT INTO ab_user (first_name, last_name, username, email, active)"
    " SELECT 'Pat', 'No. ' || i, 'reports' || i, 'reports' || i || '@example.com', true"
    f" FROM generate_series(1, {PEOPLE}) i",
    "INSERT INTO ab_user_role (user_id, role_id)"
    " SELECT u.id, r.id FROM ab_user u, ab_role r WHERE u.username LIKE 'reports%' AND r.name = 'Staff'",
)
# The n-th of :n records, in the order of time; whose it is changes from one to the next.
_FROM = """
FROM (SELECT array_agg(id) AS ids FROM ab_user WHERE username LIKE 'reports%') u,
     LATERAL (SELECT i, u.ids[1 + i % cardinality(u.ids)] AS user_id,
                     CAST(:now AS timestamptz) - make_interval(secs => :seconds * (1 - i / CAST(:n AS float8))) AS at
              FROM generate_series(1, :n) i) r
"""
_STATEMENTS: tuple[tuple[float, str], ...] = (
    (0.05, f"INSERT INTO chats (id, kind, last_seq, created_at) SELECT :chat + i, 'client', 10, at {_FROM}"),
    (
        0.05,
        "INSERT INTO talks (chat_id, state, responsible_id, opened_at, first_seq, first_reply_at, last_public_at,"
        " closed_at, closed_by_id, survey_asked_at, score) SELECT :chat + i, 'closed', user_id, at, 1,"
        " at + make_interval(mins => 1 + CAST(i % 40 AS int)), at + interval '40 min', at + interval '45 min', user_id,"
        f" CASE WHEN i % 2 = 0 THEN at + interval '45 min' END, CASE WHEN i % 4 = 0 THEN 1 + i % 10 END {_FROM}",
    ),
    (
        0.05,
        "INSERT INTO messages (chat_id, seq, author_kind, author_id, client_id, body, public, created_at)"
        " SELECT :chat + i, s, CASE WHEN s % 2 = 1 THEN 'visitor' ELSE 'user' END,"
        " CASE WHEN s % 2 = 0 THEN user_id END, 'b' || s, 'Is the gravel bike in stock?', true,"
        f" at + make_interval(mins => 3 * CAST(s AS int)) {_FROM}, generate_series(1, 10) s",
    ),
    (
        0.1,
        "INSERT INTO calls (external_id, direction, status, user_id, started_at, created_at) SELECT"
        " 'bench' || :chat || '-' || i, CASE WHEN i % 3 = 0 THEN 'outgoing' ELSE 'incoming' END,"
        f" CASE WHEN i % 5 = 0 THEN 'missed' ELSE 'ended' END, user_id, at, at {_FROM}",
    ),
    (
        0.1,
        "INSERT INTO tasks (text, due_at, responsible_id, author_id, created_at, completed_at, completed_by_id)"
        f" SELECT 'Call back', at + interval '1 day', user_id, user_id, at, at + interval '20 hours', user_id {_FROM}",
    ),
    (
        0.05,
        "INSERT INTO leads (name, sort_key, budget, stage_id, responsible_id, created_at, closed_at)"
        " SELECT 'Order', 'order', i % 900, (SELECT id FROM stages WHERE kind = 'won' LIMIT 1), user_id, at,"
        f" at + interval '2 hours' {_FROM}",
    ),
    (
        0.1,
        "INSERT INTO deliveries (dedupe_key, purpose, channel, address, user_id, state, not_before, finished_at,"
        " created_at) SELECT 'bench:' || :chat || ':' || i, 'notice', 'email', 'a@example.com', user_id, 'sent',"
        f" at, at, at {_FROM}",
    ),
    (
        0.1,
        "INSERT INTO events (tag, subject_type, subject_id, data, created_at)"
        f" SELECT 'mail:received', 'mail', i, jsonb_build_object('owner_id', user_id), at {_FROM}",
    ),
)


def run() -> list[Row]:
    """Measure over the short history, then over the long one."""
    with application().app_context():
        with transaction():
            for statement in _PEOPLE:
                db.session.execute(text(statement))
        _load(SMALL, 1)
        rebuilding = _rebuild()
        small = _report()
        _load(LARGE - SMALL, 2)
        rebuilding_all = _rebuild()
        large = _report()
    return [
        at_most(f"A month's report of {PEOPLE} people over {LARGE:,} records: database time", large, SECONDS, "s"),
        at_most(f"… as part of the time over {SMALL:,}", large / small, RATIO),
        noted("… over the shorter history", small, "s"),
        noted("… all days counted anew: records per second", LARGE / rebuilding_all),
        noted("… of the shorter history", SMALL / rebuilding),
    ]


def _load(records: int, batch: int) -> None:
    chat, now = FIRST_CHAT * batch, clock.now()
    with without_indexes(_TABLES):
        for share, statement in _STATEMENTS:
            values = {"n": int(records * share), "seconds": DAYS * 86_400, "now": now, "chat": chat}
            with db.engine.begin() as connection:
                # As long as it takes: this is no request.
                connection.execute(text("SET LOCAL transaction_timeout = 0"))
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text(statement), {key: one for key, one in values.items() if f":{key}" in statement})


def _rebuild() -> float:
    started = time.perf_counter()
    with transaction():
        activity_days.start_rebuild()
    while True:
        activity.rebuild()
        with transaction():
            if db.session.execute(text("SELECT rebuild_day FROM activity_state")).scalar() is None:
                break
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE activity_days"))
        connection.execute(text("VACUUM ANALYZE activity_sums"))
    return time.perf_counter() - started


def _report() -> float:
    period = Period.last("month", clock.now(), "UTC")
    best = []
    for _ in range(ROUNDS):
        with _database_time(db.engine) as spent:
            report = activity_report(period, Scope("account"), SECTION_KEYS)
        assert len(report.users) >= PEOPLE
        assert report.total.figures["messages_in"].value
        db.session.rollback()
        db.session.remove()
        best.append(sum(spent))
    return min(best)


@contextmanager
def _database_time(engine: Engine) -> Iterator[list[float]]:
    """Collect the seconds of each statement, its rows fetched."""
    spent: list[float] = []

    def begin(connection: Any, *_: Any) -> None:
        connection.info["began"] = time.perf_counter()

    def end(connection: Any, *_: Any) -> None:
        spent.append(time.perf_counter() - connection.info["began"])

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    try:
        yield spent
    finally:
        event.remove(engine, "before_cursor_execute", begin)
        event.remove(engine, "after_cursor_execute", end)
