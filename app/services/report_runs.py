"""Runs of reports: each window once, worked out by a job, its mails written to the outbox in one transaction.

A run is a row, unique per report and window; whoever claims it works it out, and only who still holds it writes the
result. So neither two beats nor a killed worker can double or lose one. Previews go the same way and are sent nowhere.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import force_locale, gettext
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import defer, joinedload

from app import clock, queue
from app.catalogue import Rule
from app.errors import Conflict, UserError
from app.extensions import db
from app.models.people import User
from app.models.reports import Report, ReportFile, ReportRun, RunState
from app.services import account, activity_days, faults, outbound, report_charts, report_contents, report_times, reports
from app.services.activity_report import report_csv
from app.services.due_words import zone_of
from app.services.notify import Subject, record_event
from app.services.report_period import Period
from app.services.report_scope import Scope, scope_for
from app.transaction import on_commit, transaction

log = logging.getLogger(__name__)

JOB = "app.jobs.reports.run_report"
TAG = "report:ready"
BATCH_SIZE = 100
LATE_AFTER = dt.timedelta(minutes=5)
LEASE = dt.timedelta(minutes=5)
RETRY_DELAYS_SECONDS = (30, 120, 600)
PREVIEW_KEPT_FOR, KEPT_FOR = dt.timedelta(hours=1), dt.timedelta(days=365)
PREVIEWS_MAX = 3
MISSED_MAX = 100
REMOVED_AT_ONCE = 50
HISTORY = 30

_CLAIM = text("""
UPDATE report_runs SET state = 'building', claimed_until = :lease, attempts = attempts + 1, queued_until = NULL
WHERE id = :id AND not_before <= :now AND (state = 'waiting' OR state = 'building' AND claimed_until < :now)
RETURNING id, report_id, window_at, late, by_hand, setup, attempts
""")

_FINISH = text("""
UPDATE report_runs SET state = :state, claimed_until = NULL, error = NULL, contents = CAST(:contents AS jsonb),
    starts_on = :starts_on, ends_on = :ends_on, took_ms = :took_ms, size = :size, finished_at = :finished_at
WHERE id = :id AND state = 'building' AND attempts = :attempts RETURNING id
""")

_RECIPIENTS = """
FROM report_recipients c LEFT JOIN ab_user u ON u.id = c.user_id
WHERE c.report_id = :report_id AND c.confirmed_at IS NOT NULL AND c.unsubscribed_at IS NULL
  AND (c.user_id IS NULL OR u.active AND u.email LIKE '%@%')
"""

_DELIVER = text(f"""
INSERT INTO deliveries (dedupe_key, purpose, event_tag, channel, address, user_id, notification_id, state, not_before,
                        queued_until, data, created_at)
SELECT 'report:' || c.report_id || ':' || c.id || ':' || CAST(:window AS text), 'report', :tag, 'email',
       coalesce(u.email, c.address), c.user_id,
       (SELECT n.id FROM notifications n WHERE n.event_id = :event_id AND n.user_id = c.user_id), 'pending', :now,
       :queued_until, jsonb_build_object('run', CAST(:run AS bigint), 'recipient', c.id, 'key', CAST(:key AS text)),
       :now
{_RECIPIENTS} ORDER BY c.id
ON CONFLICT (dedupe_key) DO NOTHING RETURNING id
""")

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


class NotReady(Exception):
    """The numbers are not there yet; they will be."""


@dataclass(frozen=True, slots=True)
class File:
    """A picture or attachment of a run."""

    name: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Built:
    """What a run came to."""

    period: Period
    contents: report_contents.Contents
    files: tuple[File, ...]


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


def build(run_id: int) -> None:
    """Work a run out and write its mails; one that another worker has claimed is left to it."""
    now = clock.now()
    with transaction():
        claimed = db.session.execute(_CLAIM, {"id": run_id, "now": now, "lease": now + LEASE}).one_or_none()
    if claimed is None:
        return
    started = time.monotonic()
    try:
        with force_locale(claimed.setup["language"]):
            built = _work_out(claimed.setup, claimed.window_at or now, is_preview=claimed.report_id is None)
        db.session.rollback()
        took_ms = round((time.monotonic() - started) * 1000)
        with transaction(), force_locale(claimed.setup["language"]):
            _finish(claimed, built, took_ms)
    except UserError as error:
        _fail(claimed, error.message, final=True)
    except NotReady as error:
        _fail(claimed, str(error), final=claimed.attempts > len(RETRY_DELAYS_SECONDS))
    except Exception as error:
        log.exception("run %s of a report failed", run_id)
        reason = gettext("It could not be made: %(error)s", error=type(error).__name__)
        _fail(claimed, reason, final=claimed.attempts > len(RETRY_DELAYS_SECONDS))


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
            about = {"name": row.name, "count": row.failed, "reason": row.reason or "", "url": _url(row.report_id)}
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


def _work_out(setup: Mapping[str, Any], at: dt.datetime, *, is_preview: bool) -> Built:
    """Raises UserError for what trying again cannot cure: rights that the owner has lost."""
    # Only jobs need it, and it takes its time to come.
    from app.services import report_pdf

    owner = db.session.get_one(User, setup["owner_id"])
    if not owner.active:
        raise UserError("deactivated", gettext("Its owner is deactivated"))
    scope = scope_for(owner, Scope(setup["scope"], tuple(setup["scope_ids"])))
    period = Period.last(setup["period"], at, setup["zone"])
    _bring_up_to_date(period)
    made = report_contents.make(setup["name"], period, scope, setup["sections"])
    if made.report.rebuilding and not is_preview:
        raise NotReady(gettext("The numbers of this time were being counted anew"))
    db.session.rollback()  # nothing is open while drawing
    files = []
    light = {}
    for name, chart in made.charts.items():
        light[name] = report_charts.png(chart, report_charts.LIGHT)
        files.append(File(f"{name}-light.png", "image/png", light[name]))
        files.append(File(f"{name}-dark.png", "image/png", report_charts.png(chart, report_charts.DARK)))
    if setup["attach_pdf"]:
        files.append(File("report.pdf", "application/pdf", report_pdf.pdf(made.contents, light)))
    if setup["attach_csv"]:
        # The mark in front lets spreadsheets know the encoding.
        files.append(File("report.csv", "text/csv", b"\xef\xbb\xbf" + report_csv(made.report).encode()))
    return Built(period, made.contents, tuple(files))


def _bring_up_to_date(period: Period) -> None:
    """Have the last hours of the period counted before they are told; the beat does it every minute."""
    end = dt.datetime.combine(period.ends_on, dt.time(), zone_of(account.zone()))
    counted = db.session.execute(text("SELECT refreshed_at FROM activity_state")).scalar()
    db.session.rollback()
    if counted is None or counted < end:
        with transaction():
            activity_days.refresh()


def _finish(run: Any, built: Built, took_ms: int) -> None:
    """Keep the result and write the mails: all of it or nothing, and only while the claim is still ours."""
    now = clock.now()
    is_preview = run.report_id is None
    kept = db.session.execute(
        _FINISH,
        {
            "id": run.id,
            "attempts": run.attempts,
            "state": (RunState.DONE if is_preview else RunState.SENDING).value,
            "contents": json.dumps(report_contents.as_json(built.contents)),
            "starts_on": built.period.starts_on,
            "ends_on": built.period.ends_on,
            "took_ms": took_ms,
            "size": sum(len(file.content) for file in built.files),
            "finished_at": now if is_preview else None,
        },
    ).one_or_none()
    if kept is None:
        return
    if built.files:
        db.session.execute(
            insert(ReportFile),
            [{"run_id": run.id, "name": one.name, "type": one.type, "content": one.content} for one in built.files],
        )
    if is_preview:
        return
    people = db.session.execute(
        text(f"SELECT c.user_id {_RECIPIENTS} AND c.user_id IS NOT NULL ORDER BY c.id"), {"report_id": run.report_id}
    ).scalars()
    about = {"name": run.setup["name"], "title": built.contents.title, "summary": built.contents.summary}
    event_id = record_event(
        TAG,
        None,
        Subject("report", run.report_id),
        {**about, "url": f"/scheduled/runs/{run.id}"},
        told=dict.fromkeys(people, Rule.RECIPIENT),
    )
    made = db.session.execute(
        _DELIVER,
        {
            "report_id": run.report_id,
            "run": run.id,
            "window": f"{run.window_at.astimezone(dt.UTC):%Y%m%dT%H%MZ}",
            "tag": TAG,
            "event_id": event_id,
            "now": now,
            "queued_until": now + outbound.QUEUED_FOR,
            "key": secrets.token_hex(4),
        },
    ).all()
    cause = f"report:{run.report_id}:recipients"
    if not made:
        raise UserError("no_recipients", gettext("Nobody gets this report: all have left it or are deactivated"))
    faults.over(cause)
    faults.over(f"report:{run.report_id}:run")
    on_commit(lambda: outbound.enqueue(("email", row.id) for row in made))


def _fail(run: Any, reason: str, *, final: bool) -> None:
    """Try again later, or give up and tell the owner why."""
    db.session.rollback()
    now = clock.now()
    delay = RETRY_DELAYS_SECONDS[min(run.attempts, len(RETRY_DELAYS_SECONDS)) - 1]
    with transaction():
        kept = db.session.execute(
            text(
                "UPDATE report_runs SET state = :state, error = :error, claimed_until = NULL, not_before = :at,"
                " finished_at = :finished_at"
                " WHERE id = :id AND state = 'building' AND attempts = :attempts RETURNING id"
            ),
            {
                "id": run.id,
                "attempts": run.attempts,
                "state": (RunState.FAILED if final else RunState.WAITING).value,
                "error": reason,
                "at": now if final else now + dt.timedelta(seconds=delay),
                "finished_at": now if final else None,
            },
        ).one_or_none()
        if kept is None or not final or run.report_id is None:
            return
        nobody = not db.session.execute(text(f"SELECT 1 {_RECIPIENTS} LIMIT 1"), {"report_id": run.report_id}).first()
        about = {"name": run.setup["name"], "reason": reason, "url": _url(run.report_id)}
        problem, what = ("report_without_recipients", "recipients") if nobody else ("report_failed", "run")
        faults.note(f"report:{run.report_id}:{what}", problem, about, [run.setup["owner_id"]])


def _url(report_id: int) -> str:
    return f"/scheduled/{report_id}"
