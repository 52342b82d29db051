"""The guard of people's sockets: whatever goes wrong in one of its rounds, the next one cuts off who may not stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.extensions import db, socketio
from app.models.people import User
from app.services.people import people
from app.sockets.connections import connections
from app.sockets.presence import viewers
from app.transaction import transaction
from tests import builders
from tests.hiccups import cut_connections
from tests.socket_programs import PythonProgram

Guard = Callable[[int], None]


def id_of(name: str) -> int:
    return int(db.session.query(User.id).filter_by(username=name).scalar())


def deactivate(app: Flask, *names: str) -> None:
    with app.app_context(), transaction():
        admin = builders.make_user("Admin")
        for name in names:
            people.deactivate(admin, db.session.query(User).filter_by(username=name).one(), "has left")


def a_watcher_fails(_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("nobody thought of this")

    monkeypatch.setattr(connections, "watchers", [fail])


@pytest.mark.parametrize("trouble", [a_watcher_fails, cut_connections])
def test_who_is_deactivated_is_cut_off_though_a_round_went_wrong(
    app: Flask,
    open_tab: Callable[[str], PythonProgram],
    guard: Guard,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Callable[[Flask, pytest.MonkeyPatch], None],
) -> None:
    milo, wren = open_tab("milo"), open_tab("wren")
    guard(1)
    deactivate(app, "milo")
    trouble(app, monkeypatch)
    guard(2)
    assert milo.closed.wait(10)
    assert wren.ask("sync", {}).keys() == {"events", "cursor"}
    assert not wren.closed.is_set()


def test_a_socket_that_resists_keeps_no_other_and_is_cut_by_the_next_round(
    app: Flask, open_tab: Callable[[str], PythonProgram], guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    disconnect, failures = socketio.server.disconnect, iter([OSError("broken pipe")])

    def fail_once(*args: Any, **values: Any) -> None:
        if error := next(failures, None):
            raise error
        disconnect(*args, **values)

    monkeypatch.setattr(socketio.server, "disconnect", fail_once)
    milo, otto = open_tab("milo"), open_tab("otto")
    deactivate(app, "milo", "otto")
    guard(1)
    assert otto.closed.wait(10)
    assert not milo.closed.is_set()
    guard(1)
    assert milo.closed.wait(10)


def test_who_is_cut_off_is_not_shown_as_being_here(
    app: Flask, open_tab: Callable[[str], PythonProgram], guard: Guard
) -> None:
    milo, wren = open_tab("milo"), open_tab("wren")
    with app.app_context():
        viewers.tick()
        asked = {"user_ids": [id_of("milo"), id_of("wren")]}
    assert set(wren.ask("presence.watch", asked)["states"].values()) == {"away"}
    deactivate(app, "milo")
    guard(1)
    assert milo.closed.wait(10)
    assert list(wren.ask("presence.watch", asked)["states"].values()) == ["offline", "away"]
