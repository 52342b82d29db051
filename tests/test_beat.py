"""The clock's work: two beats at once, a leader that dies, and that being two would only cost work."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from app.extensions import db
from app.jobs import beat
from app.jobs.periodic import PERIODIC_JOBS
from app.services.tasks import tasks
from app.startup import ROOT
from app.transaction import transaction
from tests import builders
from tests.bad_moments.queued import work_off
from tests.mailboxes import SmtpServer
from tests.waiting import eventually

NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
MoveClock = Callable[[dt.datetime | None], None]


def counted(statement: str) -> int:
    db.session.rollback()
    return int(db.session.execute(text(statement)).scalar_one())


def at_once(app: Flask, work: Callable[[], Any], times: int = 4) -> None:
    """Call ``work`` in several threads at the same moment, each in a context of its own."""
    gate, failures = threading.Barrier(times), []

    def run() -> None:
        with app.app_context():
            gate.wait(10)
            try:
                work()
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


def test_every_periodic_job_has_a_name_of_its_own_and_an_interval() -> None:
    assert len({job.name for job in PERIODIC_JOBS}) == len(PERIODIC_JOBS)
    assert all(job.interval_seconds > 0 for job in PERIODIC_JOBS)


def test_an_idle_beat_finds_nothing_to_do(context: Flask) -> None:
    assert {job.name: job.run() for job in PERIODIC_JOBS} == dict.fromkeys((job.name for job in PERIODIC_JOBS), 0)


def test_several_beats_and_workers_at_once_remind_expire_and_send_once(
    context: Flask, at: MoveClock, smtp: SmtpServer
) -> None:
    at(NOON)
    manager, staff = builders.make_user("Manager"), builders.make_user("Staff")
    for minutes in range(30, 50):
        with transaction(manager.id):
            due = NOON + dt.timedelta(minutes=minutes)
            tasks.create(manager, {"text": f"Task {minutes}", "due_at": due, "responsible_id": staff.id})

    def beat_and_work() -> None:
        for job in PERIODIC_JOBS:
            beat.run_job(job)
        work_off()

    at_once(context, beat_and_work)
    at(NOON + dt.timedelta(minutes=29))
    at_once(context, beat_and_work)
    due_now = "SELECT count(*) FROM events WHERE tag = 'task:due_soon'"
    assert counted(due_now) == 15
    at(NOON + dt.timedelta(minutes=51))
    at_once(context, beat_and_work)
    assert counted("SELECT count(*) FROM events WHERE tag = 'task:expired'") == 20
    at_once(context, beat_and_work, 2)
    assert counted("SELECT count(DISTINCT (tag, subject_id)) - count(*) FROM events") == 0
    assert counted("SELECT count(*) FROM deliveries WHERE channel = 'email' AND state <> 'sent'") == 0
    assert len(smtp.mails) == len({mail["Message-ID"] for mail in smtp.mails}) == 20


def test_one_delivery_claimed_by_several_workers_at_once_is_sent_once(
    context: Flask, at: MoveClock, smtp: SmtpServer
) -> None:
    from app.services import delivery

    at(NOON)
    manager, staff = builders.make_user("Manager"), builders.make_user("Staff")
    with transaction(manager.id):
        tasks.create(manager, {"text": "Once", "due_at": NOON + dt.timedelta(days=2), "responsible_id": staff.id})
    at_once(context, lambda: delivery.deliver("email", [1]), 6)
    assert (len(smtp.mails), counted("SELECT attempts FROM deliveries WHERE id = 1")) == (1, 1)


def test_a_job_that_fails_disturbs_no_other(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def fail() -> int:
        raise ValueError("broken")

    def work() -> int:
        ran.append("second")
        return 0

    broken, good = beat.PeriodicJob("broken", 1, fail), beat.PeriodicJob("good", 1, work)
    monkeypatch.setattr(beat, "PERIODIC_JOBS", (broken, good))
    beat.tick(context, {"broken": 0.0, "good": 0.0})
    assert ran == ["second"]


def test_a_job_goes_on_while_it_finds_something_and_lets_the_others_come_in_the_end(context: Flask) -> None:
    pieces, endless = iter([100, 100, 3, 0, 100]), []
    beat.run_job(beat.PeriodicJob("pieces", 1, lambda: next(pieces)))
    assert list(pieces) == [100]
    beat.run_job(beat.PeriodicJob("endless", 1, lambda: endless.append(1) or 1))
    assert len(endless) == beat.MAX_PIECES


def test_a_leader_whose_connection_is_cut_gives_up_instead_of_leading_on(context: Flask) -> None:
    engine = create_engine(context.config["SQLALCHEMY_DATABASE_URI"], poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as first, engine.connect() as second:
        assert beat._leads(first, False)
        assert beat._leads(first, True)
        assert not beat._leads(second, False)
        pid = first.execute(text("SELECT pg_backend_pid()")).scalar_one()
        second.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        with pytest.raises(beat.LeadershipLost):
            beat._leads(first, True)
        assert beat._leads(second, False)


@pytest.fixture
def start_beat(app: Flask, environment: dict[str, str]) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start real beats on the test's database."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        environ = {**os.environ, **environment, "FRONTDESK_PROCESS": "beat", "LOG_LEVEL": "error"}
        started.append(subprocess.Popen([sys.executable, str(ROOT / "run.py"), "beat"], env=environ, cwd=ROOT))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def leader_pid(url: str) -> int | None:
    """The database session that holds the leader's lock."""
    # The lock is one per database; the view shows those of the whole server.
    statement = (
        "SELECT pid FROM pg_locks JOIN pg_database ON oid = database AND datname = current_database()"
        " WHERE locktype = 'advisory' AND objid = %s AND granted"
    )
    with psycopg.connect(url.replace("+psycopg", "", 1)) as connection:
        row = connection.execute(statement, (beat.LOCK_NUMBER,)).fetchone()
    return int(row[0]) if row else None


def test_of_two_beats_one_leads_and_when_it_dies_the_other_takes_over(
    context: Flask, environment: dict[str, str], at: MoveClock, start_beat: Callable[[], subprocess.Popen[bytes]]
) -> None:
    url = environment["DATABASE_URL"]
    at(NOON)
    manager, staff = builders.make_user("Manager"), builders.make_user("Staff")
    for minutes in (30, 60):
        with transaction(manager.id):
            due = NOON + dt.timedelta(minutes=minutes)
            tasks.create(manager, {"text": f"In {minutes}", "due_at": due, "responsible_id": staff.id})
    first = start_beat()
    leader = eventually(lambda: leader_pid(url), 60, "a first leader")
    second = start_beat()
    eventually(lambda: counted("SELECT count(DISTINCT pid) FROM processes WHERE kind = 'beat'") == 2, 60)
    told = "SELECT count(*) FROM events WHERE tag = 'task:due_soon'"
    at(NOON + dt.timedelta(minutes=20))
    eventually(lambda: counted(told) == 1)
    assert leader_pid(url) == leader

    first.send_signal(signal.SIGKILL)
    eventually(lambda: leader_pid(url) not in (None, leader), 10, "the second beat to lead")
    at(NOON + dt.timedelta(minutes=50))
    eventually(lambda: counted(told) == 2)
    second.send_signal(signal.SIGTERM)
    assert second.wait(15) == 0
    assert counted(told) == 2
