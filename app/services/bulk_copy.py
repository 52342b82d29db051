"""Many new rows at once, by COPY: the driver spends more time on a long INSERT's text than the database on its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import exc, text

from app.extensions import db

# Ids are taken in blocks; what a block has left over at the end is lost, as it is with every rolled back INSERT.
BLOCK = 1000


class Ids:
    """The next ids of a table, known before its rows are written, so that other rows can refer to them."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._left: list[int] = []

    def take(self) -> int:
        """Return an id that nobody else gets."""
        if not self._left:
            found = db.session.scalars(
                text("SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :block)"),
                {"table": self._table, "block": BLOCK},
            )
            self._left = sorted(found, reverse=True)
        return self._left.pop()


def copy(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows inside the session's transaction. Triggers run; defaults of the models do not.

    Raises what an INSERT raises.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    cursor = db.session.connection().connection.cursor()
    try:
        with cursor.copy(statement) as stream:
            for row in rows:
                stream.write_row(row)
    except psycopg.Error as error:
        raise exc.DBAPIError.instance(f"COPY {table}", None, error, psycopg.Error, dialect=db.engine.dialect) from error
    finally:
        cursor.close()
