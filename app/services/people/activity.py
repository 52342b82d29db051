"""Who is active in a browser right now. A Redis set of people by the moment of their last own action.

Only an accelerator: without Redis nobody counts as active, and devices are told at once.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection

from redis.exceptions import RedisError

from app import clock
from app.extensions import redis_client

log = logging.getLogger(__name__)

ACTIVE_FOR = dt.timedelta(minutes=2)
_KEY = "frontdesk:active"


def seen_now(user_id: int) -> None:
    """Note a real action of a person in an open tab: a click, a key, a scroll."""
    now = clock.now()
    try:
        with redis_client().pipeline(transaction=False) as pipe:
            pipe.zadd(_KEY, {str(user_id): now.timestamp()})
            pipe.zremrangebyscore(_KEY, "-inf", (now - 2 * ACTIVE_FOR).timestamp())
            pipe.execute()
    except (RedisError, OSError) as error:
        log.warning("activity could not be noted: %s", type(error).__name__)


def active_among(user_ids: Collection[int]) -> frozenset[int]:
    """Return those who did something in a browser within the last two minutes: one call, however many are asked."""
    if not user_ids:
        return frozenset()
    since = (clock.now() - ACTIVE_FOR).timestamp()
    try:
        found: list[bytes] = redis_client().zrangebyscore(_KEY, since, "+inf")  # type: ignore[assignment]
    except (RedisError, OSError) as error:
        log.warning("activity is not known: %s", type(error).__name__)
        return frozenset()
    return frozenset(int(member) for member in found) & frozenset(user_ids)
