"""Who is here: connections in a Redis sorted set that expire by themselves, and which chat each of them has open.

Only an accelerator. Without Redis nobody is known to be here, so nothing is held back from anybody.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping
from enum import StrEnum

from redis.exceptions import RedisError

from app import clock
from app.extensions import redis_client
from app.services.people import activity

log = logging.getLogger(__name__)

ALIVE_SECONDS = 75
# After a failed call nobody waits for Redis again for that long.
PAUSE_SECONDS = 2.0
_CONNECTIONS = "frontdesk:connections"
_FOCUS = "frontdesk:focus:"

_paused_until = 0.0


class State(StrEnum):
    """Active: a real action within two minutes, in any tab. Away: connected. Offline: neither."""

    ACTIVE = "active"
    AWAY = "away"
    OFFLINE = "offline"


def renew(connections: Mapping[str, int], focused: Mapping[str, int]) -> bool:
    """Say that these connections (socket → person) live, and which of them look at a chat (socket → chat).

    Return False where Redis did not take it.
    """
    if not connections:
        return True
    if _paused():
        return False
    # The machine's clock: a moved test clock must not end connections.
    now = clock.real_now().timestamp()
    until = now + ALIVE_SECONDS
    by_chat: dict[int, dict[str | bytes, bytes | float | int | str]] = {}
    for sid, chat_id in focused.items():
        by_chat.setdefault(chat_id, {})[f"{connections[sid]}:{sid}"] = until
    try:
        with redis_client().pipeline(transaction=False) as pipe:
            pipe.zadd(_CONNECTIONS, {f"{user_id}:{sid}": until for sid, user_id in connections.items()})
            pipe.zremrangebyscore(_CONNECTIONS, "-inf", now)
            for chat_id, members in by_chat.items():
                pipe.zadd(f"{_FOCUS}{chat_id}", members)  # type: ignore[type-var]
                pipe.expire(f"{_FOCUS}{chat_id}", ALIVE_SECONDS)
            pipe.execute()
    except (RedisError, OSError) as error:
        _failed(error)
        return False
    return True


def gone(user_id: int, sid: str, chat_id: int | None) -> None:
    """Forget a closed connection and what it had open."""
    if _paused():
        return
    try:
        with redis_client().pipeline(transaction=False) as pipe:
            pipe.zrem(_CONNECTIONS, f"{user_id}:{sid}")
            if chat_id is not None:
                pipe.zrem(f"{_FOCUS}{chat_id}", f"{user_id}:{sid}")
            pipe.execute()
    except (RedisError, OSError) as error:
        _failed(error)


def focus(user_id: int, sid: str, before: int | None, now_open: int | None) -> None:
    """Note that a visible tab looks at a chat, or no longer at the one before."""
    if before == now_open or _paused():
        return
    member = f"{user_id}:{sid}"
    try:
        with redis_client().pipeline(transaction=False) as pipe:
            if before is not None:
                pipe.zrem(f"{_FOCUS}{before}", member)
            if now_open is not None:
                pipe.zadd(f"{_FOCUS}{now_open}", {member: clock.real_now().timestamp() + ALIVE_SECONDS})
                pipe.expire(f"{_FOCUS}{now_open}", ALIVE_SECONDS)
            pipe.execute()
    except (RedisError, OSError) as error:
        _failed(error)


def looking_at(chat_id: int) -> frozenset[int]:
    """Return who has the chat open in a focused, visible tab."""
    return _people(f"{_FOCUS}{chat_id}")


def states() -> dict[int, State] | None:
    """Return the state of everybody who is not offline, None when that is not known."""
    if _paused():
        return None
    try:
        found = redis_client().zrangebyscore(_CONNECTIONS, clock.real_now().timestamp(), "+inf")
    except (RedisError, OSError) as error:
        _failed(error)
        return None
    here = {int(member.partition(b":")[0]) for member in found}  # type: ignore[arg-type, union-attr]
    active = activity.active_among(here)
    return {user_id: State.ACTIVE if user_id in active else State.AWAY for user_id in here}


def states_of(user_ids: Collection[int]) -> dict[str, str]:
    """Return each one's state as clients read it."""
    here = states() or {}
    return {str(user_id): here.get(user_id, State.OFFLINE).value for user_id in user_ids}


def _people(key: str) -> frozenset[int]:
    if _paused():
        return frozenset()
    try:
        found = redis_client().zrangebyscore(key, clock.real_now().timestamp(), "+inf")
    except (RedisError, OSError) as error:
        _failed(error)
        return frozenset()
    return frozenset(int(member.partition(b":")[0]) for member in found)  # type: ignore[arg-type, union-attr]


def _paused() -> bool:
    return time.monotonic() < _paused_until


def _failed(error: Exception) -> None:
    global _paused_until
    _paused_until = time.monotonic() + PAUSE_SECONDS
    log.warning("presence is not known: %s", type(error).__name__)
