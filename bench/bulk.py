"""Filling tables with very many rows without their indexes, which are built anew: many times as fast."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg
from flask import current_app


@contextmanager
def without_indexes(tables: Iterable[str]) -> Iterator[psycopg.Connection]:
    """Take indexes (not keys) and triggers from the tables; give them back, vacuum. Yields a connection."""
    tables = list(tables)
    with connected() as connection:
        made = connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND schemaname = 'public'"
            " AND indexdef NOT LIKE 'CREATE UNIQUE%%'",
            [tables],
        ).fetchall()
        _all(connection, (f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables))
        _all(connection, (f"DROP INDEX {name}" for name, _ in made))
        yield connection
        _all(connection, (definition for _, definition in made))
        _all(connection, (f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables))
        _all(connection, (f"VACUUM ANALYZE {table}" for table in tables))


@contextmanager
def connected() -> Iterator[psycopg.Connection]:
    """Yield a connection that may take as long as it needs: this is no request."""
    address = current_app.config["SQLALCHEMY_DATABASE_URI"].replace("+psycopg", "", 1)
    with psycopg.connect(address, autocommit=True) as connection:
        _all(
            connection, ("SET statement_timeout = 0", "SET transaction_timeout = 0", "SET maintenance_work_mem = '1GB'")
        )
        yield connection


def vacuum() -> None:
    """Tidy up and look at all tables, as PostgreSQL does by itself after a while."""
    with connected() as connection:
        connection.execute("VACUUM ANALYZE")


def _all(connection: psycopg.Connection, commands: Iterable[str]) -> None:
    for command in commands:
        connection.execute(command)
