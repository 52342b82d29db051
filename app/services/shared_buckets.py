"""How fast somebody may act, whichever web process they reach: a bucket per key in Redis.

A process takes a handful out at a time and spends it by itself, so that most actions wait for nobody. Where Redis does
not answer, each process counts for itself, as :class:`app.services.buckets.Buckets` does.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass, field
from typing import cast

from flask import current_app
from redis.exceptions import RedisError

from app.extensions import redis_client
from app.services.buckets import MAX_BUCKETS, Buckets, too_many

log = logging.getLogger(__name__)

# How long a process that Redis did not answer counts for itself before it asks again: each try may take a second.
ALONE_SECONDS = 5.0

# Refill by the time since the last change, by Redis's own clock; give what there is, at most what is wanted.
_TAKE = """
local kept = redis.call('HMGET', KEYS[1], 'left', 'at')
local burst, rate, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local since = math.max(0, now - (tonumber(kept[2]) or now))
local left = math.min(burst, (tonumber(kept[1]) or burst) + since * rate)
local got = math.min(wanted, math.floor(left))
if got > 0 then
  redis.call('HSET', KEYS[1], 'left', tostring(left - got), 'at', string.format('%.6f', now))
  redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000))
end
return {got, tostring(left)}
"""


@dataclass(slots=True)
class SharedBuckets:
    """A bucket per key that fills at ``per_second`` up to ``burst``; each process holds up to a handful of it."""

    name: str
    burst: float
    per_second: float
    handful: int = 8
    _held: dict[str, int] = field(default_factory=dict)
    _alone: Buckets = field(init=False)
    _alone_until: float = 0.0

    def __post_init__(self) -> None:
        self._alone = Buckets(self.burst, self.per_second)

    def take(self, key: str) -> None:
        """Take one out. Raises TooMany with the seconds to wait when the bucket is empty."""
        if not current_app.config.get("RATE_LIMITS", True):
            return None
        held = self._held.pop(key, 0)
        if not held:
            if time.monotonic() < self._alone_until:
                return self._alone.take(key)
            try:
                held = self._fetch(key)
            except (RedisError, OSError) as error:
                log.warning("%s are counted per process: %s", self.name, error)
                self._alone_until = time.monotonic() + ALONE_SECONDS
                return self._alone.take(key)
        if held > 1:
            if len(self._held) > MAX_BUCKETS:
                self._held.clear()
            self._held[key] = held - 1
        return None

    def _fetch(self, key: str) -> int:
        """Return how many were to be had. Raises TooMany for none, RedisError and OSError without Redis."""
        asked = (f"frontdesk:bucket:{self.name}:{key}", str(self.burst), str(self.per_second), str(self.handful))
        got, left = cast(tuple[int, bytes], redis_client().eval(_TAKE, 1, *asked))
        if not got:
            raise too_many(math.ceil((1 - float(left)) / self.per_second))
        return got
