"""The embedded servers: private, durable, kept where they belong."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

import config
from app import embedded, embedded_upgrade
from app.data_folder import DataFolder, EmbeddedError
from app.server_programs import find_postgres
from app.startup import PREPARE_STOP_SECONDS, Installation, PortTaken, check_port
from app.supervisor import Supervisor


@pytest.fixture
def folder() -> Iterator[DataFolder]:
    # Not pytest's own folder: nobody but its owner gets into that, and the servers have a user of their own.
    path = Path(tempfile.mkdtemp(prefix="frontdesk-embedded-"))
    made = DataFolder(path / "data")
    path.chmod(0o711)
    made.prepare()
    yield made
    shutil.rmtree(path)


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor()
    yield made
    made.stop()


def database(url: str) -> str:
    return url.replace("+psycopg", "", 1)


def test_what_was_written_is_there_after_a_restart(folder: DataFolder, supervisor: Supervisor) -> None:
    postgres, valkey = embedded.postgres(folder), embedded.valkey(folder)
    supervisor.start(postgres.process, valkey.process)
    with psycopg.connect(database(postgres.url)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS number")
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SHOW max_connections").fetchone() == ("200",)
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)
    with redis.Redis.from_url(valkey.url) as client:
        client.set("kept", "42")
    supervisor.stop()

    again = Supervisor()
    postgres, valkey = embedded.postgres(folder), embedded.valkey(folder)
    try:
        again.start(postgres.process, valkey.process)
        with psycopg.connect(database(postgres.url)) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (42,)
        with redis.Redis.from_url(valkey.url) as client:
            assert client.get("kept") == b"42"
    finally:
        again.stop()


def test_nobody_gets_in_without_the_password(folder: DataFolder, supervisor: Supervisor) -> None:
    postgres, valkey = embedded.postgres(folder, durable=False), embedded.valkey(folder, durable=False)
    supervisor.start(postgres.process, valkey.process)
    port = urlsplit(postgres.url).port
    for user in ("frontdesk", "postgres"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host="127.0.0.1", port=port, user=user, dbname="postgres", password="wrong")
    with redis.Redis(port=urlsplit(valkey.url).port or 0) as client, pytest.raises(redis.AuthenticationError):
        client.ping()
    for server in (postgres, valkey):
        command = " ".join(server.process.argv)
        assert not any(secret in command for secret in folder.secrets().values())


def test_the_servers_never_run_as_root(folder: DataFolder, supervisor: Supervisor) -> None:
    postgres, valkey = embedded.postgres(folder, durable=False), embedded.valkey(folder, durable=False)
    supervisor.start(postgres.process, valkey.process)
    for server in (postgres, valkey):
        assert server.process.popen is not None
        uid = Path(f"/proc/{server.process.popen.pid}").stat().st_uid
        assert uid != 0
        assert (uid == os.geteuid()) is (os.geteuid() != 0)


def test_secrets_are_made_once_and_are_private(folder: DataFolder) -> None:
    first = folder.secrets()
    assert DataFolder(folder.path).secrets() == first
    assert (folder.path / "secrets.json").stat().st_mode & 0o077 == 0
    assert len(set(first.values())) == len(first)


def test_a_folder_of_another_major_version_is_refused_with_the_way_out(folder: DataFolder) -> None:
    folder.postgres.mkdir()
    (folder.postgres / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedError, match=r"PostgreSQL 17.*run\.py upgrade-database"):
        embedded.check_major(folder.postgres)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder somebody else's")
def test_somebody_elses_folder_is_refused_by_name(folder: DataFolder) -> None:
    os.chown(folder.path, 65534, 65534)
    with pytest.raises(EmbeddedError, match="belongs to nobody"):
        folder.prepare()


def test_a_second_start_from_the_same_folder_is_told_where_the_first_one_is(folder: DataFolder) -> None:
    with folder.lock():
        folder.announce({"PUBLIC_URL": "http://127.0.0.1:8123"})
        with pytest.raises(EmbeddedError, match=r"already runs.*http://127\.0\.0\.1:8123"), folder.lock():
            pass
    with folder.lock():
        assert folder.running() == {}


def test_a_port_that_is_taken_is_named_with_the_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"PORT={port}: cannot listen there"):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)


def test_whoever_stops_the_first_start_does_not_wait_for_the_demo(folder: DataFolder) -> None:
    environment = {"FRONTDESK_DATA": str(folder.path), "FRONTDESK_DEMO": "1", "PATH": os.environ["PATH"]}
    with Installation(config.load(environment), environment, durable=False) as installation:
        installation.start_servers()
        installation.supervisor.stopping.set()
        started = time.monotonic()
        assert installation.prepare() == {}
        assert time.monotonic() - started < PREPARE_STOP_SECONDS
        with psycopg.connect(database(installation.environ["DATABASE_URL"])) as connection:
            assert connection.execute("SELECT to_regclass('ab_user')").fetchone() == (None,)


def test_an_upgrade_moves_everything_and_keeps_the_old_folder(folder: DataFolder) -> None:
    before = Supervisor()
    postgres = embedded.postgres(folder, durable=False)
    try:
        before.start(postgres.process)
        with psycopg.connect(database(postgres.url)) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS number")
    finally:
        before.stop()

    # The package has one major version so far, so the old programs here are today's.
    kept = embedded_upgrade.move(folder, find_postgres(folder, folder.server_user()), "old")
    assert (kept / "PG_VERSION").exists()

    after = Supervisor()
    postgres = embedded.postgres(folder, durable=False)
    try:
        after.start(postgres.process)
        with psycopg.connect(database(postgres.url)) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (42,)
            owner = connection.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'kept'").fetchone()
            assert owner == (embedded.ROLE,)
    finally:
        after.stop()


def test_a_failed_upgrade_leaves_the_old_database_as_it_was(folder: DataFolder, tmp_path: Path) -> None:
    folder.postgres.mkdir()
    (folder.postgres / "PG_VERSION").write_text("17\n")
    with pytest.raises((EmbeddedError, OSError)):
        embedded_upgrade.move(folder, tmp_path, "17")
    assert (folder.postgres / "PG_VERSION").read_text() == "17\n"
