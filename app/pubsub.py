"""Socket.IO between processes over Redis, made patient: a Redis that is down or hangs never holds up a request."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import redis
from redis.exceptions import RedisError
from socketio import RedisManager

log = logging.getLogger(__name__)

CHANNEL = "frontdesk-socketio"
PUBLISH_TIMEOUT_SECONDS = 1.0
LISTEN_RETRY_SECONDS = 1.0
# After a failed publish nobody waits again for that long.
PUBLISH_PAUSE_SECONDS = 2.0


class PatientRedisManager(RedisManager):
    """Publishes with a timeout of its own (tabs of this process are served before that, without Redis).

    After a lost subscription ``on_resubscribed`` is called: what was published meanwhile did not arrive here.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url, channel=CHANNEL)
        self.on_resubscribed: Callable[[], None] | None = None
        self._publisher = redis.Redis.from_url(
            url, socket_timeout=PUBLISH_TIMEOUT_SECONDS, socket_connect_timeout=PUBLISH_TIMEOUT_SECONDS, retry=None
        )
        self._paused_until = 0.0

    def _publish(self, data: Any) -> None:
        if time.monotonic() < self._paused_until:
            return
        try:
            self._publisher.publish(self.channel, self.json.dumps(data))
        except (RedisError, OSError) as error:
            self._paused_until = time.monotonic() + PUBLISH_PAUSE_SECONDS
            log.warning("live updates do not reach other processes: %s", type(error).__name__)

    def move(self, namespace: str, people: list[str], room: str, *, enter: bool) -> None:
        """Put all sockets of the rooms ``people`` into ``room``, or take them out, in every process.

        Other processes hear of it in the order of emits, so that nothing sent before or after goes astray.
        """
        message = {
            "method": "enter_room" if enter else "leave_room",
            "people": people,
            "room": room,
            "namespace": namespace,
            "host_id": self.host_id,
        }
        if enter:
            self._handle_enter_room(message)
        else:
            self._handle_leave_room(message)
        self._publish(message)

    def _handle_enter_room(self, message: dict[str, Any]) -> None:
        for sid in self._sids(message):
            super()._handle_enter_room({**message, "sid": sid})

    def _handle_leave_room(self, message: dict[str, Any]) -> None:
        for sid in self._sids(message):
            super()._handle_leave_room({**message, "sid": sid})

    def _sids(self, message: dict[str, Any]) -> list[str]:
        if "people" not in message:
            return [message["sid"]]
        if not message["people"]:
            return []
        return [sid for sid, _ in self.get_participants(message["namespace"], message["people"])]

    def _redis_listen_with_retries(self) -> Iterator[dict[str, Any]]:
        lost = False
        while True:
            try:
                self._redis_connect()
                self.pubsub.subscribe(self.channel)
                if lost and self.on_resubscribed is not None:
                    self.on_resubscribed()
                lost = False
                yield from self.pubsub.listen()
            except (RedisError, OSError) as error:
                if not lost:
                    log.warning("live updates of other processes do not arrive: %s", type(error).__name__)
                lost = True
                time.sleep(LISTEN_RETRY_SECONDS)
