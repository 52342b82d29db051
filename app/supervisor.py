"""Keeps the processes up: ordered start with readiness, restart with back-off, ordered stop, no orphans."""

from __future__ import annotations

import ctypes
import logging
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.forked import Forked

log = logging.getLogger(__name__)

RESTART_DELAYS_SECONDS = (0.2, 0.5, 1, 2, 5, 10, 30)
# A process that has been up this long starts again at the first delay.
STEADY_SECONDS = 30
POLL_SECONDS = 0.1
# A worker finishes the job it is in before it stops.
WORKER_STOP_SECONDS = 20

_PR_SET_PDEATHSIG = 1
# Looked up before any fork: between fork and exec nothing may be imported.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class StartError(Exception):
    """A process did not come up; the message names it and says where its log is."""


@dataclass(slots=True)
class Process:
    """One program to keep running. `ready` is polled until true; only then the next one that waits is started."""

    name: str
    argv: list[str]
    environ: Mapping[str, str]
    ready: Callable[[], bool] | None = None
    # What cannot start ends by itself; on a very busy machine what can may need minutes.
    ready_seconds: float = 180
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 20
    user: pwd.struct_passwd | None = None
    folder: Path | None = None
    log_file: Path | None = None
    # In place of a program: what a fork of this very process runs.
    run: Callable[[], int] | None = None
    popen: subprocess.Popen[bytes] | Forked | None = field(default=None, init=False)
    failures: int = field(default=0, init=False)
    started_at: float = field(default=0, init=False)
    start_again_at: float | None = field(default=None, init=False)

    @property
    def alive(self) -> bool:
        return self.popen is not None and self.popen.poll() is None


class Supervisor:
    """Starts groups of processes in order, keeps them up, stops the groups in reverse order."""

    def __init__(self) -> None:
        self._groups: list[list[Process]] = []
        self.stopping = threading.Event()

    @property
    def processes(self) -> list[Process]:
        """All that were started, in that order."""
        return [process for group in self._groups for process in group]

    def start(self, *processes: Process) -> None:
        """Starts a group at once, then waits for each of it to be ready. Raises StartError."""
        self._groups.append(list(processes))
        # The last one is the one that people wait for: it gets the processor first.
        for process in reversed(processes):
            spawn(process)
        for process in processes:
            self._wait_until_ready(process)

    def watch(self) -> None:
        """Starts again what ends, until `stopping` is set."""
        while not self.stopping.wait(POLL_SECONDS):
            for process in self.processes:
                self._look_after(process)

    def stop(self) -> None:
        """Stops the groups, the last one first, each all at once; kills what does not end in its time."""
        self.stopping.set()
        while self._groups:
            group = self._groups.pop()
            for process in reversed(group):
                if process.popen is not None and process.alive:
                    process.popen.send_signal(process.stop_signal)
            for process in reversed(group):
                wait_until_stopped(process)

    def stop_on_signals(self) -> None:
        """Ctrl+C, a service manager's stop and a closed terminal all end `watch`."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stopping.set())

    def _wait_until_ready(self, process: Process) -> None:
        deadline = time.monotonic() + process.ready_seconds
        while not self.stopping.is_set():
            if not process.alive:
                raise StartError(f"{process.name} ended at once (exit code {_code(process)}).{_tail(process)}")
            if process.ready is None or process.ready():
                return
            if time.monotonic() > deadline:
                raise StartError(f"{process.name} is not ready after {process.ready_seconds:.0f} s.{_tail(process)}")
            self.stopping.wait(0.02)

    def _look_after(self, process: Process) -> None:
        now = time.monotonic()
        if process.alive:
            if process.failures and now - process.started_at > STEADY_SECONDS:
                process.failures = 0
        elif process.start_again_at is None:
            delay = RESTART_DELAYS_SECONDS[min(process.failures, len(RESTART_DELAYS_SECONDS) - 1)]
            process.failures += 1
            process.start_again_at = now + delay
            log.warning("%s ended (exit code %s), starts again in %s s", process.name, _code(process), delay)
        elif now >= process.start_again_at:
            # Children of a killed one may still hold its port.
            _kill_group(process.popen.pid if process.popen else 0)
            spawn(process)


def spawn(process: Process) -> None:
    """Starts a process in a group of its own, so that Ctrl+C reaches only us and we stop it in its turn."""
    parent = os.getpid()
    death_signal = int(process.stop_signal)

    def before_exec() -> None:
        # After the change of user: the kernel forgets the death signal when credentials change.
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, death_signal)
            if os.getppid() != parent:
                os._exit(1)

    process.started_at = time.monotonic()
    process.start_again_at = None
    if process.run is not None:
        process.popen = Forked(process.run, before_exec)
        return
    output = process.log_file.open("ab") if process.log_file else None
    try:
        process.popen = subprocess.Popen(
            process.argv,
            env=dict(process.environ),
            cwd=process.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            process_group=0,
            preexec_fn=before_exec,
            user=process.user.pw_uid if process.user else None,
            group=process.user.pw_gid if process.user else None,
            extra_groups=[] if process.user else None,
        )
    finally:
        if output:
            output.close()


def stop(process: Process) -> None:
    """Asks one process to stop and waits until it has."""
    if process.popen is not None and process.alive:
        process.popen.send_signal(process.stop_signal)
    wait_until_stopped(process)


def wait_until_stopped(process: Process) -> None:
    """Waits for a process that was told to stop; after its time the whole group is killed."""
    popen = process.popen
    if popen is None:
        return
    try:
        popen.wait(process.stop_seconds)
    except subprocess.TimeoutExpired:
        log.warning("%s did not stop within %s s and is killed", process.name, process.stop_seconds)
    _kill_group(popen.pid)
    popen.wait()


def die_with_parent() -> None:
    """Makes the kernel stop this very process when the one that started it dies."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))


def _kill_group(group: int) -> None:
    """Ends what a process left behind, its children included."""
    if group <= 1:
        return
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _code(process: Process) -> int | None:
    return process.popen.returncode if process.popen else None


def _tail(process: Process) -> str:
    """The last lines of a process's log file, for the person who started it."""
    if not process.log_file or not process.log_file.exists():
        return ""
    lines = process.log_file.read_text(errors="replace").splitlines()[-8:]
    return "\n  " + "\n  ".join(lines) + f"\n  ({process.log_file})"
