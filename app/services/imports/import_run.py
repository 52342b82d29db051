"""The work of one import, as a job does it: all of it in one transaction, so that a stop at any moment leaves nothing.

Progress goes over a connection of its own. A worker that was killed holds its advisory lock no more: the beat finds
the import, and another worker starts it from the beginning.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from app import access, clock, queue
from app.catalogue import Rule
from app.errors import UserError
from app.extensions import db
from app.models.base import sort_key_of
from app.models.crm import Pipeline, Stage
from app.models.people import User
from app.models.records import Transfer
from app.services.exports.csv_cells import guarded
from app.services.imports import csv_reading, import_fields, imports
from app.services.imports.import_rows import Cleaner, Colleagues, Problem
from app.services.imports.import_writing import Duplicates, Writer
from app.services.notify import Subject, record_event
from app.services.records import history
from app.services.tasks.task_news import person
from app.transaction import transaction

BATCH = 1000
ATTEMPTS_MAX = 3
# Between the claim and the lock a worker needs a moment.
ABANDONED_AFTER = dt.timedelta(seconds=10)
# Two-key advisory locks: this one, and the import's id.
LOCK = 7_366_404


class Cancelled(Exception):
    """Somebody pressed the button."""


class NotAll(Exception):
    """So many rows have problems, and all or nothing was asked for."""

    def __init__(self, problems: int) -> None:
        super().__init__(problems)
        self.problems = problems


def run(import_id: int) -> None:
    """Do one import; one that another worker is at is left to it. The job's whole work."""
    if not _claim(import_id):
        return
    transfer = db.session.get_one(Transfer, import_id, populate_existing=True)
    path, problems = imports.path_of(transfer), imports.problems_path(transfer)
    db.session.rollback()
    try:
        with transaction(transfer.user_id), ExitStack() as opened:
            # Rows of many people's feeds are written at the very end only, so the limit for others does not bind here.
            db.session.execute(text("SET LOCAL transaction_timeout = 0"))
            # Webhooks hear of the whole import, not of each record.
            db.session.execute(text("SELECT set_config('frontdesk.bulk', 'on', true)"))
            if not _locked(import_id):
                return
            _import(import_id, path, _ProblemFile(problems, opened))
    except Cancelled:
        _over(import_id, "cancelled")
        problems.unlink(missing_ok=True)
    except NotAll as error:
        words = "Some rows have problems, so nothing was imported. Correct them, then try again."
        _over(import_id, "failed", words, error.problems)
    except UserError as error:
        _over(import_id, "failed", error.message)
    except Exception:
        _over(import_id, "failed", "Something went wrong; nothing was imported. Try again.")
        problems.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        raise
    path.unlink(missing_ok=True)


def sweep() -> int:
    """Give work that no worker is at to another one, and remove what has been kept long enough. Return how many."""
    now = clock.now()
    with transaction():
        left = db.session.execute(
            text(
                "UPDATE transfers SET state = CASE WHEN (settings ->> 'attempts')::int < :most THEN 'waiting'"
                " ELSE 'failed' END, done = 0, changed_at = clock_timestamp(), error = CASE"
                " WHEN (settings ->> 'attempts')::int < :most THEN NULL ELSE :stopped END"
                " WHERE id IN (SELECT id FROM transfers WHERE direction = 'import' AND state = 'running'"
                "  AND changed_at < clock_timestamp() - make_interval(secs => :seconds)"
                "  AND pg_try_advisory_xact_lock(:lock, id)) RETURNING id, state, stored_as"
            ),
            {
                "most": ATTEMPTS_MAX,
                "stopped": f"It was stopped {ATTEMPTS_MAX} times; nothing was imported.",
                "seconds": ABANDONED_AFTER.total_seconds(),
                "lock": LOCK,
            },
        ).all()
        waiting = list(
            db.session.scalars(
                select(Transfer.id).where(
                    Transfer.direction == "import",
                    Transfer.state == "waiting",
                    Transfer.changed_at < clock.real_now() - ABANDONED_AFTER,
                )
            )
        )
        old = _remove_old(now)
    for row in left:
        if row.state == "failed":
            imports.path_of(row).unlink(missing_ok=True)
    again = {*waiting, *(row.id for row in left if row.state == "waiting")}
    queue.enqueue_many(imports.JOB, [(one,) for one in again], queue="slow")
    return old


class _ProblemFile:
    """Rows that are not imported, with why, as a file for spreadsheets; made when there is the first."""

    def __init__(self, path: Path, opened: ExitStack) -> None:
        self._path, self._opened = path, opened
        self._rows: Any = None
        self._headings: Sequence[str] = ()
        self.count = 0

    def head(self, headings: Sequence[str]) -> None:
        """Name the columns."""
        self._headings = headings

    def write(self, problems: Sequence[Problem]) -> None:
        """Add rows."""
        if problems and self._rows is None:
            # Excel reads UTF-8 only with the mark in front.
            stream = self._opened.enter_context(self._path.open("w", encoding="utf-8-sig", newline=""))
            self._rows = csv.writer(stream)
            self._rows.writerow(["Line", "Problem", *map(guarded, self._headings)])
        for problem in problems:
            cells = [guarded(cell) for cell in problem.cells]
            self._rows.writerow([problem.line, guarded(problem.words), *cells])
        self.count += len(problems)


def _import(import_id: int, path: Path, problems: _ProblemFile) -> None:
    transfer = db.session.get_one(Transfer, import_id)
    actor = db.session.get_one(User, transfer.user_id)
    if not actor.active or access.is_free(actor):
        raise UserError("deactivated", "Who started this import may not import any more")
    settings: dict[str, Any] = transfer.settings
    reading = imports.reading_of(transfer)
    found = csv_reading.inspect(path, reading.encoding, reading.separator, reading.header)
    problems.head(found.headings)
    cleaner, writer = _cleaner(transfer, settings), _writer(transfer, settings)
    done = 0
    records = csv_reading.records(path, reading)
    while batch := list(islice(records, BATCH)):
        rows, wrong = cleaner.clean(batch)
        writer.write(rows)
        problems.write(wrong)
        done += len(batch)
        _tell_progress(import_id, done)
    if problems.count and settings["all_or_nothing"]:
        raise NotAll(problems.count)
    writer.finish()
    db.session.expunge_all()
    counts = {**writer.counts, "failed": problems.count}
    _tell(import_id, counts, writer)
    finished = db.session.execute(
        text(
            "UPDATE transfers SET state = 'done', done = :done, total = :done, counts = CAST(:counts AS jsonb),"
            " finished_at = :now, changed_at = clock_timestamp(), error = NULL WHERE id = :id AND NOT cancel"
            " RETURNING id"
        ),
        {"id": import_id, "done": done, "counts": json.dumps(counts), "now": clock.now()},
    ).first()
    if finished is None:
        raise Cancelled


def _cleaner(transfer: Transfer, settings: dict[str, Any]) -> Cleaner:
    stages: dict[str, int] = {}
    if transfer.kind == "leads":
        wanted = select(Stage).where(Stage.pipeline_id == settings["pipeline_id"]).order_by(Stage.position, Stage.id)
        for stage in db.session.scalars(wanted):
            stages.setdefault(sort_key_of(stage.name), stage.id)
        if not stages:
            raise UserError("gone", "The pipeline is gone", "pipeline")
    labels = {field.key: str(field.label).partition(" (")[0] for field in import_fields.FIELDS[transfer.kind]}
    decimal = str(settings.get("decimal") or ".")
    return Cleaner(settings["mapping"], settings["columns"], labels, stages, decimal, Colleagues())


def _writer(transfer: Transfer, settings: dict[str, Any]) -> Writer:
    writer = Writer(transfer.user_id, transfer.kind, Duplicates(settings["duplicates"]), settings.get("responsible_id"))
    if transfer.kind == "leads":
        # Where a lead starts that is added by hand, and in that pipeline's currency.
        first = (
            select(Stage.id, Pipeline.currency)
            .join(Pipeline)
            .where(Stage.pipeline_id == settings["pipeline_id"])
            .order_by(Stage.kind != "open", Stage.position, Stage.id)
            .limit(1)
        )
        writer.stage_id, writer.currency = db.session.execute(first).one()
    return writer


def _tell(import_id: int, counts: dict[str, int], writer: Writer) -> None:
    """Tell colleagues about all their new leads at once, and webhooks about the whole import."""
    db.session.execute(text("SELECT set_config('frontdesk.bulk', '', true)"))
    transfer = db.session.get_one(Transfer, import_id)
    actor = db.session.get_one(User, transfer.user_id)
    data = {
        "by": person(actor),
        "file": transfer.file_name,
        "counts": counts,
        "url": "/leadview/list/?_oc_LeadView=created_at&_od_LeadView=desc",
    }
    subject = Subject("import", import_id)
    if transfer.kind == "leads":
        told = {user_id: Rule.RESPONSIBLE for user_id in sorted(writer.assigned) if user_id != actor.id}
        record_event("lead:imported", actor.id, subject, data, told=told)
    else:
        history.record("contact:imported", actor, subject, data | {"url": "/contactview/list/"})


def _claim(import_id: int) -> bool:
    with transaction():
        claimed = db.session.execute(
            text(
                "UPDATE transfers SET state = 'running', done = 0, changed_at = clock_timestamp(),"
                " settings = jsonb_set(settings, '{attempts}', to_jsonb((settings ->> 'attempts')::int + 1))"
                " WHERE id = :id AND direction = 'import' AND state = 'waiting' RETURNING id"
            ),
            {"id": import_id},
        ).first()
    return claimed is not None


def _locked(import_id: int) -> bool:
    """Take the lock that says that somebody is at it; it goes with the transaction, however that ends."""
    statement = text("SELECT pg_try_advisory_xact_lock(:lock, :id)")
    return bool(db.session.execute(statement, {"lock": LOCK, "id": import_id}).scalar_one())


def _tell_progress(import_id: int, done: int) -> None:
    """Say how far it is, on another connection. Raises Cancelled when somebody pressed the button meanwhile."""
    with db.engine.begin() as connection:
        cancelled = connection.execute(
            text("UPDATE transfers SET done = :done, changed_at = clock_timestamp() WHERE id = :id RETURNING cancel"),
            {"done": done, "id": import_id},
        ).scalar_one()
    if cancelled:
        raise Cancelled


def _over(import_id: int, state: str, error: str | None = None, problems: int = 0) -> None:
    with transaction():
        db.session.execute(
            text(
                "UPDATE transfers SET state = :state, error = :error, finished_at = :now,"
                " counts = jsonb_build_object('failed', CAST(:problems AS int)), changed_at = clock_timestamp()"
                " WHERE id = :id AND state = 'running'"
            ),
            {"state": state, "error": error, "now": clock.now(), "problems": problems, "id": import_id},
        )


def _remove_old(now: dt.datetime) -> int:
    expired = db.session.scalars(
        select(Transfer).where(Transfer.direction == "import", Transfer.expires_at <= now).limit(100)
    ).all()
    for transfer in expired:
        imports.path_of(transfer).unlink(missing_ok=True)
        imports.problems_path(transfer).unlink(missing_ok=True)
        db.session.delete(transfer)
    stale = db.session.scalars(
        select(Transfer)
        .where(
            Transfer.direction == "import",
            Transfer.finished_at <= now - imports.PROBLEMS_KEPT_FOR,
            Transfer.counts["failed"].as_integer() > 0,
        )
        .limit(100)
    ).all()
    for transfer in stale:
        imports.problems_path(transfer).unlink(missing_ok=True)
        transfer.counts = {**transfer.counts, "failed_gone": transfer.counts["failed"], "failed": 0}
    return len(expired) + len(stale)
