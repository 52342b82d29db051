"""Starting the application asks the database nothing."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

from app.startup import ROOT
from bench.row import Row, at_most, noted

ROUNDS = 3
# Every statement and every connection of any engine counts.
_PROGRAM = """
from sqlalchemy import Engine, Pool, event
seen = []
event.listen(Engine, "before_cursor_execute", lambda *about: seen.append(about[2]))
event.listen(Pool, "connect", lambda *about: seen.append("connect"))
from app import create_app
create_app()
print(len(seen))
"""


def run() -> list[Row]:
    """Start it in processes of their own."""
    counts, seconds = [], []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM], env=os.environ, cwd=ROOT, capture_output=True, text=True, check=True
        )
        seconds.append(time.perf_counter() - started)
        counts.append(int(done.stdout.split()[-1]))
    return [
        at_most("Start of the application: SQL statements and connections", max(counts), 0),
        noted("… seconds, the interpreter's start included", statistics.median(seconds), "s"),
    ]
