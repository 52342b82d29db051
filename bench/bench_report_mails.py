"""A report for 1,000 recipients, made and sent, against a bare loop that renders and sends the very same mails."""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from contextlib import ExitStack

from sqlalchemy import select, text

from app import clock
from app.extensions import db, redis_client
from app.jobs import activity
from app.models.people import User
from app.models.reports import Report
from app.services.reports import activity_days, report_build, report_charts, report_runs, reports
from app.transaction import transaction
from bench.bench_mails import _count, _forget_workers, _hear, _started, _tell, _until, _worker
from bench.house import application
from bench.row import Row, at_least, at_most, noted

PEOPLE = 1_000
RATIO = 0.5
CHART_MS = 50
_PEOPLE = (
    "INSERT INTO ab_user (first_name, last_name, username, email, active)"
    " SELECT 'Pat', 'No. ' || i, 'reader' || i, 'reader' || i || '@example.com', true"
    f" FROM generate_series(1, {PEOPLE}) i",
    "INSERT INTO ab_user_role (user_id, role_id)"
    " SELECT u.id, r.id FROM ab_user u, ab_role r WHERE u.username LIKE 'reader%' AND r.name = 'Staff'",
)
_READERS = text("""
INSERT INTO report_recipients (report_id, user_id, added_by_id, created_at, confirmed_at)
SELECT :report_id, u.id, :owner_id, :now, :now FROM ab_user u WHERE u.username LIKE 'reader%'
""")


def run() -> list[Row]:
    """Measure one worker against one loop with the same mail server, one after the other."""
    with application().app_context(), ExitStack() as stack:
        sink = _started(stack, "bench.mail_sink", dict(os.environ))
        environ = {
            **os.environ,
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": sink.stdout.readline().strip(),  # type: ignore[union-attr]
            "MAIL_DEFAULT_SENDER": "Frontdesk <frontdesk@example.com>",
        }
        report_id = _set_up()
        made_ms = _made(report_id)
        ids = [row.id for row in db.session.execute(text("SELECT id FROM deliveries WHERE purpose = 'report'"))]
        db.session.rollback()
        bare = _bare(stack, environ, ids)
        counted = _count(sink)
        # The worker is up before the clock runs, as it is when the hour of a report comes.
        redis_client().flushdb()
        _forget_workers()
        _worker(stack, environ, 9)
        _until("SELECT count(*) = 1 FROM processes WHERE kind = 'worker:mail'", {})
        started = time.perf_counter()
        prepared = _prepare(report_id)
        report_build.build(prepared)
        _until(
            "SELECT count(*) = :n FROM deliveries WHERE id > :last AND state = 'sent'",
            {"n": PEOPLE, "last": ids[-1]},
        )
        product = time.perf_counter() - started
        sent = _count(sink) - counted
        slowest = max(_charts())
        redis_client().flushdb()
    return [
        at_least(
            f"Report for {PEOPLE:,} recipients, made and sent: as part of a bare loop's rate", bare / product, RATIO
        ),
        noted("… mails per second, with charts, PDF and CSV made once", PEOPLE / product),
        noted("… mails per second of the bare loop", PEOPLE / bare),
        noted("… made (numbers, charts, PDF, CSV, outbox)", made_ms / 1000, "s"),
        at_most("… mails lost or doubled", abs(sent - PEOPLE), 0),
        at_most("Chart of a report: median of the slowest kind", slowest, CHART_MS, "ms"),
    ]


def _set_up() -> int:
    with transaction():
        for statement in _PEOPLE:
            db.session.execute(text(statement))
        admin = db.session.scalars(select(User).where(User.username == "admin")).one()
        report = reports.create(
            admin,
            {
                "name": "Whole account",
                "sections": ["leads", "tasks", "messages", "replies", "scores"],
                "scope": "account",
                "period": "month",
                "times": ["08:00"],
                "monthday": 1,
                "zone": "UTC",
                "attach_pdf": True,
                "attach_csv": True,
                "recipient_ids": [admin.id],
            },
        )
        db.session.execute(text("DELETE FROM report_recipients"))
        db.session.execute(_READERS, {"report_id": report.id, "owner_id": admin.id, "now": clock.now()})
        report_id = report.id
        activity_days.refresh()
    activity.rebuild()
    return report_id


def _prepare(report_id: int) -> int:
    with transaction():
        db.session.get_one(Report, report_id).next_at = clock.now() - dt.timedelta(seconds=1)
        db.session.flush()
        # Each run has a window of its own.
        db.session.execute(text("UPDATE report_runs SET window_at = window_at - interval '1 day'"))
        report_runs.prepare_due()
    return int(db.session.execute(text("SELECT max(id) FROM report_runs")).scalar_one())


def _made(report_id: int) -> float:
    """Make the report whose mails the bare loop sends; return milliseconds, the libraries' first use not counted."""
    run_id = _prepare(report_id)
    report_build.build(run_id)
    # Nobody else is to send them.
    with transaction():
        # … and the next run's window is the same one: its mails must not be taken for these.
        db.session.execute(
            text(
                "UPDATE deliveries SET state = 'cancelled', dedupe_key = 'bare:' || dedupe_key WHERE purpose = 'report'"
            )
        )
    return float(
        db.session.execute(text("SELECT took_ms FROM report_runs WHERE id = :id"), {"id": run_id}).scalar_one()
    )


def _bare(stack: ExitStack, environ: dict[str, str], ids: list[int]) -> float:
    loop = _started(stack, "bench.report_bare", environ)
    _tell(loop, json.dumps(ids))
    assert _hear(loop) == "ready"
    _tell(loop, "go")
    return float(_hear(loop))


def _charts() -> list[float]:
    """Median milliseconds of each kind of chart, in both themes."""
    week = tuple(f"Day {n}" for n in range(7))
    month = tuple(str(n) for n in range(1, 32))
    medians = []
    for labels in (week, month):
        values = tuple(float(17 * n % 53) for n in range(len(labels)))
        chart = report_charts.Chart(labels, values, values[::-1], lambda value: f"{value:g}")
        for colours in (report_charts.LIGHT, report_charts.DARK):
            report_charts.png(chart, colours)
            took = []
            for _ in range(15):
                started = time.perf_counter()
                report_charts.png(chart, colours)
                took.append(1000 * (time.perf_counter() - started))
            medians.append(sorted(took)[len(took) // 2])
    return medians
