"""Many people at once: what their coming and going costs those who see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis
from flask import Flask

from app.extensions import db, socketio
from app.models.people import User
from app.services.chats import presence
from app.sockets.connections import Connection, connections
from app.sockets.presence import Viewers, viewers
from tests.socket_programs import PythonProgram

PEOPLE = 500


def test_500_people_who_come_back_at_once_are_one_message_for_each_of_them(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, dict[str, str]]] = []

    def emit(event: str, data: dict[str, Any], *, room: str, **_: Any) -> None:
        assert event == "presence"
        told.append((room, data["states"]))

    monkeypatch.setattr(socketio.server.manager, "emit", emit)
    monkeypatch.setattr(socketio, "start_background_task", lambda *_: None)
    viewers, everybody = Viewers(), frozenset(range(1, PEOPLE + 1))
    with app.app_context():
        try:
            for number in everybody:
                connections.add(app, f"tab-{number}", Connection(number, 1))
                viewers.add(app, f"tab-{number}", everybody - {number})
            viewers.tick()
            assert sorted(room for room, _ in told) == sorted(f"tab-{number}" for number in everybody)
            assert all(len(states) == PEOPLE - 1 for _, states in told)
            told.clear()
            viewers.tick()
            assert told == [], "nothing has changed, so nothing is said"
            # A second tab of somebody is the same person.
            connections.add(app, "another", Connection(1, 1))
            viewers.add(app, "another", frozenset())
            viewers.tick()
            assert told == []
            for number in everybody - {1}:
                presence.gone(number, f"tab-{number}", None)
                viewers.remove(f"tab-{number}")
            viewers.tick()
            assert [room for room, _ in told] == ["tab-1"]
            assert set(told[0][1].values()) == {"offline"}
        finally:
            for sid in ("another", *(f"tab-{number}" for number in everybody)):
                connections.remove(sid)


def test_who_comes_while_redis_is_away_is_here_as_soon_as_it_is_back(
    app: Flask, open_tab: Callable[[str], PythonProgram], monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2, socket_timeout=0.2, retry=None)
    monkeypatch.setattr(presence, "_paused_until", 0.0)
    monkeypatch.setattr(presence, "PAUSE_SECONDS", 0.0)
    wren = open_tab("wren")
    with app.app_context():
        somebody = {"user_ids": [db.session.query(User.id).filter_by(username="wren").scalar()]}
        with monkeypatch.context() as without_redis:
            without_redis.setitem(app.extensions, "redis", dead)
            viewers.tick()
        viewers.tick()
    assert list(wren.ask("presence.watch", somebody)["states"].values()) == ["away"]
