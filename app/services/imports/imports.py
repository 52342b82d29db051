"""Imports of leads and contacts: a file is uploaded, its columns are named, then a job writes all of it or nothing."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from flask import current_app
from sqlalchemy import Row, select, text
from sqlalchemy.orm import joinedload

from app import access, clock, queue
from app.errors import Conflict, Forbidden, NotFound, UserError
from app.extensions import db
from app.models.crm import Pipeline
from app.models.people import User
from app.models.records import Transfer
from app.offload import offload
from app.services import stored_files
from app.services.imports import csv_reading, import_fields
from app.services.imports.csv_reading import Inspection, Reading
from app.services.imports.import_writing import Duplicates
from app.services.records.responsible import checked_responsible
from app.transaction import on_commit

JOB = "app.jobs.imports.run_import"
# What is uploaded and not started goes after a day, what could not be imported after a week, the entry with its
# numbers after three months.
DRAFT_KEPT_FOR = dt.timedelta(hours=24)
PROBLEMS_KEPT_FOR = dt.timedelta(days=7)
KEPT_FOR = dt.timedelta(days=90)
OPEN_MAX = 5
LISTED = 50
BUSY = ("waiting", "running")


@dataclass(frozen=True, slots=True)
class Draft:
    """An import that still asks: what is in the file, and what its columns are taken for."""

    transfer: Transfer
    found: Inspection
    mapping: list[str]
    decimal: str


def upload(actor: User, kind: str, name: str, stream: BinaryIO) -> Transfer:
    """Keep a file and find out how it is read. Raises UserError on ``file``, ``encoding`` or ``separator``."""
    _team(actor)
    if kind not in import_fields.KINDS:
        raise UserError("invalid", "Choose what to import", "kind")
    if not name:
        raise UserError("required", "Choose a file", "file")
    size, longest = stream.seek(0, 2), int(current_app.config["MAX_CONTENT_LENGTH"])
    if size > longest:
        raise UserError("file_too_big", f"At most {longest // 1024 // 1024} MB", "file", 413)
    if len([one for one in of(actor) if one.user_id == actor.id and one.state in ("draft", *BUSY)]) >= OPEN_MAX:
        raise UserError("too_many", f"You have {OPEN_MAX} imports open; finish or cancel one first", "file")
    stored_as = secrets.token_hex(20)
    path = stored_files.folder("imports") / stored_as
    stored_files.keep(stream, path)
    try:
        found = offload(csv_reading.inspect, path)
    except UserError:
        path.unlink(missing_ok=True)
        raise
    draft = Transfer(
        user_id=actor.id,
        direction="import",
        kind=kind,
        state="draft",
        file_name=_clean_name(name),
        stored_as=stored_as,
        settings={"reading": asdict(found.reading)},
        total=found.rows,
        counts={},
        expires_at=clock.now() + DRAFT_KEPT_FOR,
    )
    db.session.add(draft)
    db.session.flush()
    return draft


def read_again(actor: User, draft: Transfer, encoding: str, separator: str, header: bool) -> None:
    """Read the file of a draft another way. Raises UserError naming the field; then nothing has changed."""
    _own_draft(actor, draft)
    found = offload(csv_reading.inspect, path_of(draft), encoding, separator, header)
    draft.settings = {"reading": asdict(found.reading)}
    draft.total = found.rows
    db.session.flush()


def draft_of(actor: User, transfer: Transfer) -> Draft:
    """Return what a draft asks, with what is suggested. Raises UserError when its file is gone."""
    _own_draft(actor, transfer)
    reading = reading_of(transfer)
    found = offload(csv_reading.inspect, path_of(transfer), reading.encoding, reading.separator, reading.header)
    if reading.header:
        mapping = import_fields.guess(transfer.kind, found.headings)
    else:
        mapping = import_fields.guess_without_headings(transfer.kind, found.sample)
    return Draft(transfer, found, mapping, import_fields.guess_decimal(transfer.kind, mapping, found.sample))


def start(actor: User, draft: Transfer, columns: int, given: Mapping[str, Any]) -> None:
    """Check what was chosen and let a job do it.

    ``given``: ``mapping`` (a field's key per column), ``duplicates``, ``responsible_id``, ``all_or_nothing`` and, for
    leads, ``pipeline_id`` and ``decimal``. Raises UserError naming the field (``column-3``).
    """
    _own_draft(actor, draft)
    mapping = import_fields.checked(draft.kind, list(given.get("mapping") or []), columns)
    duplicates = given.get("duplicates")
    if duplicates not in set(Duplicates):
        raise UserError("invalid", "Choose what to do with duplicates", "duplicates")
    settings: dict[str, Any] = {
        "reading": draft.settings["reading"],
        "columns": columns,
        "mapping": mapping,
        "duplicates": str(duplicates),
        "responsible_id": checked_responsible(actor, given.get("responsible_id")),
        "all_or_nothing": bool(given.get("all_or_nothing")),
        "attempts": 0,
    }
    if draft.kind == "leads":
        pipeline_id = given.get("pipeline_id")
        if not isinstance(pipeline_id, int) or db.session.get(Pipeline, pipeline_id) is None:
            raise UserError("invalid", "Choose a pipeline", "pipeline")
        if given.get("decimal") not in (".", ","):
            raise UserError("invalid", "Choose the decimal sign", "decimal")
        settings |= {"pipeline_id": pipeline_id, "decimal": given["decimal"]}
    draft.settings = settings
    draft.state = "waiting"
    draft.expires_at = clock.now() + KEPT_FOR
    db.session.flush()
    import_id = draft.id
    on_commit(lambda: queue.enqueue(JOB, import_id, queue="slow"))


def cancel(actor: User, transfer: Transfer) -> None:
    """Stop an import: nothing of it stays. Raises Conflict when it is over already."""
    if transfer.user_id != actor.id and not access.is_admin(actor):
        raise Forbidden("Only who started an import and admins may cancel it")
    stopped = db.session.execute(
        text(
            "UPDATE transfers SET cancel = true, changed_at = clock_timestamp(),"
            " state = CASE WHEN state = 'running' THEN state ELSE 'cancelled' END,"
            " finished_at = CASE WHEN state = 'running' THEN NULL ELSE CAST(:now AS timestamptz) END"
            " WHERE id = :id AND state IN ('draft', 'waiting', 'running') RETURNING state"
        ),
        {"id": transfer.id, "now": clock.now()},
    ).first()
    if stopped is None:
        raise Conflict("finished", "This import is over already")
    path = path_of(transfer)
    if stopped.state == "cancelled":
        on_commit(lambda: path.unlink(missing_ok=True))
    db.session.expire(transfer)


def of(user: User) -> list[Transfer]:
    """Return the newest imports: one's own, everybody's for admins."""
    statement = select(Transfer).where(Transfer.direction == "import", Transfer.expires_at > clock.now())
    if not access.is_admin(user):
        statement = statement.where(Transfer.user_id == user.id)
    return list(db.session.scalars(statement.order_by(Transfer.id.desc()).limit(LISTED)))


def people_of(transfers: list[Transfer]) -> dict[int, User]:
    """Return who started them."""
    ids = {one.user_id for one in transfers}
    return {user.id: user for user in db.session.scalars(select(User).where(User.id.in_(ids)))}


def find(user: User, import_id: int) -> Transfer:
    """Return an import that this person may look at. Raises NotFound."""
    found = db.session.get(Transfer, import_id) if 0 < import_id <= access.LARGEST_ID else None
    if found is None or found.direction != "import" or found.expires_at <= clock.now():
        raise NotFound("Import")
    if found.user_id != user.id and (found.state == "draft" or not access.is_admin(user)):
        raise NotFound("Import")
    return found


def problems_of(user: User, transfer: Transfer) -> Path:
    """Return the file with what could not be imported, for who started the import. Raises NotFound."""
    path = problems_path(transfer)
    if transfer.user_id != user.id or not transfer.counts.get("failed") or not path.exists():
        raise NotFound("File")
    return path


def reading_of(transfer: Transfer) -> Reading:
    """Return how a file is read."""
    return Reading(**transfer.settings["reading"])  # type: ignore[arg-type]


def path_of(transfer: Transfer | Row[Any]) -> Path:
    """Return where the uploaded file is: never below anything that is served."""
    return stored_files.folder("imports") / transfer.stored_as


def problems_path(transfer: Transfer) -> Path:
    """Return where the rows are that could not be imported."""
    return stored_files.folder("imports") / f"{transfer.stored_as}.problems"


def pipelines() -> list[Pipeline]:
    """Return where leads can go, in order."""
    statement = select(Pipeline).options(joinedload(Pipeline.group)).order_by(Pipeline.position, Pipeline.id)
    return list(db.session.scalars(statement))


def _team(actor: User) -> None:
    if access.is_free(actor):
        raise Forbidden("Free users cannot import")


def _own_draft(actor: User, draft: Transfer) -> None:
    if draft.user_id != actor.id:
        raise Forbidden("Only who uploaded the file may start this import")
    if draft.state != "draft":
        raise Conflict("started", "This import has been started already")
    if not path_of(draft).exists():
        raise UserError("gone", "The file is gone; upload it again", "file", 410)


def _clean_name(name: str) -> str:
    last = name.replace("\\", "/").rpartition("/")[2]
    return " ".join("".join(char for char in last if char.isprintable()).split())[:150] or "file.csv"
