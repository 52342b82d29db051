"""A person's open tab, as a program: a real socket that remembers what it was told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.socket_programs import Heard, OrderedClient

CENTER = "/center"


class Tab(Heard):
    """One connection to /center."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = threading.Event()
        self._client = OrderedClient(reconnection=False)
        self._client.on("*", self.note, namespace=CENTER)
        self._client.on("connect_error", lambda reason=None: self.note("connect_error", reason), namespace=CENTER)
        self._client.on("disconnect", lambda *_: self.closed.set(), namespace=CENTER)

    def open(self, url: str, token: str) -> Tab:
        """Connect as the token's person."""
        self._client.connect(url, auth={"token": token}, namespaces=[CENTER], transports=["websocket"], wait_timeout=20)
        return self

    def close(self) -> None:
        """Go away."""
        self._client.disconnect()

    def ask(self, event: str, *payload: Any, seconds: float = 20) -> Any:
        """Send an event and return its ack. Raises what the client raises when none comes in time."""
        data = payload[0] if len(payload) == 1 else payload or None
        return self._client.call(event, data, namespace=CENTER, timeout=seconds)


@contextmanager
def tab(url: str, token: str) -> Iterator[Tab]:
    """An open tab for the length of a block."""
    opened = Tab().open(url, token)
    try:
        yield opened
    finally:
        opened.close()
