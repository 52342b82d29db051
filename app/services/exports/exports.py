"""Exports of lists to CSV: written by a job, only what the person may see, downloaded within a day."""

from __future__ import annotations

import csv
import datetime as dt
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from app import access, clock, queue
from app.errors import NotFound, UserError
from app.extensions import db
from app.models.people import User
from app.models.records import Transfer
from app.services import stored_files
from app.services.exports.csv_cells import guarded
from app.services.exports.export_columns import SOURCES, Source
from app.services.limits import limits
from app.transaction import on_commit, transaction

JOB = "app.jobs.exports.write_export"
KEPT_FOR = dt.timedelta(hours=24)
BATCH = 1000
# A job that was killed is taken for lost after its time limit.
STUCK_AFTER = dt.timedelta(minutes=6)


def start(actor: User, kind: str, ids: list[int]) -> Transfer:
    """Ask for a file of the given records, of all where none is given. Raises UserError for an unknown kind."""
    if kind not in SOURCES:
        raise UserError("invalid", "There is no such list", "kind")
    day = clock.now().date().isoformat()
    export = Transfer(
        user_id=actor.id,
        direction="export",
        kind=kind,
        state="waiting",
        file_name=f"{kind}-{day}.csv",
        stored_as=secrets.token_hex(20),
        settings={"ids": ids},
        counts={},
        expires_at=clock.now() + KEPT_FOR,
    )
    db.session.add(export)
    db.session.flush()
    export_id = export.id
    on_commit(lambda: queue.enqueue(JOB, export_id, queue="slow"))
    return export


def of(user_id: int) -> list[Transfer]:
    """Return a person's exports that are still kept, the newest first."""
    statement = select(Transfer).where(
        Transfer.user_id == user_id, Transfer.direction == "export", Transfer.expires_at > clock.now()
    )
    return list(db.session.scalars(statement.order_by(Transfer.id.desc()).limit(20)))


def finished(user_id: int, export_id: int) -> Transfer:
    """Return one's own finished export. Raises NotFound for anything else, and for one that has expired."""
    found = db.session.get(Transfer, export_id) if 0 < export_id <= access.LARGEST_ID else None
    mine = found is not None and found.user_id == user_id and found.direction == "export" and found.state == "done"
    if not mine or found is None or found.expires_at <= clock.now() or not path_of(found).exists():
        raise NotFound("Export")
    return found


def path_of(export: Transfer) -> Path:
    """Return where the file is kept: never below anything that is served."""
    return stored_files.folder("exports") / export.stored_as


def write(export_id: int) -> None:
    """Write the file of one export; one that another worker is at is left to it. The job's whole work."""
    with transaction():
        claimed = db.session.execute(
            text(
                "UPDATE transfers SET state = 'running', changed_at = clock_timestamp()"
                " WHERE id = :id AND direction = 'export' AND state = 'waiting' RETURNING user_id"
            ),
            {"id": export_id},
        ).first()
    if claimed is None:
        return
    export = db.session.get_one(Transfer, export_id, populate_existing=True)
    user = db.session.get_one(User, export.user_id)
    path = path_of(export)
    unfinished = path.with_suffix(".part")
    count = 0
    try:
        # Excel reads UTF-8 only with the mark in front.
        with unfinished.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream)
            source = SOURCES[export.kind]
            writer.writerow(source.columns)
            for rows in _batches(source, user, list(export.settings.get("ids") or [])) if user.active else ():
                limits.count_records(user, rows, place=f"/exports/ {export.kind}")
                writer.writerows([[guarded(read(row)) for read in source.columns.values()] for row in rows])
                count += len(rows)
        unfinished.replace(path)
    except limits.LimitExceeded:
        # Who asked is deactivated by now, and gets nothing.
        unfinished.unlink(missing_ok=True)
        _finish(export_id, "failed", count)
        return
    except Exception:
        unfinished.unlink(missing_ok=True)
        _finish(export_id, "failed", count)
        raise
    _finish(export_id, "done", count)


def sweep() -> int:
    """Enqueue what no worker took, give up what a killed one held, and remove what has expired. Return how many."""
    now = clock.now()
    with transaction():
        db.session.execute(
            text(
                "UPDATE transfers SET state = 'failed', changed_at = clock_timestamp() WHERE direction = 'export'"
                " AND state = 'running' AND changed_at < clock_timestamp() - make_interval(secs => :seconds)"
            ),
            {"seconds": STUCK_AFTER.total_seconds()},
        )
        expired = db.session.scalars(
            select(Transfer).where(Transfer.direction == "export", Transfer.expires_at <= now).limit(100)
        ).all()
        for export in expired:
            path_of(export).unlink(missing_ok=True)
            db.session.delete(export)
        waiting = list(
            db.session.scalars(
                select(Transfer.id)
                .where(
                    Transfer.direction == "export",
                    Transfer.state == "waiting",
                    Transfer.created_at < now - dt.timedelta(seconds=30),
                )
                .order_by(Transfer.id)
                .limit(100)
            )
        )
    for export_id in waiting:
        queue.enqueue(JOB, export_id, queue="slow")
    return len(expired)


def _batches(source: Source, user: User, ids: list[int]) -> Iterator[list[Any]]:
    chosen, last = sorted(ids), 0
    while True:
        statement = (
            select(source.model)
            .where(source.visible(user), source.model.id > last)
            .options(*source.eager)
            .order_by(source.model.id)
            .limit(BATCH)
        )
        if ids:
            piece, chosen = chosen[:BATCH], chosen[BATCH:]
            statement = statement.where(source.model.id.in_(piece))
        rows = list(db.session.scalars(statement).unique())
        if rows:
            yield rows
            last = rows[-1].id
            # Memory stays that of one batch.
            for row in rows:
                db.session.expunge(row)
        if not chosen and (ids or not rows):
            return


def _finish(export_id: int, state: str, count: int) -> None:
    with transaction():
        db.session.execute(
            text(
                "UPDATE transfers SET state = :state, total = :count, done = :count, finished_at = :now,"
                " changed_at = clock_timestamp() WHERE id = :id"
            ),
            {"state": state, "count": count, "now": clock.now(), "id": export_id},
        )
