"""Deleted records that can come back: the row and what pointed to it, kept for an hour.

Read from the database's own catalogue of foreign keys, so that a new table that points to a lead needs no change here.
"""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, select, text

from app import clock
from app.errors import NotFound
from app.extensions import db
from app.models.base import Model
from app.models.people import User
from app.models.records import DeletedRecord
from app.services.notify import Subject
from app.services.records import card_chats

KEPT_FOR = dt.timedelta(hours=1)
_CASCADE = "c"
# Tables of records with cards, and what their chats call them.
_CARDS = {"leads": "lead", "contacts": "contact", "companies": "company"}
# The other table, its column, what happens to it, and its own key.
Reference = tuple[str, str, str, str]


def new_batch() -> str:
    """Return a name for what is deleted, and comes back, together."""
    return uuid4().hex


def keep(actor: User, item: Model, batch: str) -> None:
    """Keep a record that is about to be deleted in the same transaction."""
    table, record_id = item.__tablename__, item.id  # type: ignore[attr-defined]
    db.session.flush()
    data = db.session.execute(text(f"SELECT to_jsonb(r) FROM {table} r WHERE id = :id"), {"id": record_id}).scalar_one()
    links = {}
    for other, column, on_delete, key in _references(table):
        wanted = "jsonb_agg(to_jsonb(r))" if on_delete == _CASCADE else f"jsonb_agg(r.{key})"
        found = db.session.execute(text(f"SELECT {wanted} FROM {other} r WHERE {column} = :id"), {"id": record_id})
        if (rows := found.scalar_one()) is not None:
            links[f"{other}.{column}"] = rows
    db.session.add(
        DeletedRecord(batch=batch, kind=table, record_id=record_id, data=data, links=links, deleted_by_id=actor.id)
    )


def restore(actor: User, batch: str) -> int:
    """Bring back what the actor deleted within the hour, with what pointed to it; return how many records.

    Raises NotFound for somebody else's, an older or a restored one.
    """
    rows = db.session.scalars(
        select(DeletedRecord)
        .where(DeletedRecord.batch == batch, DeletedRecord.deleted_by_id == actor.id)
        .where(DeletedRecord.deleted_at > clock.now() - KEPT_FOR)
        .order_by(DeletedRecord.id)
        .with_for_update()
    ).all()
    if not rows:
        raise NotFound("Deleted record")
    for row in rows:
        _insert(row.kind, [row.data])
        _relink(row)
        if row.kind in _CARDS:
            card_chats.put_away(Subject(_CARDS[row.kind], int(row.record_id)), away=False)
        db.session.delete(row)
    db.session.flush()
    return len(rows)


def remove_old(limit: int = 1000) -> int:
    """Forget what nobody brought back in time. Return how many."""
    old = select(DeletedRecord.id).where(DeletedRecord.deleted_at <= clock.now() - KEPT_FOR).limit(limit)
    ids = list(db.session.scalars(old))
    db.session.execute(delete(DeletedRecord).where(DeletedRecord.id.in_(ids)))
    return len(ids)


def _relink(row: DeletedRecord) -> None:
    known = {f"{other}.{column}": (other, column, *rest) for other, column, *rest in _references(row.kind)}
    for name, rows in row.links.items():
        if name not in known:
            continue
        other, column, on_delete, key = known[name]
        if on_delete == _CASCADE:
            _insert(other, rows)
        else:
            db.session.execute(
                text(f"UPDATE {other} SET {column} = :id WHERE {key} = ANY(:ids) AND {column} IS NULL"),
                {"id": row.record_id, "ids": rows},
            )


def _insert(table: str, rows: Any) -> None:
    db.session.execute(
        text(
            f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, CAST(:rows AS jsonb))"
            " ON CONFLICT DO NOTHING"
        ),
        {"rows": json.dumps(rows)},
    )


@cache
def _references(table: str) -> tuple[Reference, ...]:
    """Return (table, column, action) of every foreign key to a table that deleting a row would empty or cascade to."""
    rows = db.session.execute(
        text(
            "SELECT c.conrelid::regclass::text AS other, a.attname AS column_name, c.confdeltype AS on_delete,"
            " k.attname AS key"
            " FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
            " JOIN pg_index i ON i.indrelid = c.conrelid AND i.indisprimary"
            " JOIN pg_attribute k ON k.attrelid = c.conrelid AND k.attnum = i.indkey[0]"
            " WHERE c.contype = 'f' AND c.confrelid = CAST(:name AS regclass) AND cardinality(c.conkey) = 1"
            " AND c.confdeltype IN ('n', 'c') ORDER BY 1, 2"
        ),
        {"name": table},
    )
    return tuple((row.other, row.column_name, _text(row.on_delete), row.key) for row in rows)


def _text(value: str | bytes) -> str:
    # The driver gives PostgreSQL's "char" as bytes.
    return value.decode() if isinstance(value, bytes) else value
