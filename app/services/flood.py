"""How fast one person may write: a bucket per person in each web process, so that sending never waits for Redis."""

from __future__ import annotations

import math
import time

from flask import current_app

from app.errors import TooMany

BURST = 120
PER_SECOND = 4.0
# Buckets of people who have been quiet are full again and can be forgotten.
MAX_BUCKETS = 10_000

_buckets: dict[int, tuple[float, float]] = {}


def take(user_id: int) -> None:
    """Take one message out of the person's bucket. Raises TooMany with the seconds to wait when it is empty."""
    if not current_app.config.get("RATE_LIMITS", True):
        return
    now = time.monotonic()
    left, at = _buckets.get(user_id, (float(BURST), now))
    left = min(float(BURST), left + (now - at) * PER_SECOND)
    if left < 1:
        seconds = math.ceil((1 - left) / PER_SECOND)
        raise TooMany(f"That was very much at once. Try again in {seconds} s", seconds)
    if len(_buckets) > MAX_BUCKETS:
        _forget_full(now)
    _buckets[user_id] = (left - 1, now)


def _forget_full(now: float) -> None:
    for user_id, (left, at) in list(_buckets.items()):
        if left + (now - at) * PER_SECOND >= BURST:
            del _buckets[user_id]
