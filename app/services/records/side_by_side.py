"""Several short lists from one statement: what a card shows of different kinds comes side by side, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from app.extensions import db


@dataclass(frozen=True, slots=True)
class Listing:
    """Which records of a kind, in which order, with which of their relations; an index gives the first ``limit``."""

    model: type[Any]
    where: tuple[ColumnElement[bool], ...]
    order: tuple[Any, ...]
    joined: tuple[InstrumentedAttribute[Any], ...] = ()
    limit: int = 10


def read(listings: Sequence[Listing | None]) -> list[list[Any]]:
    """Return the records of each listing, none for None: one statement, or none where nothing is asked."""
    asked = [one for one in listings if one is not None]
    if not asked:
        return [[] for _ in listings]
    places = (
        func.generate_series(1, max(one.limit for one in asked), type_=Integer)
        .table_valued("n", name="places")
        .render_derived()
    )
    statement: Select[Any] = select(places.c.n).order_by(places.c.n)
    for one in asked:
        # Its ids alone: proxies of all columns would cost more than the statement that is saved.
        place = func.row_number().over(order_by=one.order).label("place")
        first = select(one.model.id, place).where(*one.where).order_by(*one.order).limit(one.limit).subquery()
        statement = (
            statement.add_columns(one.model)
            .outerjoin(first, first.c.place == places.c.n)
            .outerjoin(one.model, one.model.id == first.c.id)
            .options(*(joinedload(relation) for relation in one.joined))
        )
    rows = db.session.execute(statement).unique().all()
    read_lists = iter([row[number] for row in rows if row[number] is not None] for number in range(1, len(asked) + 1))
    return [next(read_lists) if one is not None else [] for one in listings]
