"""Fixtures for all tests: real PostgreSQL and Valkey, real commits, nothing outside, nothing left behind."""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings as hypothesis_settings
from sqlalchemy import event

from tests.emptying import empty
from tests.servers import TestServers, number_of, own_environment

pytest_plugins = ["tests.browsers", "tests.mailboxes", "tests.imap_servers", "tests.houses", "tests.shops"]

_servers = pytest.StashKey[TestServers]()

# The same examples in every run, so that it tells about a change and not about luck; --hypothesis-profile=further looks
# for others. How long an example takes is the machine's affair.
hypothesis_settings.register_profile("same", deadline=None, derandomize=True)
hypothesis_settings.register_profile("further", deadline=None)
hypothesis_settings.load_profile("same")


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers once; with xdist in the controlling process, whose environment the others inherit."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    servers = TestServers()
    config.stash[_servers] = servers
    servers.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop them again."""
    if servers := config.stash.get(_servers, None):
        servers.stop()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what needs a browser. With real processes and a browser on a busy machine one try decides nothing."""
    if "/e2e/" in str(item.path):
        item.add_marker(pytest.mark.e2e)
    if _shared_by(item.path):
        item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process of the run ends long after the others."""
    items.sort(key=lambda item: _shared_by(item.path) is None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let one process of the run have all tests that share a running installation or a filled database.

    Not by xdist's own groups: version 3.8 does not see them under pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return _shared_by(config.rootpath / nodeid.split("::", 1)[0]) or nodeid

    config.option.loadscopereorder = False
    return Together(config, log)


@lru_cache
def _shared_by(path: Path) -> str | None:
    if path.parent.name == "e2e":
        return f"e2e/{path.name}"
    source = path.read_text()
    if "from tests.houses import" in source:
        return "house"
    return path.name if '(scope="session")' in source else None


@pytest.fixture(scope="session", autouse=True)
def nothing_outside() -> Iterator[None]:
    """Fail whatever tries to reach another machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            pytest.fail(f"a test tried to reach {address[0]}")
        connect(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def environment(worker_id: str) -> dict[str, str]:
    """Where this process's database, Redis and data folder are."""
    return own_environment(worker_id, number_of(worker_id))


@pytest.fixture(scope="session")
def session_app(environment: dict[str, str]) -> Iterator[Flask]:
    """The application, built once per process."""
    os.environ.update(environment)
    from app import create_app
    from app.extensions import db
    from app.services.chats import chat_news
    from app.services.talks import talk_live

    # Every test waits for what it set off.
    chat_news.WAKE_SECONDS = talk_live.COUNT_AFTER_SECONDS = 0.01
    app = create_app({"TESTING": True})
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(session_app: Flask) -> Iterator[Flask]:
    """The application with an empty account; whatever a test wrote is gone after it."""
    yield session_app
    _empty(session_app)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without a window."""
    return app.test_client()


@pytest.fixture
def context(app: Flask) -> Iterator[Flask]:
    """The application with its context pushed, for tests of services."""
    with app.app_context():
        yield app


@pytest.fixture
def statements(app: Flask) -> Callable[[], AbstractContextManager[list[str]]]:
    """``with statements() as sent:`` collects the SQL statements that the application sends meanwhile."""

    @contextmanager
    def collect() -> Iterator[list[str]]:
        from app.extensions import db

        sent: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            sent.append(statement)

        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return collect


@pytest.fixture
def at(app: Flask) -> Iterator[Callable[[Any], None]]:
    """``at(moment)`` moves the product's clock, as in every process of the installation."""
    from app import clock

    yield clock.set_test_now
    clock.set_test_now(None)


def _empty(app: Flask) -> None:
    from app import clock
    from app.extensions import db, redis_client
    from app.services.chats import chat_news
    from app.services.talks import talk_live

    clock.set_test_now(None)
    # The next test's chats have the same numbers.
    with chat_news._lock:
        chat_news._waiting.clear()
        chat_news._decided.clear()
    for thread in threading.enumerate():
        if thread.name.endswith((f"({chat_news._flush.__name__})", f"({talk_live._count.__name__})")):
            thread.join()
    with app.app_context():
        db.session.remove()
        empty(str(db.engine.url.database))
        redis_client().flushdb()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
