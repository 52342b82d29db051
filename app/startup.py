"""Starts a whole installation: the embedded servers where none are configured, then workers, beat and web."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg

import config
from app import code_version, embedded
from app.data_folder import DataFolder
from app.supervisor import WORKER_STOP_SECONDS, Process, StartError, Supervisor

ROOT = Path(config.ROOT)
DEMO_SETTING = "demo_loaded"
SETTINGS = (code_version.SETTING, DEMO_SETTING)
PREPARE_STOP_SECONDS = 5.0


class PortTaken(Exception):
    """Somebody listens on HOST:PORT already; the message says what to do."""


class Installation:
    """One running installation. Use it as a context: leaving it stops everything that was started, in order.

    The processes write their log lines to `log_file`, or to our own output.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        environ: Mapping[str, str],
        durable: bool = True,
        log_file: Path | None = None,
    ) -> None:
        self.settings = settings
        self.folder = DataFolder(Path(settings["DATA_DIR"]))
        self.supervisor = Supervisor()
        self.environ = {
            **environ,
            "PYTHONUNBUFFERED": "1",
            "FRONTDESK_DATA": settings["DATA_DIR"],
            "FRONTDESK_DEMO": "1" if settings["FRONTDESK_DEMO"] else "0",
            "LOG_FORMAT": settings["LOG_FORMAT"],
            "FRONTDESK_METRICS_DIR": str(self.folder.metrics),
            "PROMETHEUS_MULTIPROC_DIR": str(self.folder.metrics),
        }
        self._durable = durable
        self._log_file = log_file

    def __enter__(self) -> Installation:
        return self

    def __exit__(self, *_: object) -> None:
        self.supervisor.stop()

    def start_servers(self) -> None:
        """Starts the embedded PostgreSQL and Valkey where no address is configured. EmbeddedError, StartError."""
        shutil.rmtree(self.folder.metrics, ignore_errors=True)
        self.folder.metrics.mkdir(mode=0o700)
        postgres = valkey = None
        if not self.settings["SQLALCHEMY_DATABASE_URI"]:
            postgres = embedded.postgres(self.folder, self._durable)
        if not self.settings["REDIS_URL"]:
            valkey = embedded.valkey(self.folder, self._durable)
        self.supervisor.start(*(server.process for server in (postgres, valkey) if server))
        # What a person set wins over what was generated.
        generated = embedded.environment(self.folder, postgres, valkey)
        self.environ = {**generated, **{name: value for name, value in self.environ.items() if value}}

    def prepare(self) -> dict[str, Any]:
        """Migrates the database and fills an empty one, in a process of its own. Raises StartError.

        Whoever stops meanwhile does not wait for the end of it: what is half done is rolled back.

        An embedded database that this very code has prepared before, with people in it, needs nothing: importing the
        application to find that out would be a third of the start.
        """
        if not self.settings["SQLALCHEMY_DATABASE_URI"]:
            known = _prepared_before(self.environ["DATABASE_URL"])
            if known is not None:
                return {"demo": self.settings["FRONTDESK_DEMO"] and known, "first_admin_link": None}
        argv = [sys.executable, str(ROOT / "run.py"), "prepare"]
        with subprocess.Popen(argv, env=self._for("command", "prepare"), stdout=subprocess.PIPE, text=True) as child:
            said = self._unless_stopped(child)
        if self.supervisor.stopping.is_set():
            return {}
        if child.returncode:
            raise StartError("The database could not be prepared (see above).")
        prepared: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
        return prepared

    def _unless_stopped(self, child: subprocess.Popen[str]) -> str:
        """Returns what a process printed; ends it when everything is to stop."""
        while True:
            try:
                return child.communicate(timeout=0.1)[0]
            except subprocess.TimeoutExpired:
                if self.supervisor.stopping.is_set():
                    child.terminate()
                    break
        try:
            return child.communicate(timeout=PREPARE_STOP_SECONDS)[0]
        except subprocess.TimeoutExpired:
            child.kill()
            return child.communicate()[0]

    def start_processes(self) -> None:
        """Starts workers, beat and web together, and waits until all of them serve. Raises StartError."""
        # Workers and beat are forks of one process that has the application imported: see commands.jobs.
        jobs = self._process("jobs", ["jobs"], "worker", WORKER_STOP_SECONDS + 10)
        web = self._process("web", ["web"], "web", self.settings["STOP_TIMEOUT_SECONDS"] + 5)
        web.ready = answers(f"{self.local_url}/readyz")
        self.supervisor.start(jobs, web)

    @property
    def local_url(self) -> str:
        return f"http://{config.loopback_for(self.settings['HOST'])}:{self.settings['PORT']}"

    def _process(self, name: str, command: list[str], kind: str, stop_seconds: float) -> Process:
        argv = [sys.executable, str(ROOT / "run.py"), *command]
        return Process(
            name, argv, self._for(kind, name), stop_seconds=stop_seconds, folder=ROOT, log_file=self._log_file
        )

    def _for(self, kind: str, name: str) -> dict[str, str]:
        return {**self.environ, "FRONTDESK_PROCESS": kind, "FRONTDESK_PROCESS_NAME": name}


def _prepared_before(url: str) -> bool | None:
    """Whether the demo is loaded, where the database is ready for this code; None where it has to be prepared."""
    try:
        with psycopg.connect(url.replace("+psycopg", "", 1), connect_timeout=5) as connection:
            rows = connection.execute("SELECT name, value FROM account_settings WHERE name = ANY(%s)", ([*SETTINGS],))
            found: dict[str, Any] = dict(rows.fetchall())
            people = connection.execute("SELECT EXISTS (SELECT FROM ab_user)").fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    if not people or not people[0] or found.get(code_version.SETTING) != code_version.code_version():
        return None
    return bool(found.get(DEMO_SETTING))


def answers(url: str) -> Callable[[], bool]:
    """A check whether an address answers 200, asked at most five times a second."""
    asked_at = 0.0

    def check() -> bool:
        nonlocal asked_at
        if time.monotonic() - asked_at < 0.2:
            return False
        asked_at = time.monotonic()
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - always our own http address
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    return check


def check_port(host: str, port: int) -> None:
    """Raises PortTaken when HOST:PORT cannot be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            probe.listen(1)
    except PermissionError:
        raise PortTaken(
            f"PORT={port}: only root may listen there. Choose one from 1024, for example PORT=8080."
        ) from None
    except OSError as error:
        raise PortTaken(
            f"HOST={host} PORT={port}: cannot listen there ({error.strerror}). Stop what runs there, or choose another "
            f"port: PORT={port + 1 if port < 65535 else 8080} make run"
        ) from None
