"""A child made by fork alone: it has the application imported already, which is most of what a start costs."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.02


class Forked:
    """Runs ``run`` in a child of its own process group; offers what the supervisor uses of ``subprocess.Popen``.

    Only for a parent without other threads, open connections or files that must not be shared.
    """

    def __init__(self, run: Callable[[], int], before_run: Callable[[], None]) -> None:
        self.returncode: int | None = None
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _become(run, before_run)

    def poll(self) -> int | None:
        """Return the exit code, None while the child runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end. Raises subprocess.TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("forked", timeout or 0)
            time.sleep(_POLL_SECONDS)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the child has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


def _become(run: Callable[[], int], before_run: Callable[[], None]) -> None:
    code = 1
    try:
        os.setpgid(0, 0)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        before_run()
        code = run()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        log.exception("the process ended with an error")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # No clean-up of the parent's: exit handlers and open files are not this child's.
        os._exit(code)
