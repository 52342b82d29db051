"""What the measurements run on: an installation of their own with the demo account, and its one web process."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

import config
from app.embedded import free_port
from app.startup import ROOT, Installation, answers
from app.supervisor import Process, Supervisor

_opened: list[Installation] = []


@contextmanager
def opened() -> Iterator[None]:
    """Start database, Valkey and web in a folder of their own; nothing is left behind.

    Workers and beat stay away: what they would do meanwhile is not what is measured.
    """
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-bench-"))
    folder.chmod(0o711)  # another user runs the servers when root measures
    environ = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")} | {
        "FRONTDESK_DATA": str(folder / "data"),
        "FRONTDESK_DEMO": "1",
        "FRONTDESK_TEST": "1",
        "RATE_LIMITS": "off",
        "PORT": str(free_port()),
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "error",
    }
    installation = Installation(config.load(environ), environ)
    installation.folder.prepare()
    try:
        with installation:
            installation.start_servers()
            installation.prepare()
            web = {**installation.environ, "FRONTDESK_PROCESS": "web", "FRONTDESK_PROCESS_NAME": "web"}
            process = Process("web", [sys.executable, str(ROOT / "run.py"), "web"], web, folder=ROOT)
            process.ready = answers(f"{installation.local_url}/healthz")
            installation.supervisor.start(process)
            os.environ.update({**installation.environ, "FRONTDESK_PROCESS": "command"})
            _opened.append(installation)
            yield
    finally:
        _opened.clear()
        shutil.rmtree(folder, ignore_errors=True)


def url() -> str:
    """The address of the web process."""
    return _opened[0].local_url


def environ() -> dict[str, str]:
    """The environment of its processes, for one more of them."""
    return dict(_opened[0].environ)


@contextmanager
def two_webs() -> Iterator[str]:
    """Two more web processes on one address, on the same database and Valkey. Yields the address."""
    port = free_port()
    settings = {"PORT": str(port), "WEB_PROCESSES": "2", "FRONTDESK_PROCESS": "web", "FRONTDESK_PROCESS_NAME": "two"}
    supervisor, address = Supervisor(), f"http://127.0.0.1:{port}"
    process = Process("two", [sys.executable, str(ROOT / "run.py"), "web"], {**environ(), **settings}, folder=ROOT)
    process.ready = answers(f"{address}/healthz")
    try:
        supervisor.start(process)
        yield address
    finally:
        supervisor.stop()


@cache
def application() -> Flask:
    """The application in this process, on the same database and Valkey."""
    from app import create_app

    return create_app()


def sign_in(client: FlaskClient, persona: str) -> None:
    """Let a demo person in by the page."""
    page = client.get("/login/").get_data(as_text=True)
    token = page.split('name="csrf-token" content="', 1)[1].split('"', 1)[0]
    assert client.post("/login/", data={"persona": persona, "csrf_token": token}).status_code == 302
