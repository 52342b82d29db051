"""What the models share."""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import DateTime, event, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from app import clock

__all__ = ["ChangedAt", "Model", "SortedByName", "UtcDateTime", "sort_key_of"]


class UtcDateTime(TypeDecorator[dt.datetime]):
    """Aware datetimes only, stored and returned in UTC; a naive one is a programming error, not a guess."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        return value

    def process_result_value(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        return value.astimezone(dt.UTC) if value is not None else None


class CreatedAt:
    """When the row was made, by the product's clock."""

    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=clock.now, nullable=False)


class ChangedAt:
    """When the row last changed, by the *database's* clock: the cursor of ``sync`` compares these across processes."""

    changed_at: Mapped[dt.datetime] = mapped_column(
        UtcDateTime,
        server_default=text("clock_timestamp()"),
        onupdate=text("clock_timestamp()"),
        nullable=False,
        index=True,
    )


def sort_key_of(value: str) -> str:
    """Fold a name for ordering (casefolded, NFKD, accents dropped): the embedded server has no ICU collations."""
    folded = unicodedata.normalize("NFKD", value.strip().casefold())
    return "".join(char for char in folded if not unicodedata.combining(char))[:200]


class SortedByName:
    """For records with a ``name`` and its folded ``sort_key``, which follows the name whoever writes it."""


@event.listens_for(SortedByName, "before_insert", propagate=True)
@event.listens_for(SortedByName, "before_update", propagate=True)
def _keep_sort_key(_mapper: object, _connection: object, record: Any) -> None:
    record.sort_key = sort_key_of(record.name)
