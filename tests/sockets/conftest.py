"""The application's sockets in this very process: what only a running house can show is not seen here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from app.extensions import socketio
from app.sockets import visitor
from app.sockets.connections import connections
from app.sockets.presence import viewers
from tests import builders
from tests.socket_programs import PythonProgram
from tests.waiting import eventually


class Over(BaseException):
    """Ends the guard, which goes on for as long as the process lives."""


class Door(WSGIRequestHandler):
    """Ends a connection with its socket, instead of taking what comes after it for another request."""

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        self.close_connection = True

    def log(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Callable[..., None], tuple[Any, ...]]]:
    """What the sockets would do in the background: a test does it, or nobody does."""
    found: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
    monkeypatch.setattr(socketio, "start_background_task", lambda task, *args: found.append((task, args)))
    monkeypatch.setattr(connections, "_guarding", False)
    monkeypatch.setattr(viewers, "_ticking", False)
    return found


@pytest.fixture
def served(app: Flask, begun: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the application, served by threads; nothing of it outlives the test."""
    monkeypatch.setattr(socketio.server, "manager_initialized", True)  # no thread that listens to Redis
    monkeypatch.setattr(socketio.server.eio, "start_service_task", False)  # nor one that looks for dead sockets
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Door)
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(socketio.server.eio, "cors_allowed_origins", [address])
    monkeypatch.setitem(app.config, "ALLOWED_ORIGINS", [address])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield address
    eventually(lambda: not len(connections) and not visitor._callers, what="the last good-byes")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def program(served: str) -> Iterator[Callable[..., PythonProgram]]:
    """``program("/visitor", widget=key)`` opens a connection with these words."""
    opened: list[PythonProgram] = []

    def open_one(namespace: str, **auth: Any) -> PythonProgram:
        one = PythonProgram()
        opened.append(one)
        one.open(served, namespace, auth)
        return one

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def guard(begun: list[Any], monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """``guard(2)`` lets the guard of the open sockets do two rounds."""

    def rounds(number: int) -> None:
        left, mine, wait = iter(range(number)), threading.get_ident(), socketio.sleep

        def sleep(seconds: float) -> None:
            if threading.get_ident() != mine:
                wait(seconds)
            elif next(left, None) is None:
                raise Over

        monkeypatch.setattr(socketio, "sleep", sleep)
        ((task, args),) = [one for one in begun if getattr(one[0], "__self__", None) is connections]
        with pytest.raises(Over):
            task(*args)

    return rounds


@pytest.fixture
def open_tab(app: Flask, program: Callable[..., PythonProgram]) -> Callable[..., PythonProgram]:
    """``open_tab("milo")`` makes a person of the staff (or another ``role``) and opens a tab of theirs."""

    def open_one(name: str, role: str = "Staff") -> PythonProgram:
        with app.app_context():
            headers = builders.bearer(app.test_client(), builders.make_user(role, username=name))
        return program("/center", token=headers["Authorization"].removeprefix("Bearer "))

    return open_one
