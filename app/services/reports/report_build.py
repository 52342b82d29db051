"""Working a run out: numbers, charts, PDF, CSV, then its mails into the outbox, all of it in one transaction.

Only for jobs. Nothing is open in the database while drawing; the result is written by who still holds the claim.
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
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.catalogue import Rule
from app.clock import zone_of
from app.errors import UserError
from app.extensions import db
from app.models.people import User
from app.models.reports import ReportFile, RunState
from app.services import outbound
from app.services.account import account, faults
from app.services.notify import Subject, record_event
from app.services.reports import activity_days, report_charts, report_contents, report_words
from app.services.reports.activity_report import report_csv
from app.services.reports.report_period import Period
from app.services.reports.report_scope import Scope, scope_for, still_there
from app.transaction import on_commit, transaction

log = logging.getLogger(__name__)

TAG = "report:ready"
LEASE = dt.timedelta(minutes=5)
RETRY_DELAYS_SECONDS = (30, 120, 600)
# Beginnings that nobody ended: a report that ends its worker each time must not do so for ever.
BEGINNINGS_MOST = 10

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


def build(run_id: int) -> None:
    """Work a run out and write its mails; one that another worker has claimed is left to it."""
    now = clock.now()
    with transaction():
        claimed = db.session.execute(_CLAIM, {"id": run_id, "now": now, "lease": now + LEASE}).one_or_none()
    if claimed is None:
        return
    if claimed.attempts > BEGINNINGS_MOST:
        _fail(claimed, gettext("It could not be made: %(error)s", error="WorkerLost"), final=True)
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


def _work_out(setup: Mapping[str, Any], at: dt.datetime, *, is_preview: bool) -> Built:
    """Raises UserError for what trying again cannot cure: rights that the owner has lost."""
    # Only jobs need it, and it takes its time to come.
    from app.services.reports import report_pdf

    owner = db.session.get_one(User, setup["owner_id"])
    if not owner.active:
        raise UserError("deactivated", gettext("Its owner is deactivated"))
    scope = scope_for(owner, still_there(Scope(setup["scope"], tuple(setup["scope_ids"]))))
    period = Period.last(setup["period"], at, setup["zone"])
    _bring_up_to_date(period)
    name = setup["name"] if setup["shared"] else report_words.own_name()
    made = report_contents.make(name, period, scope, setup["sections"])
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
        about = {"name": run.setup["name"], "reason": reason, "url": page_of(run.report_id)}
        problem, what = ("report_without_recipients", "recipients") if nobody else ("report_failed", "run")
        faults.note(f"report:{run.report_id}:{what}", problem, about, [run.setup["owner_id"]])


def page_of(report_id: int) -> str:
    """Return where a report's history is."""
    return f"/scheduled/{report_id}"
