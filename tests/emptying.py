"""Emptying the database between tests: only what a test wrote, because truncating every table takes longer than a test.

Of a table that grew big, the whole file is given back, so that its dead rows do not slow down the tests that follow.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import psycopg
from psycopg import sql

from tests.servers import ADMIN

# Kept between tests: what migrations and bootstrap wrote.
KEPT_TABLES = frozenset({"alembic_version", "ab_role", "ab_permission", "ab_view_menu", "ab_permission_view"})
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
_SEQUENCES = """
SELECT format('%%I.%%I', s.schemaname, s.sequencename), s.start_value FROM pg_sequences s
JOIN pg_class c ON c.oid = format('%%I.%%I', s.schemaname, s.sequencename)::regclass
JOIN pg_depend d ON d.objid = c.oid AND d.deptype IN ('a', 'i')
WHERE s.last_value IS NOT NULL AND NOT d.refobjid::regclass::text = ANY(%s)
"""
_BIG_BYTES = 2 * 1024 * 1024


def empty(database: str) -> None:
    """Remove every row that is not kept, and let every sequence start again; as the superuser, without triggers."""
    with _connection(database) as connection:
        names = _tables(database)
        sizes = dict(connection.execute(_written(names)).fetchall())
        connection.execute("SET LOCAL session_replication_role = replica")
        if max(sizes.values(), default=0) > _BIG_BYTES:
            every = sql.SQL(", ").join(map(sql.Identifier, names))
            connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(every))
            return
        for name in sizes:
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
        for sequence, start in connection.execute(_SEQUENCES, (sorted(KEPT_TABLES),)).fetchall():
            connection.execute("SELECT setval(%s, %s, false)", (sequence, start))


@contextmanager
def _connection(database: str) -> Iterator[psycopg.Connection]:
    connection = _open(database)
    with connection.transaction():
        yield connection


@lru_cache(maxsize=1)
def _open(database: str) -> psycopg.Connection:
    return psycopg.connect(os.environ[ADMIN], dbname=database, autocommit=True)


@lru_cache(maxsize=1)
def _tables(database: str) -> tuple[str, ...]:
    names = (name for (name,) in _open(database).execute(_TABLES))
    return tuple(name for name in names if name not in KEPT_TABLES)


@lru_cache(maxsize=1)
def _written(names: tuple[str, ...]) -> sql.Composed:
    """Ask which tables have rows, and how big their files are."""
    asked = (
        sql.SQL("SELECT {0}, pg_relation_size({0}::regclass) WHERE EXISTS (SELECT FROM {1})").format(
            sql.Literal(name), sql.Identifier(name)
        )
        for name in names
    )
    return sql.SQL(" UNION ALL ").join(asked)
