"""The order that an admin gives to a short list: stages, pipelines, task types."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from app.extensions import db


class Placed(Protocol):
    """A row that keeps its place in a list."""

    id: int
    position: int


class Direction(StrEnum):
    """One place towards the beginning, or the end."""

    UP = "up"
    DOWN = "down"


def move(rows: Sequence[Placed], row_id: int, direction: Direction) -> None:
    """Let a row change places with the one beside it; at the end of the list nothing happens."""
    ordered = list(rows)
    at = next(index for index, row in enumerate(ordered) if row.id == row_id)
    other = at + (1 if direction is Direction.DOWN else -1)
    if 0 <= other < len(ordered):
        ordered[at], ordered[other] = ordered[other], ordered[at]
    number(ordered)


def number(rows: Sequence[Placed]) -> None:
    """Write the rows' places as they stand."""
    for place, row in enumerate(rows):
        row.position = place
    db.session.flush()
