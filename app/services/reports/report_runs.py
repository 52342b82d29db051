"""Runs of reports: each window once, worked out by a job, its mails written to the outbox in one transaction.

A run is a row, unique per report and window; whoever claims it works it out, and only who still holds it writes the
result. So neither two beats nor a killed worker can double or lose one. Previews go the same way and are sent nowhere.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import defer, joinedload

from app import clock, queue
from app.errors import Conflict
from app.extensions import db
from app.models.people import User
from app.models.reports import Report, ReportFile, ReportRun, RunState
from app.services import outbound
from app.services.account import faults
from app.services.reports import report_build, report_times, reports
from app.transaction import on_commit, transaction

JOB = "app.jobs.reports.run_report"
BATCH_SIZE = 100
LATE_AFTER = dt.timedelta(minutes=5)
PREVIEW_KEPT_FOR, KEPT_FOR = dt.timedelta(hours=1), dt.timedelta(days=365)
PREVIEWS_MAX = 3
MISSED_MAX = 100
REMOVED_AT_ONCE = 50
HISTORY = 30

_SETTLED = text("""
SELECT r.id, r.report_id, r.setup ->> 'name' AS name, CAST(r.setup ->> 'owner_id' AS int) AS owner_id,
       count(d.id) FILTER (WHERE d.state = 'sent') AS sent, count(d.id) FILTER (WHERE d.state = 'failed') AS failed,
       count(d.id) FILTER (WHERE d.state IN ('skipped', 'cancelled')) AS skipped,
       min(d.error) FILTER (WHERE d.state = 'failed') AS reason
FROM (SELECT id, report_id, setup FROM report_runs WHERE state = 'sending' ORDER BY id LIMIT :limit
      FOR UPDATE SKIP LOCKED) r
LEFT JOIN deliveries d ON d.purpose = 'report' AND CAST(d.data ->> 'run' AS bigint) = r.id
GROUP BY r.id, r.report_id, r.setup
HAVING count(d.id) FILTER (WHERE d.state IN ('pending', 'sending')) = 0
""")


def prepare_due(limit: int = BATCH_SIZE) -> int:
    """Write the runs whose time has come. Return how many reports were looked at.

    Windows that were slept over are caught up by one run, for the last of them; it says that it is late.
    """
    now = clock.now()
    due = list(
        db.session.scalars(
            select(Report)
            .where(Report.active, Report.next_at <= now)
            .order_by(Report.next_at, Report.id)
            .limit(limit)
            .options(joinedload(Report.owner))
            .with_for_update(of=Report, skip_locked=True)
        )
    )
    runs = []
    for report in due:
        sending = reports.sending_of(report)
        if not report.shared and not report.owner.active:
            # Their own numbers are nobody's news while they are deactivated.
            report.next_at = report_times.next_after(sending, now)
            continue
        window = report_times.last_until(sending, now) or now
        missed = 0
        between = report.next_at
        while between is not None and between < window and missed < MISSED_MAX:
            missed, between = missed + 1, report_times.next_after(sending, between)
        setup = reports.setup_of(report) | {"missed": missed}
        runs.append(_row(setup, now) | {"report_id": report.id, "window_at": window, "late": now - window > LATE_AFTER})
        report.next_at = report_times.next_after(sending, now)
    db.session.flush()
    _write(runs)
    return len(due)


def send_now(actor: User, report: Report) -> None:
    """Have a report sent at once to everybody who gets it. Raises Forbidden, or Conflict for nobody or too soon."""
    reports.require_may_change(actor, report)
    reports.require_recipients(report)
    now = clock.now()
    row = _row(reports.setup_of(report), now) | {
        "report_id": report.id,
        "window_at": now.replace(second=0, microsecond=0),
        "user_id": actor.id,
        "by_hand": True,
    }
    if not _write([row]):
        raise Conflict("too_soon", gettext("It was sent in this very minute"))


def preview(actor: User, setup: Mapping[str, object]) -> int:
    """Have a report worked out for its author alone; return the run's id. Only the newest few of a person are kept."""
    old = select(ReportRun.id).where(ReportRun.user_id == actor.id, ReportRun.report_id.is_(None))
    newest = list(db.session.scalars(old.order_by(ReportRun.id.desc()).offset(PREVIEWS_MAX - 1).limit(100)))
    if newest:
        db.session.execute(text("DELETE FROM report_runs WHERE id = ANY(:ids)"), {"ids": newest})
    return _write([_row(dict(setup), clock.now()) | {"user_id": actor.id}])[0]


def sweep(limit: int = BATCH_SIZE) -> int:
    """Queue the runs that wait and are not on their way, or were left behind by a dead worker. Return how many."""
    now = clock.now()
    with transaction():
        rows = db.session.execute(
            text(
                "UPDATE report_runs SET queued_until = :queued_until WHERE id IN ("
                " SELECT id FROM report_runs WHERE state IN ('waiting', 'building') AND not_before <= :now"
                " AND (state = 'waiting' OR claimed_until < :now) AND (queued_until IS NULL OR queued_until < :now)"
                " ORDER BY not_before, id LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING id"
            ),
            {"now": now, "queued_until": now + outbound.QUEUED_FOR, "limit": limit},
        ).all()
    queue.enqueue_many(JOB, [(row.id,) for row in rows], queue="slow")
    return len(rows)


def settle(limit: int = BATCH_SIZE) -> int:
    """Close the runs whose mails have all ended; tell about those that could not be delivered. Return how many."""
    rows = db.session.execute(_SETTLED, {"limit": limit}).all()
    for row in rows:
        counts = {"sent": row.sent, "failed": row.failed, "skipped": row.skipped}
        db.session.get_one(ReportRun, row.id).counts = counts
        db.session.get_one(ReportRun, row.id).state = RunState.DONE
        db.session.get_one(ReportRun, row.id).finished_at = clock.now()
        cause = f"report:{row.report_id}:mails"
        if row.failed:
            about = {
                "name": row.name,
                "count": row.failed,
                "reason": row.reason or "",
                "url": report_build.page_of(row.report_id),
            }
            faults.note(cause, "report_undelivered", about, [row.owner_id])
        else:
            faults.over(cause)
    db.session.flush()
    return len(rows)


def remove_old() -> int:
    """Delete old previews and runs, with their files. Return how many."""
    now = clock.now()
    rows = db.session.execute(
        text(
            "DELETE FROM report_runs WHERE id IN (SELECT id FROM report_runs"
            " WHERE created_at < :previews AND (report_id IS NULL OR created_at < :runs)"
            " ORDER BY created_at LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING id"
        ),
        {"previews": now - PREVIEW_KEPT_FOR, "runs": now - KEPT_FOR, "limit": REMOVED_AT_ONCE},
    ).all()
    return len(rows)


def history(report: Report) -> list[ReportRun]:
    """Return the newest runs, without what they say."""
    statement = select(ReportRun).where(ReportRun.report_id == report.id).order_by(ReportRun.window_at.desc())
    return list(db.session.scalars(statement.options(defer(ReportRun.contents)).limit(HISTORY)))


def file_of(run_id: int, name: str) -> ReportFile | None:
    """Return a picture or attachment of a run."""
    return db.session.get(ReportFile, (run_id, name))


def _row(setup: Mapping[str, object], now: dt.datetime) -> dict[str, Any]:
    return {
        "setup": dict(setup),
        "state": RunState.WAITING.value,
        "not_before": now,
        "queued_until": now + outbound.QUEUED_FOR,
        "created_at": now,
        "by_hand": False,
        "late": False,
        "report_id": None,
        "window_at": None,
        "user_id": None,
    }


def _write(runs: list[dict[str, Any]]) -> list[int]:
    """Write runs and have them worked out after the commit; a window that has one already gets no second."""
    if not runs:
        return []
    statement = insert(ReportRun).values(runs).on_conflict_do_nothing().returning(ReportRun.id)
    ids = list(db.session.scalars(statement))
    on_commit(lambda: queue.enqueue_many(JOB, [(run_id,) for run_id in ids], queue="slow"))
    return ids
