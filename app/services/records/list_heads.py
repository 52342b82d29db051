"""What stands above a person's list: own saved filters, chosen columns, and how many each fixed view holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Select, delete, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from app.errors import UserError
from app.extensions import db
from app.models.people import User
from app.models.records import ListColumns, SavedFilter

# Counting stops one above: "99+".
COUNT_MAX = 99


@dataclass(frozen=True, slots=True)
class Saved:
    """One of the person's own filters."""

    id: int
    name: str
    query: str


@dataclass(frozen=True, slots=True)
class Head:
    """``columns`` is None for who never chose; ``counts`` follow what was asked, each at most COUNT_MAX + 1."""

    saved: tuple[Saved, ...]
    columns: tuple[str, ...] | None
    counts: tuple[int, ...]


def read(user_id: int, screen: str, counted: Sequence[Select[Any]]) -> Head:
    """Return the head of a list: one statement, each count of bounded size."""
    own = SavedFilter.user_id == user_id, SavedFilter.screen == screen
    row = func.json_build_array(SavedFilter.id, SavedFilter.name, SavedFilter.query)
    saved = select(func.json_agg(aggregate_order_by(row, SavedFilter.id), type_=JSON)).where(*own)
    columns = select(ListColumns.columns).where(ListColumns.user_id == user_id, ListColumns.screen == screen)
    counts = [
        select(func.count()).select_from(one.limit(COUNT_MAX + 1).subquery()).scalar_subquery() for one in counted
    ]
    found = db.session.execute(select(saved.scalar_subquery(), columns.scalar_subquery(), *counts)).one()
    return Head(
        saved=tuple(Saved(*one) for one in found[0] or ()),
        columns=tuple(found[1]) if found[1] is not None else None,
        counts=tuple(found[2:]),
    )


def choose_columns(
    actor: User, screen: str, wanted: Collection[str], offered: Sequence[str], usual: Sequence[str]
) -> None:
    """Keep which columns a person wants to see; the first one, the record's name, always stays.

    Wanting the usual ones is no choice: they may change. Raises UserError on ``columns``.
    """
    unknown = set(wanted) - set(offered)
    if unknown:
        raise UserError("invalid", f"There is no column {min(unknown)[:40]!r}", "columns")
    chosen = [name for place, name in enumerate(offered) if place == 0 or name in wanted]
    if chosen == list(usual):
        own = ListColumns.user_id == actor.id, ListColumns.screen == screen
        db.session.execute(delete(ListColumns).where(*own))
        return
    statement = insert(ListColumns).values(user_id=actor.id, screen=screen, columns=chosen)
    db.session.execute(statement.on_conflict_do_update(index_elements=["user_id", "screen"], set_={"columns": chosen}))
