"""How fast one client may write, and how many new ones may begin from one address; per web process, without Redis."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import current_app

from app.errors import TooMany

MAX_BUCKETS = 20_000
# New clients cost several times what a known one's message costs. They queue, so that a rush of them leaves connections
# for everybody else; the widget tries again by itself.
BEGINNINGS_AT_ONCE = 4
PATIENCE_SECONDS = 8.0


@dataclass(slots=True)
class Buckets:
    """A bucket per key that fills at ``per_second`` up to ``burst``."""

    burst: float
    per_second: float
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, key: str) -> None:
        """Take one out. Raises TooMany with the seconds to wait when the bucket is empty."""
        if not current_app.config.get("RATE_LIMITS", True):
            return
        now = time.monotonic()
        left, at = self._left.get(key, (self.burst, now))
        left = min(self.burst, left + (now - at) * self.per_second)
        if left < 1:
            seconds = math.ceil((1 - left) / self.per_second)
            raise TooMany(f"That was very much at once. Try again in {seconds} s", seconds)
        if len(self._left) > MAX_BUCKETS:
            self._forget_full(now)
        self._left[key] = (left - 1, now)

    def _forget_full(self, now: float) -> None:
        for key, (left, at) in list(self._left.items()):
            if left + (now - at) * self.per_second >= self.burst:
                del self._left[key]


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
