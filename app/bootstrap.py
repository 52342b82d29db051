"""Makes a database ready: checks it, migrates it, keeps roles and permissions in step, fills an empty one.

Everything runs under one advisory lock, so that several machines may start at once.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from flask import Flask, current_app
from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app import code_version
from app.extensions import db
from app.models.people import RoleName
from app.services import sealed
from app.services.account.account import get_setting, set_setting
from app.services.account.demo_end import LEFT_SETTING
from app.services.records import pipelines
from app.services.tasks import task_types
from app.startup import DEMO_SETTING
from app.transaction import transaction

OLDEST_POSTGRES = 17
LOCK_NUMBER = 7_366_401

PERMISSIONS_SETTING = "permissions_fingerprint"
FIRST_ADMIN_SETTING = "first_admin_token"


class DatabaseUnfit(Exception):
    """The database cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a person who started Frontdesk wants to know. The link is a path with a token that works once."""

    demo: bool
    first_admin_link: str | None


def prepare(app: Flask, say: Callable[[str], None]) -> Prepared:
    """Brings the database to what this version needs; fills an empty one with the demo or makes the first-admin link.

    `say` is told each step that has something to do. Raises DatabaseUnfit.
    """
    url = app.config["SQLALCHEMY_DATABASE_URI"].replace("+psycopg", "", 1)
    with app.app_context(), _locked(url, app.config["DATABASE_CONNECTIONS_NEEDED"]) as connection:
        if migrate(app, connection):
            say("Database migrated")
        if sync_permissions():
            say("Roles and permissions brought up to date")
        with transaction():
            pipelines.ensure_default()
            task_types.ensure_defaults()
        empty = not db.session.scalar(select(func.count()).select_from(select(User.id).limit(1).subquery()))
        if empty and app.config["FRONTDESK_DEMO"] and not get_setting(LEFT_SETTING):
            say("Loading the demo account")
            load_demo()
            empty = False
        with transaction():
            set_setting(code_version.SETTING, code_version.code_version())
        return Prepared(
            demo=bool(app.config["FRONTDESK_DEMO"] and get_setting(DEMO_SETTING)),
            first_admin_link=first_admin_link() if empty else None,
        )


def migrate(app: Flask, connection: psycopg.Connection) -> bool:
    """Runs the migrations that are missing; tells whether there were any."""
    from alembic.script import ScriptDirectory
    from flask_migrate import upgrade

    heads = ScriptDirectory.from_config(app.extensions["migrate"].migrate.get_config()).get_heads()
    known = connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
    if known and known[0]:
        found = {row[0] for row in connection.execute("SELECT version_num FROM alembic_version")}
        if found == set(heads):
            return False
    upgrade()
    return True


def sync_permissions() -> bool:
    """Adds the built-in roles and the permissions of all screens; tells whether something had changed.

    FAB's own synchronising costs hundreds of statements, so a fingerprint says whether it is needed.
    """
    appbuilder = current_app.extensions["appbuilder"]
    screens = sorted([view.class_permission_name, sorted(view.base_permissions or ())] for view in appbuilder.baseviews)
    menus = sorted(appbuilder.menu.get_flat_name_list())
    fingerprint = hashlib.sha256(json.dumps([screens, menus, RoleName.ALL]).encode()).hexdigest()
    if get_setting(PERMISSIONS_SETTING) == fingerprint:
        return False
    with transaction():
        names = [{"name": name} for name in (*RoleName.ALL, current_app.config["AUTH_ROLE_PUBLIC"])]
        db.session.execute(insert(Role).values(names).on_conflict_do_nothing(index_elements=["name"]))
    appbuilder.add_permissions(update_perms=True)
    with transaction():
        set_setting(PERMISSIONS_SETTING, fingerprint)
    return True


def load_demo() -> None:
    """Fills an empty account with the demo company."""
    # By name: the demo is built on everything else, and a start without it never reads it.
    importlib.import_module("app.demo").load()
    with transaction():
        set_setting(DEMO_SETTING, True)


def first_admin_link() -> str:
    """The path of the page that makes the first admin. Only the last one made works; the database keeps its hash."""
    token = secrets.token_urlsafe(24)
    with transaction():
        set_setting(FIRST_ADMIN_SETTING, sealed.hash_of(token))
    return f"/setup/{token}"


def is_first_admin_token(token: str) -> bool:
    """Whether a token is the one that `first_admin_link` printed last and nobody has used."""
    stored = get_setting(FIRST_ADMIN_SETTING)
    return isinstance(stored, str) and hmac.compare_digest(stored, sealed.hash_of(token))


def forget_first_admin_token() -> None:
    """Ends the link; part of the transaction that makes the first admin."""
    set_setting(FIRST_ADMIN_SETTING, None)


@contextmanager
def _locked(url: str, connections_needed: int) -> Iterator[psycopg.Connection]:
    """A connection that holds the lock, on a database that was found fit. Raises DatabaseUnfit."""
    try:
        connection = psycopg.connect(url, connect_timeout=10, autocommit=True, application_name="frontdesk-prepare")
    except psycopg.OperationalError as error:
        raise DatabaseUnfit(f"DATABASE_URL: the database does not answer: {error}") from error
    with connection:
        _check(connection, connections_needed)
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK_NUMBER,))
        yield connection


def _check(connection: psycopg.Connection, connections_needed: int) -> None:
    version = connection.info.server_version // 10000
    if version < OLDEST_POSTGRES:
        raise DatabaseUnfit(f"DATABASE_URL: PostgreSQL {OLDEST_POSTGRES} or later is needed, this is {version}.")
    row = connection.execute(
        "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        " - current_setting('reserved_connections')::int"
    ).fetchone()
    available = row[0] if row else 0
    if connections_needed > available:
        raise DatabaseUnfit(
            f"WEB_PROCESSES and WORKERS may need {connections_needed} database connections together, and the server "
            f"allows {available}. Lower them, or raise max_connections."
        )
