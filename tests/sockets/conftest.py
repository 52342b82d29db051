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
from tests.socket_programs import PythonProgram
from tests.waiting import eventually


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
