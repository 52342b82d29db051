"""The database connections that a web process keeps."""

from __future__ import annotations

from contextlib import ExitStack

from flask import Flask
from sqlalchemy import Engine, create_engine, text

import config


def _backends(engine: Engine, number: int) -> list[int]:
    """Return the server's processes behind as many connections, all in use at the same time."""
    with ExitStack() as held:
        connections = [held.enter_context(engine.connect()) for _ in range(number)]
        return [connection.execute(text("SELECT pg_backend_pid()")).scalar_one() for connection in connections]


def test_a_busy_web_process_opens_no_connection_twice(app: Flask) -> None:
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    settings = config.load({"FRONTDESK_PROCESS": "web"})
    engine = create_engine(url, **settings["SQLALCHEMY_ENGINE_OPTIONS"])
    try:
        first = _backends(engine, config.WEB_POOL)
        assert sorted(_backends(engine, config.WEB_POOL)) == sorted(first)
        # One request after the other has the same connection, whose statements are prepared.
        assert len({_backends(engine, 1)[0] for _ in range(3)}) == 1
    finally:
        engine.dispose()
