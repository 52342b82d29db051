"""A person's open tab, as a program: a real socket that remembers what it was told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import socketio

CENTER = "/center"


class Tab:
    """One connection to /center."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []
        self.closed = threading.Event()
        self._news = threading.Condition()
        self._client = socketio.Client(reconnection=False)
        self._client.on("*", self._note, namespace=CENTER)
        self._client.on("connect_error", lambda reason=None: self._note("connect_error", reason), namespace=CENTER)
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

    def wait_for(self, event: str, fits: Callable[[Any], bool] = lambda _: True, seconds: float = 20) -> Any:
        """Return what came with the first event of this name that fits; fail when none comes."""
        with self._news:
            assert self._news.wait_for(lambda: self._find(event, fits), seconds), f"no {event} among {self.told}"
            return self._find(event, fits)[0]

    def _find(self, event: str, fits: Callable[[Any], bool]) -> list[Any]:
        return [data for name, data in self.told if name == event and fits(data)]

    def _note(self, event: str, data: Any = None) -> None:
        with self._news:
            self.told.append((event, data))
            self._news.notify_all()


@contextmanager
def tab(url: str, token: str) -> Iterator[Tab]:
    """An open tab for the length of a block."""
    opened = Tab().open(url, token)
    try:
        yield opened
    finally:
        opened.close()
