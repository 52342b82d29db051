"""A database that goes away and comes back, as a restart of its server does."""

from __future__ import annotations

import os

import psycopg
import pytest
from flask import Flask

from app import embedded, pool
from app.extensions import db
from tests.servers import ADMIN


def cut_connections(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """End every connection of the application to its database; it finds out when it uses one of them next."""
    monkeypatch.setattr(pool, "IDLE_SECONDS", 3600)  # it would ask those that lay idle whether they live
    with app.app_context():
        database = db.engine.url.database
    with psycopg.connect(os.environ[ADMIN], autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND usename = %s",
            (database, embedded.ROLE),
        )
