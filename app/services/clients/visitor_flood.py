"""How fast one client may write, and how many new ones may begin from one address; per web process, without Redis."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import TooMany
from app.services.buckets import Buckets

# New clients cost several times what a known one's message costs. They queue, so that a rush of them leaves connections
# for everybody else; the widget tries again by itself.
BEGINNINGS_AT_ONCE = 4
PATIENCE_SECONDS = 8.0


MESSAGES = Buckets(burst=20, per_second=1.0)
FILES = Buckets(burst=10, per_second=0.2)
BEGINNINGS = Buckets(burst=30, per_second=0.2)
REQUESTS = Buckets(burst=120, per_second=4.0)

_turns = threading.BoundedSemaphore(BEGINNINGS_AT_ONCE)


@contextmanager
def turn(patience: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Let in a few new clients at once. Raises TooMany for who has waited too long."""
    if not _turns.acquire(timeout=patience):
        raise TooMany("Very many people are writing right now. Try again in a few seconds", 3)
    try:
        yield
    finally:
        _turns.release()
