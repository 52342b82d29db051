"""Count the activity report's numbers anew."""

from __future__ import annotations

import time

from app import queue
from app.services.reports import activity_days

# Well within a job's time limit; what is left is the next job's.
WORKS_FOR_SECONDS = 200


def rebuild() -> None:
    """Count day after day, the newest first; a rebuild that another worker is at is left to it."""
    ends = time.monotonic() + WORKS_FOR_SECONDS
    while activity_days.rebuild_piece():
        if time.monotonic() > ends:
            queue.enqueue(activity_days.JOB, queue="slow")
            return
