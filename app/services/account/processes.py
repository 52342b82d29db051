"""Heartbeats of running processes, in the database: what ``/readyz`` and admins look at.

By the machine's clock, not the product's: a moved test clock must not kill anybody.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import socket
import threading

from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import clock
from app.extensions import db

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 5
ALIVE_FOR = dt.timedelta(seconds=20)
FORGOTTEN_AFTER = dt.timedelta(days=1)


def start_heartbeat(app: Flask, kind: str) -> threading.Event:
    """Report this process as ``kind`` ("web", "worker:mail", "beat", …) until the returned event is set.

    A daemon thread (a greenlet under gevent); a database that is away is tried again at the next beat.
    """
    stop = threading.Event()
    started = clock.real_now()
    name = f"{kind}@{socket.gethostname()}:{os.getpid()}"

    def report() -> None:
        while True:
            try:
                _report(app, name, kind, started)
            except SQLAlchemyError as error:
                log.warning("no heartbeat of %s: %s", kind, type(error).__name__)
            if stop.wait(INTERVAL_SECONDS):
                return

    threading.Thread(target=report, name="heartbeat", daemon=True).start()
    return stop


def alive_kinds() -> set[str]:
    """Return the kinds of which at least one process reported lately."""
    rows = db.session.execute(
        text("SELECT DISTINCT kind FROM processes WHERE heartbeat_at > :since"), {"since": clock.real_now() - ALIVE_FOR}
    )
    return {row.kind for row in rows}


def _report(app: Flask, name: str, kind: str, started: dt.datetime) -> None:
    now = clock.real_now()
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO processes (name, kind, host, pid, started_at, heartbeat_at)"
                " VALUES (:name, :kind, :host, :pid, :started, :now)"
                " ON CONFLICT (name) DO UPDATE SET heartbeat_at = excluded.heartbeat_at"
            ),
            {
                "name": name,
                "kind": kind,
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "started": started,
                "now": now,
            },
        )
        connection.execute(text("DELETE FROM processes WHERE heartbeat_at < :old"), {"old": now - FORGOTTEN_AFTER})
