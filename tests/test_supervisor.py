"""Processes are kept up, stopped in order, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.supervisor import Process, StartError, Supervisor
from tests.waiting import eventually

ROOT = Path(__file__).parent.parent

# Writes its name and what happens to it, then waits to be stopped.
CHILD = """
import os, signal, sys
def note(word): open(sys.argv[2], "a").write(f"{sys.argv[1]} {word} {os.getpid()}\\n")
def stop(*_): note("stopped"); sys.exit(0)
signal.signal(signal.SIGTERM, stop)
note("started")
while True: signal.pause()
"""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal"
    path.touch()
    return path


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor()
    yield made
    made.stop()


def child(name: str, journal: Path, **options: object) -> Process:
    ready = options.pop("ready", lambda: f"{name} started" in journal.read_text())
    argv = [sys.executable, "-c", CHILD, name, str(journal)]
    return Process(name, argv, dict(os.environ), ready=ready, **options)  # type: ignore[arg-type]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_groups_stop_in_reverse_order(supervisor: Supervisor, journal: Path) -> None:
    for name in ("database", "queue", "web"):
        supervisor.start(child(name, journal))
    supervisor.stop()
    words = [line.rsplit(" ", 1)[0] for line in journal.read_text().splitlines()]
    assert words == [
        "database started",
        "queue started",
        "web started",
        "web stopped",
        "queue stopped",
        "database stopped",
    ]


def test_a_killed_process_comes_back(supervisor: Supervisor, journal: Path) -> None:
    process = child("worker", journal)
    supervisor.start(process)
    assert process.popen is not None
    first = process.popen.pid
    watching = threading.Thread(target=supervisor.watch)
    watching.start()
    try:
        os.kill(first, signal.SIGKILL)
        eventually(lambda: journal.read_text().count("worker started") == 2, what="the second start")
        assert process.popen.pid != first
    finally:
        supervisor.stopping.set()
        watching.join()


def test_a_process_that_ends_at_once_says_why(supervisor: Supervisor, tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "print('the disk is full'); raise SystemExit(3)"]
    broken = Process("web", argv, dict(os.environ), ready=lambda: False, log_file=tmp_path / "web.log")
    with pytest.raises(StartError, match=r"(?s)web ended at once \(exit code 3\).*the disk is full"):
        supervisor.start(broken)


def test_what_does_not_stop_in_its_time_is_killed(supervisor: Supervisor, journal: Path) -> None:
    deaf = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); open(sys.argv[1], 'w').write('up')\n"
    argv = [sys.executable, "-c", deaf + "while True: signal.pause()", str(journal)]
    process = Process("deaf", argv, dict(os.environ), ready=lambda: journal.read_text() == "up", stop_seconds=0.3)
    supervisor.start(process)
    supervisor.stop()
    assert process.popen is not None
    assert process.popen.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's death signal exists on Linux only")
def test_a_killed_supervisor_leaves_no_process_behind(journal: Path) -> None:
    script = (
        "import os, sys; sys.path.insert(0, sys.argv[1]);"
        "from app.supervisor import Process, Supervisor;"
        "s = Supervisor();"
        "s.start(Process('worker', [sys.executable, '-c', sys.argv[3], 'worker', sys.argv[2]], dict(os.environ)));"
        "s.watch()"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(ROOT), str(journal), CHILD])
    try:
        eventually(lambda: "worker started" in journal.read_text(), what="the start")
    finally:
        parent.kill()
        parent.wait()
    pid = int(journal.read_text().split()[-1])
    eventually(lambda: not is_alive(pid), what="the child's end")
    assert "worker stopped" in journal.read_text()


def test_a_forked_part_is_kept_up_and_stopped_like_a_program(tmp_path: Path) -> None:
    """In a process of its own: a fork of the test's process would take its threads' locks with it."""
    journal = tmp_path / "journal"
    program = f"""
import os, signal, sys, threading, time
from app.supervisor import Process, Supervisor

def run():
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with open({str(journal)!r}, "a") as journal:
        journal.write(f"started {{os.getpid()}}\\n")
    stop.wait(60)
    with open({str(journal)!r}, "a") as journal:
        journal.write("stopped\\n")
    return 0

supervisor = Supervisor()
supervisor.stop_on_signals()
supervisor.start(Process("part", [], {{}}, run=run))
supervisor.watch()
supervisor.stop()
"""
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parent.parent)
    try:
        eventually(lambda: journal.exists() and "started" in journal.read_text(), what="the start")
        os.kill(int(journal.read_text().split()[1]), signal.SIGKILL)
        eventually(lambda: journal.read_text().count("started") == 2, what="the second start")
        parent.terminate()
        assert parent.wait(10) == 0
    finally:
        parent.kill()
        parent.wait()
    assert journal.read_text().endswith("stopped\n")
