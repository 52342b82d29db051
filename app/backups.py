"""One file that holds an installation: its database and its uploaded files. Keys are not in it.

A tar file with ``meta.json``, ``database.dump`` (pg_dump's custom format) and ``uploads/…``.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from app.data_folder import DataFolder
from app.server_programs import find_postgres

META, DUMP, UPLOADS = "meta.json", "database.dump", "uploads"
FORMAT = 1


class BackupError(Exception):
    """A backup cannot be made or used; the message says why and what to do."""


def default_name(now: dt.datetime) -> str:
    """Return the name a backup gets when none is given."""
    return f"frontdesk-{now:%Y%m%d-%H%M%S}.tar"


def write(settings: Mapping[str, Any], target: Path, now: dt.datetime) -> int:
    """Write a backup, readable by its owner only, whole or not at all; return its bytes. Raises BackupError.

    Work goes on meanwhile. The database is dumped first: a file that a row of the dump names is in it too.
    """
    if target.exists():
        raise BackupError(f"{target} is there already: name another file.")
    scratch = target.with_name(f"{target.name}.new")
    try:
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            with tempfile.TemporaryFile(dir=target.parent) as dump, tarfile.open(fileobj=file, mode="w") as archive:
                _run(settings, ["pg_dump", "-Fc", "--no-owner", "--no-privileges"], stdout=dump)
                meta = {"format": FORMAT, "made_at": now.isoformat(), "key": _fingerprints(settings)[0]}
                _add(archive, META, io.BytesIO(json.dumps(meta).encode()))
                _add(archive, DUMP, dump)
                uploads = Path(settings["UPLOADS_DIR"])
                if uploads.is_dir():
                    archive.add(uploads, UPLOADS)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(target)
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror}") from error
    finally:
        scratch.unlink(missing_ok=True)
    return target.stat().st_size


def check(settings: Mapping[str, Any], source: Path, other_key: bool) -> None:
    """Look whether a backup can be restored here. Raises BackupError."""
    with _opened(source) as archive:
        try:
            meta = json.loads(_member(archive, META).read())
            known = meta["format"] == FORMAT and archive.getmember(DUMP).isfile()
        except (KeyError, ValueError, TypeError) as error:
            raise BackupError(f"{source} is not a backup of Frontdesk.") from error
    if not known:
        raise BackupError(f"{source} was made by a later version of Frontdesk.")
    if meta["key"] not in _fingerprints(settings) and not other_key:
        raise BackupError(
            "The backup was made with another ENCRYPTION_KEY: stored passwords and tokens could not be read. Set that "
            "key (embedded: secrets.json of its data folder), or use --other-key and enter them again."
        )


def restore(settings: Mapping[str, Any], source: Path) -> None:
    """Put a checked backup in the place of everything there is. Raises BackupError.

    Files are brought beside the old ones and change places with them once the database is back.
    """
    uploads = Path(settings["UPLOADS_DIR"])
    fresh = uploads.with_name(f"{uploads.name}.restored")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700, parents=True)
    try:
        with _opened(source) as archive, tempfile.TemporaryFile(dir=fresh) as dump:
            for member in archive:
                if member.name.startswith(f"{UPLOADS}/"):
                    member.name = member.name.removeprefix(f"{UPLOADS}/")
                    archive.extract(member, fresh, filter="data")
            shutil.copyfileobj(_member(archive, DUMP), dump)
            dump.seek(0)
            # Read from end to end before anything goes: a damaged one must not cost what there is.
            _run(settings, ["pg_restore", "--file=/dev/null"], stdin=dump, connect=False)
            dump.seek(0)
            _empty_database(settings)
            _run(settings, ["pg_restore", "--no-owner", "--no-privileges", "--exit-on-error"], stdin=dump, into=True)
        shutil.rmtree(uploads, ignore_errors=True)
        fresh.rename(uploads)
    except (KeyError, tarfile.TarError, OSError) as error:
        raise BackupError(f"{source} cannot be restored: {error}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def has_tables(settings: Mapping[str, Any]) -> bool:
    """Whether the database holds anything."""
    with psycopg.connect(_url(settings)) as connection:
        row = connection.execute("SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public')").fetchone()
    return bool(row and row[0])


def _empty_database(settings: Mapping[str, Any]) -> None:
    with psycopg.connect(_url(settings)) as connection:
        # Nobody else may look while everything is away.
        connection.execute("SET lock_timeout = '10s'")
        connection.execute("DROP SCHEMA IF EXISTS public CASCADE")
        connection.execute("CREATE SCHEMA public")


def _run(
    settings: Mapping[str, Any], argv: list[str], *, into: bool = False, connect: bool = True, **streams: Any
) -> None:
    """Run one of PostgreSQL's programs on our database; the password goes by the environment. Raises BackupError."""
    parts = {name: str(value) for name, value in conninfo_to_dict(_url(settings)).items() if value is not None}
    environ = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    environ |= {"PGPASSWORD": parts.pop("password", "")}
    where = " ".join(f"{name}='{value}'" for name, value in parts.items())
    program = find_postgres(DataFolder(Path(settings["DATA_DIR"])), None) / argv[0]
    more = ["--single-transaction"] if into else []
    more += ["-d", where] if connect else []
    done = subprocess.run([program, *argv[1:], *more], env=environ, stderr=subprocess.PIPE, check=False, **streams)
    if done.returncode:
        raise BackupError(f"{argv[0]} failed:\n{done.stderr.decode(errors='replace').strip()}")


def _url(settings: Mapping[str, Any]) -> str:
    return str(settings["SQLALCHEMY_DATABASE_URI"]).replace("+psycopg", "", 1)


def _fingerprints(settings: Mapping[str, Any]) -> list[str]:
    """What tells keys apart without telling them, the newest first."""
    keys = str(settings["ENCRYPTION_KEY"]).split(",")
    return [hashlib.sha256(f"frontdesk backup {key.strip()}".encode()).hexdigest()[:16] for key in keys]


def _add(archive: tarfile.TarFile, name: str, content: Any) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = content.seek(0, io.SEEK_END), 0o600
    content.seek(0)
    archive.addfile(entry, content)


def _member(archive: tarfile.TarFile, name: str) -> Any:
    return archive.extractfile(archive.getmember(name))


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(source) as archive:
            yield archive
    except FileNotFoundError as error:
        raise BackupError(f"There is no file {source}.") from error
    except (tarfile.TarError, OSError) as error:
        raise BackupError(f"{source} cannot be read as a backup: {error}") from error
