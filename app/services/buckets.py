"""How fast somebody may act: a bucket per key in each web process, so that nothing waits for Redis."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from flask import current_app

from app.errors import TooMany

# Buckets of those who have been quiet are full again and can be forgotten.
MAX_BUCKETS = 20_000


def too_many(seconds: int) -> TooMany:
    """Return what is said to who was too fast."""
    return TooMany(f"That was very much at once. Try again in {seconds} s", seconds)


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
            raise too_many(math.ceil((1 - left) / self.per_second))
        if len(self._left) > MAX_BUCKETS:
            self._forget_full(now)
        self._left[key] = (left - 1, now)

    def _forget_full(self, now: float) -> None:
        for key, (left, at) in list(self._left.items()):
            if left + (now - at) * self.per_second >= self.burst:
                del self._left[key]
