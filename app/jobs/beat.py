"""The beat: finds due rows and has them dealt with. One leader at a time; being two would only cost work.

The leader holds an advisory lock on a connection of its own: a pooled one was seen to give two leaders.
"""

from __future__ import annotations

import logging
import signal
import threading
import time

from flask import Flask, current_app
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from app.extensions import db
from app.jobs.periodic import PERIODIC_JOBS, PeriodicJob

log = logging.getLogger(__name__)

LOCK_NUMBER = 7_366_403
TICK_SECONDS = 0.5
MAX_PIECES = 20


class LeadershipLost(Exception):
    """The connection that held the lock is gone: another beat may lead already."""


def run_beat() -> None:
    """Beat until SIGTERM or SIGINT. Raises LeadershipLost, so that the supervisor starts afresh."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    engine = create_engine(
        current_app.config["SQLALCHEMY_DATABASE_URI"],
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"connect_timeout": 5, "application_name": "frontdesk-leader"},
    )
    with engine.connect() as connection:
        due_at = {job.name: 0.0 for job in PERIODIC_JOBS}
        leading = False
        while not stop.is_set():
            leading = _leads(connection, leading)
            if leading:
                tick(current_app._get_current_object(), due_at)  # type: ignore[attr-defined]
            stop.wait(TICK_SECONDS)


def tick(app: Flask, due_at: dict[str, float]) -> None:
    """Run every periodic job whose interval has passed; one that fails is logged and disturbs no other."""
    for job in PERIODIC_JOBS:
        if time.monotonic() >= due_at[job.name]:
            due_at[job.name] = time.monotonic() + job.interval_seconds
            run_job(job)


def run_job(job: PeriodicJob) -> None:
    """Run one job piece by piece until it finds nothing more, up to MAX_PIECES."""
    try:
        for _ in range(MAX_PIECES):
            if not job.run():
                break
    except Exception:
        log.exception("periodic job %s failed", job.name)
    finally:
        db.session.remove()


def _leads(connection: Connection, leading: bool) -> bool:
    try:
        if leading:
            connection.execute(text("SELECT 1"))
            return True
        won = bool(connection.execute(text("SELECT pg_try_advisory_lock(:n)"), {"n": LOCK_NUMBER}).scalar())
    except SQLAlchemyError as error:
        raise LeadershipLost(type(error).__name__) from error
    if won:
        log.info("this beat leads now")
    return won
