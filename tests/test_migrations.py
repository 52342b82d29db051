"""Migrations own every table: one line of them, what they make is what the models say, and they can be undone."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from psycopg import sql
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from app import embedded
from app.extensions import db
from tests.servers import ADMIN

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = sorted((ROOT / "migrations" / "versions").glob("*.py"))


def script(app: Flask) -> ScriptDirectory:
    return ScriptDirectory.from_config(app.extensions["migrate"].migrate.get_config())


def schema(url: str) -> list[tuple[str, ...]]:
    """Columns, indexes, constraints, triggers and functions, as the database describes them."""
    statement = """
    SELECT 'column', table_name || '.' || column_name, concat_ws(' ', data_type, is_nullable, column_default,
           character_maximum_length, collation_name, identity_generation)
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint
              WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) FROM pg_trigger
              WHERE NOT tgisinternal
    UNION ALL SELECT 'function', proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'sequence', sequencename, data_type::text FROM pg_sequences WHERE schemaname = 'public'
    """
    with psycopg.connect(url.replace("+psycopg", "", 1)) as connection:
        return sorted(connection.execute(statement).fetchall())


@pytest.fixture
def empty_database(app: Flask) -> Iterator[str]:
    """The address of a database of this test's own, with nothing in it."""
    name = f"migrations_{os.getpid()}"
    with psycopg.connect(os.environ[ADMIN], autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(embedded.ROLE))
        )
        yield f"{os.environ['DATABASE_URL'].rsplit('/', 1)[0]}/{name}"
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_there_is_one_head_and_one_base(context: Flask) -> None:
    assert len(script(context).get_heads()) == 1
    assert len(script(context).get_bases()) == 1


def test_revisions_are_numbered_in_their_order(context: Flask) -> None:
    walked = [revision.revision for revision in script(context).walk_revisions()][::-1]
    assert walked == [f"{number:04}" for number in range(1, len(VERSIONS) + 1)]


def test_what_migrations_make_is_what_the_models_say(context: Flask) -> None:
    with db.engine.connect() as connection:
        migration = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(migration, db.metadata) == []


def test_every_sort_key_has_the_same_order_everywhere(context: Flask) -> None:
    # The embedded server has no ICU: without COLLATE "C" two installations would sort names differently.
    rows = db.session.execute(
        text(
            "SELECT table_name, collation_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name = 'sort_key'"
        )
    ).all()
    assert rows
    assert {row.collation_name for row in rows} == {"C"}


def test_up_and_down_and_up_again_leaves_the_same_schema(
    app: Flask, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flask_migrate import downgrade, upgrade

    template = schema(app.config["SQLALCHEMY_DATABASE_URI"])
    engine = create_engine(empty_database, poolclass=NullPool)
    with app.app_context():
        monkeypatch.setitem(db.engines, None, engine)
        upgrade()
        first = schema(empty_database)
        downgrade(revision="base")
        assert [row for row in schema(empty_database) if "alembic_version" not in row[1]] == []
        upgrade()
    assert schema(empty_database) == first == template


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_a_migration_never_imports_the_application(path: Path) -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    assert not [name for name in imported if name.split(".")[0] in ("app", "config", "tests")]
