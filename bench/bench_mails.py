"""10,000 mails by two workers, against two bare loops that render and send the very same mails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import IO

from sqlalchemy import text

from app import clock
from app.catalogue import Rule
from app.extensions import db, redis_client
from app.services import notify
from app.startup import ROOT
from app.transaction import transaction
from bench.house import application
from bench.row import Row, at_least, at_most, noted

PEOPLE = 10_000
PROCESSES = 2
RATIO = 0.5
PATIENCE_SECONDS = 120

_PEOPLE = (
    "INSERT INTO ab_user (first_name, last_name, username, email, active)"
    " SELECT 'Pat', 'No. ' || i, 'mailed' || i, 'mailed' || i || '@example.com', true"
    f" FROM generate_series(1, {PEOPLE}) i",
    "INSERT INTO ab_user_role (user_id, role_id)"
    " SELECT u.id, r.id FROM ab_user u, ab_role r WHERE u.username LIKE 'mailed%' AND r.name = 'Staff'",
)


def run() -> list[Row]:
    """Measure both with the same mail server, one after the other; takes about two minutes."""
    with application().app_context(), ExitStack() as stack:
        sink = _started(stack, "bench.mail_sink", dict(os.environ))
        environ = {
            **os.environ,
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": sink.stdout.readline().strip(),  # type: ignore[union-attr]
            "MAIL_DEFAULT_SENDER": "Frontdesk <frontdesk@example.com>",
        }
        with transaction():
            for statement in _PEOPLE:
                db.session.execute(text(statement))
        ids = _deliveries(1)
        redis_client().flushdb()
        bare = _bare(environ, ids)
        counted = _count(sink)
        _forget_workers()
        workers = [_worker(stack, environ, number) for number in range(PROCESSES)]
        _until("SELECT count(*) = :n FROM processes WHERE kind = 'worker:mail'", {"n": PROCESSES})
        started = time.perf_counter()
        ids = _deliveries(2)
        _until(
            "SELECT count(*) = 0 FROM deliveries WHERE id = ANY(:ids) AND state IN ('pending','sending')", {"ids": ids}
        )
        product = time.perf_counter() - started
        sent = _count(sink) - counted
        for worker in workers:
            worker.terminate()
        redis_client().flushdb()
    return [
        at_least(
            f"{PEOPLE:,} mails by {PROCESSES} workers: as part of a bare loop's rate in as many processes",
            bare / product,
            RATIO,
        ),
        noted("… mails per second, the event itself included", PEOPLE / product),
        noted("… mails per second of the bare loops", PEOPLE / bare),
        at_most("… mails lost or doubled", abs(sent - PEOPLE), 0),
    ]


def _deliveries(number: int) -> list[int]:
    """Give a task to all of them; the ids of what is to be sent."""
    people = [row.id for row in db.session.execute(text("SELECT id FROM ab_user WHERE username LIKE 'mailed%'"))]
    db.session.rollback()
    data = {
        "task_id": number,
        "text": "Call Basil Hedge back about the fleet contract",
        "due_at": clock.now().isoformat(),
        "all_day": False,
        "author": {"id": 1, "name": "Rowan Sprocket"},
        "responsible": {"id": 2, "name": "Milo Spoke"},
        "url": f"/taskview/show/{number}",
    }
    subject = notify.Subject("task", 3 * 10**6 + number)
    with transaction():
        event = notify.record_event("task:assigned", None, subject, data, told=dict.fromkeys(people, Rule.RESPONSIBLE))
    rows = db.session.execute(
        text(
            "SELECT d.id FROM deliveries d JOIN notifications n ON n.id = d.notification_id"
            " WHERE n.event_id = :event AND d.channel = 'email' ORDER BY d.id"
        ),
        {"event": event},
    )
    found = [row.id for row in rows]
    db.session.rollback()
    return found


def _bare(environ: dict[str, str], ids: list[int]) -> float:
    """Seconds that the slower of the loops takes for its part."""
    with ExitStack() as stack:
        loops = [_started(stack, "bench.mail_bare", environ) for _ in range(PROCESSES)]
        for number, loop in enumerate(loops):
            _tell(loop, json.dumps(ids[number::PROCESSES]))
        for loop in loops:
            assert _hear(loop) == "ready"
        for loop in loops:
            _tell(loop, "go")
        return max(float(_hear(loop)) for loop in loops)


def _worker(stack: ExitStack, environ: dict[str, str], number: int) -> subprocess.Popen[str]:
    own = {**environ, "FRONTDESK_PROCESS": "worker", "FRONTDESK_PROCESS_NAME": f"bench-mail-{number}"}
    command = [sys.executable, str(ROOT / "run.py"), "worker", "mail"]
    return _process(stack, command, own)


def _started(stack: ExitStack, module: str, environ: dict[str, str]) -> subprocess.Popen[str]:
    return _process(stack, [sys.executable, "-m", module], environ)


def _process(stack: ExitStack, command: list[str], environ: dict[str, str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(command, env=environ, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


def _count(sink: subprocess.Popen[str]) -> int:
    _tell(sink, "count")
    return int(_hear(sink))


def _tell(process: subprocess.Popen[str], line: str) -> None:
    stream: IO[str] = process.stdin  # type: ignore[assignment]
    stream.write(line + "\n")
    stream.flush()


def _hear(process: subprocess.Popen[str]) -> str:
    stream: IO[str] = process.stdout  # type: ignore[assignment]
    return stream.readline().strip()


def _forget_workers() -> None:
    """Those of another measurement have ended; the house would remember them for a while."""
    db.session.execute(text("DELETE FROM processes WHERE kind = 'worker:mail'"))
    db.session.commit()


def _until(statement: str, values: dict[str, object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        done = db.session.execute(text(statement), values).scalar_one()
        db.session.rollback()
        if done:
            return
        time.sleep(0.1)
    raise TimeoutError(statement)
