"""The real servers that tests run against: one PostgreSQL and one Valkey for the whole run, a database per process."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from app import embedded
from app.data_folder import DataFolder, fernet_key
from app.supervisor import Supervisor

FOLDER, ADMIN = "FRONTDESK_TESTS_FOLDER", "FRONTDESK_TESTS_ADMIN"


class TestServers:
    """Started by the process that starts the run; the others find them by the environment."""

    __test__ = False

    def __init__(self) -> None:
        self.supervisor = Supervisor()
        self.path = Path(tempfile.mkdtemp(prefix="frontdesk-tests-"))

    def start(self) -> None:
        """Start both without fsync, migrate the template database, and say in the environment where they are."""
        folder = DataFolder(self.path / "data")
        # Another user runs the servers when root runs the tests; it must get through to its folder.
        self.path.chmod(0o711)
        folder.prepare()
        postgres, valkey = embedded.postgres(folder, durable=False), embedded.valkey(folder, durable=False)
        self.supervisor.start(postgres.process, valkey.process)
        os.environ.update(
            {
                **embedded.environment(folder, postgres, valkey),
                "FRONTDESK_TEST": "1",
                "FRONTDESK_DEMO": "0",
                "RATE_LIMITS": "off",
                "SECRET_KEY": "only-for-tests-" * 4,
                "ENCRYPTION_KEY": fernet_key(),
                FOLDER: str(self.path),
                ADMIN: embedded.admin_url(folder, postgres.url),
            }
        )
        try:
            self._migrate_template()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop both and leave nothing behind."""
        self.supervisor.stop()
        shutil.rmtree(self.path, ignore_errors=True)

    def _migrate_template(self) -> None:
        os.environ["FRONTDESK_DATA"] = str(self.path / "template")
        (self.path / "template").mkdir()
        from flask_migrate import upgrade

        from app import bootstrap, create_app
        from app.extensions import db

        app = create_app()
        with app.app_context():
            upgrade()
            bootstrap.sync_permissions()
            db.session.remove()
            db.engine.dispose()


def number_of(worker: str) -> int:
    """Number the processes of a run from 1 on: "gw0" is 1, a run without others ("master") too."""
    return int(worker.removeprefix("gw")) + 1 if worker != "master" else 1


def own_environment(worker: str, number: int) -> dict[str, str]:
    """Make this test process its own database (from the template), Redis database and data folder."""
    name = f"test_{worker}"
    with psycopg.connect(os.environ[ADMIN], autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(embedded.DATABASE), sql.Identifier(embedded.ROLE)
            )
        )
    data = Path(os.environ[FOLDER]) / worker
    data.mkdir(exist_ok=True)
    return {
        "DATABASE_URL": _other_database(os.environ["DATABASE_URL"], name),
        "REDIS_URL": _other_database(os.environ["REDIS_URL"], str(number)),
        "FRONTDESK_DATA": str(data),
    }


def _other_database(url: str, name: str) -> str:
    return f"{url.rsplit('/', 1)[0]}/{name}"


def settings_of(environment: Mapping[str, str]) -> dict[str, Any]:
    """Read the settings that this environment gives."""
    import config

    return config.load({**os.environ, **environment})
