"""Backups: whole, private, and refused where they would lose something."""

from __future__ import annotations

import datetime as dt
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app import backups, embedded
from app.backups import BackupError
from app.data_folder import DataFolder
from app.supervisor import Supervisor

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def settings() -> Iterator[dict[str, Any]]:
    """An installation's settings, with a database of its own."""
    path = Path(tempfile.mkdtemp(prefix="frontdesk-backups-"))
    path.chmod(0o711)
    folder = DataFolder(path / "data")
    folder.prepare()
    server = embedded.postgres(folder, durable=False)
    supervisor = Supervisor()
    supervisor.start(server.process)
    yield {
        "SQLALCHEMY_DATABASE_URI": server.url,
        "DATA_DIR": str(folder.path),
        "UPLOADS_DIR": str(folder.uploads),
        "ENCRYPTION_KEY": "new, old",
    }
    supervisor.stop()
    shutil.rmtree(path)


def run(settings: dict[str, Any], statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(settings["SQLALCHEMY_DATABASE_URI"].replace("+psycopg", "")) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_a_restored_installation_is_as_it_was(settings: dict[str, Any], tmp_path: Path) -> None:
    run(settings, "CREATE TABLE kept AS SELECT 42 AS number")
    file = Path(settings["UPLOADS_DIR"]) / "chats" / "picture"
    file.parent.mkdir()
    file.write_bytes(b"then")
    target = tmp_path / "one.tar"
    assert backups.write(settings, target, NOW) == target.stat().st_size
    assert target.stat().st_mode & 0o777 == 0o600
    run(settings, "UPDATE kept SET number = 7")
    run(settings, "CREATE TABLE later (id int)")
    file.write_bytes(b"now")
    (file.parent / "later").write_bytes(b"later")
    backups.check(settings, target, other_key=False)
    backups.restore(settings, target)
    assert run(settings, "SELECT number FROM kept") == [(42,)]
    assert run(settings, "SELECT to_regclass('later')") == [(None,)]
    assert {path.name: path.read_bytes() for path in file.parent.iterdir()} == {"picture": b"then"}
    assert list(tmp_path.iterdir()) == [target]


def test_a_backup_of_another_key_is_refused_unless_that_is_meant(settings: dict[str, Any], tmp_path: Path) -> None:
    target = tmp_path / "one.tar"
    backups.write({**settings, "ENCRYPTION_KEY": "old"}, target, NOW)
    backups.check(settings, target, other_key=False)
    other = {**settings, "ENCRYPTION_KEY": "another"}
    with pytest.raises(BackupError, match="ENCRYPTION_KEY"):
        backups.check(other, target, other_key=False)
    backups.check(other, target, other_key=True)


def test_nothing_is_overwritten_and_nothing_half_is_left(settings: dict[str, Any], tmp_path: Path) -> None:
    target = tmp_path / "one.tar"
    target.write_bytes(b"mine")
    with pytest.raises(BackupError, match="already"):
        backups.write(settings, target, NOW)
    assert target.read_bytes() == b"mine"
    unknown = {**settings, "SQLALCHEMY_DATABASE_URI": f"{settings['SQLALCHEMY_DATABASE_URI']}_unknown"}
    with pytest.raises(BackupError, match="pg_dump"):
        backups.write(unknown, tmp_path / "two.tar", NOW)
    assert list(tmp_path.iterdir()) == [target]


def test_other_files_are_no_backups_and_change_nothing(settings: dict[str, Any], tmp_path: Path) -> None:
    run(settings, "CREATE TABLE kept AS SELECT 42 AS number")
    text, tar = tmp_path / "text", tmp_path / "some.tar"
    text.write_text("hello")
    with tarfile.open(tar, "w") as archive:
        archive.add(text, "hello")
    for file in (text, tar, tmp_path / "nothing"):
        with pytest.raises(BackupError):
            backups.check(settings, file, other_key=True)
        with pytest.raises(BackupError):
            backups.restore(settings, file)
    whole, damaged = tmp_path / "whole.tar", tmp_path / "damaged.tar"
    backups.write(settings, whole, NOW)
    with tarfile.open(whole) as archive, tarfile.open(damaged, "w") as other:
        for member in archive:
            content = archive.extractfile(member)
            member.size = member.size // 2 if member.name == backups.DUMP else member.size
            other.addfile(member, content)
    with pytest.raises(BackupError, match="pg_restore"):
        backups.restore(settings, damaged)
    assert run(settings, "SELECT number FROM kept") == [(42,)]
    assert Path(settings["UPLOADS_DIR"]).is_dir()
