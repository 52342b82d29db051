"""Programs that talk to the sockets with the two official clients, Python's and JavaScript's, behind one face."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import engineio
import socketio
from socketio.exceptions import ConnectionError as NotConnected

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 30


class Refused(Exception):
    """The server did not let the program in; ``reason`` is what it said."""

    def __init__(self, reason: Any) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Program(Protocol):
    """One connection of a program."""

    def open(self, url: str, namespace: str, auth: Mapping[str, Any]) -> None:
        """Connect. Raises Refused."""

    def ask(self, event: str, data: Any) -> Any:
        """Send an event and return its ack."""

    def wait_for(self, event: str, fits: Callable[[Any], bool] = ...) -> Any:
        """Return the first event of this name that fits."""

    def close(self) -> None:
        """Go away."""


class Heard:
    """What a connection was told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []
        self._news = threading.Condition()

    def note(self, event: str, data: Any = None) -> None:
        """Remember an event."""
        with self._news:
            self.told.append((event, data))
            self._news.notify_all()

    def wait_for(self, event: str, fits: Callable[[Any], bool] = lambda _: True, seconds: float = SECONDS) -> Any:
        """Return what came with the first event of this name that fits; fail when none comes."""

        def found() -> list[Any]:
            return [data for name, data in self.told if name == event and fits(data)]

        with self._news:
            assert self._news.wait_for(found, seconds), f"no {event} among {self.told}"
            return found()[0]


class _InOrder(engineio.Client):  # type: ignore[misc]
    """Hands on what comes in its order; the library's own way is a thread for each message."""

    def __init__(self, *arguments: Any, **values: Any) -> None:
        super().__init__(*arguments, **values)
        self._hands = ThreadPoolExecutor(1)

    def _trigger_event(self, event: str, *arguments: Any, **values: Any) -> Any:
        if values.get("run_async") and event in self.handlers:
            return self._hands.submit(self.handlers[event], *arguments)
        return super()._trigger_event(event, *arguments, **values)


class OrderedClient(socketio.Client):  # type: ignore[misc]
    """python-socketio's client; an answer is handed on after all that was told before it."""

    def _engineio_client_class(self) -> type[engineio.Client]:
        return _InOrder


class PythonProgram(Heard):
    """python-socketio's client."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = threading.Event()
        self._client = OrderedClient(reconnection=False)
        self._namespace = ""

    def open(self, url: str, namespace: str, auth: Mapping[str, Any]) -> None:
        """Connect. Raises Refused."""
        refused: list[Any] = []
        self._namespace = namespace
        self._client.on("*", self.note, namespace=namespace)
        self._client.on("connect_error", refused.append, namespace=namespace)
        self._client.on("disconnect", lambda *_: self.closed.set(), namespace=namespace)
        try:
            self._client.connect(
                url, auth=dict(auth), namespaces=[namespace], transports=["websocket"], wait_timeout=SECONDS
            )
        except NotConnected as error:
            raise Refused(refused[0] if refused else str(error)) from error

    def ask(self, event: str, data: Any) -> Any:
        """Send an event and return its ack."""
        return self._client.call(event, data, namespace=self._namespace, timeout=SECONDS)

    def close(self) -> None:
        """Go away."""
        self._client.disconnect()


class JavaScriptProgram(Heard):
    """socket.io-client in Node."""

    def __init__(self) -> None:
        super().__init__()
        argv = [str(ROOT / "tools" / "node"), str(ROOT / "tests" / "sockets" / "client.mjs")]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        self._numbers = count(1)
        threading.Thread(target=self._read, daemon=True).start()

    def open(self, url: str, namespace: str, auth: Mapping[str, Any]) -> None:
        """Connect. Raises Refused."""
        self._order(do="open", url=url, namespace=namespace, auth=auth)
        answer = self.wait_for("-opened")
        if not answer["opened"]:
            raise Refused(answer["reason"])

    def ask(self, event: str, data: Any) -> Any:
        """Send an event and return its ack."""
        number = next(self._numbers)
        self._order(do="ask", number=number, event=event, data=data)
        return self.wait_for("-ack", lambda line: line["number"] == number)["answer"]

    def close(self) -> None:
        """Go away."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        finally:
            self._process.kill()

    def _order(self, **order: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            line = json.loads(text)
            if "event" in line:
                self.note(line["event"], line["data"])
            else:
                self.note("-opened" if "opened" in line else "-ack", line)
