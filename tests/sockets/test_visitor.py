"""The socket of clients in widgets: who floods it is told how long to wait, and nobody else notices."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.extensions import db
from app.models.talks import Widget
from app.services.buckets import Buckets
from app.services.clients import visitor_flood
from app.sockets import visitor as visitor_sockets
from tests import builders, visiting
from tests.socket_programs import PythonProgram, Refused
from tests.waiting import eventually

Connect = Callable[..., PythonProgram]


@pytest.fixture
def widget(context: Flask, monkeypatch: pytest.MonkeyPatch) -> Widget:
    """A widget of an installation that limits how fast clients may be."""
    monkeypatch.setitem(context.config, "RATE_LIMITS", True)
    builders.make_pipeline()
    return visiting.make_widget(builders.make_group("Sales", members=[builders.make_user("Staff")]))


@pytest.fixture
def visit(program: Connect, widget: Widget) -> Connect:
    """``visit()`` opens the widget as somebody new, ``visit(token)`` as somebody who was here before."""
    return lambda token="": program("/visitor", widget=widget.key, visitor=token)


def write(client: PythonProgram, body: str = "Hello") -> dict[str, Any]:
    answer: dict[str, Any] = client.ask("message.send", {"client_id": uuid.uuid4().hex, "body": body})
    return answer


def stored() -> list[str]:
    """What clients have written, in order."""
    found = db.session.execute(text("SELECT body FROM messages WHERE author_kind = 'visitor' ORDER BY id")).scalars()
    bodies = list(found)
    db.session.rollback()
    return bodies


def is_refusal(answer: dict[str, Any]) -> bool:
    """Whether somebody too fast is told so, and for how long to wait."""
    error = answer.get("error", {})
    seconds = error.get("retry_after_seconds", 0)
    return error.get("code") == "rate_limited" and seconds >= 1 and str(seconds) in error["message"]


def test_who_floods_with_messages_is_told_how_long_to_wait_and_others_go_on(
    visit: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visitor_flood, "MESSAGES", Buckets(burst=2, per_second=0.01))
    flooding, other = visit(), visit()
    assert [is_refusal(write(flooding, body)) for body in ("one", "two", "three", "four")] == [False, False, True, True]
    assert write(other, "me, too")["message"]["body"] == "me, too"
    assert stored() == ["one", "two", "me, too"]
    # Another tab of the same client is no way around it; reading is no writing.
    token = flooding.ask("visitor.hello", {})["visitor"]["token"]
    again = visit(token)
    assert is_refusal(write(again, "five"))
    assert [message["body"] for message in again.ask("messages", {})["messages"]] == ["one", "two"]


def test_a_flood_of_anything_is_answered_each_time_and_the_socket_lives_on(
    visit: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = Buckets(burst=3, per_second=0.01)
    monkeypatch.setattr(visitor_flood, "REQUESTS", requests)
    flooding, other = visit(), visit()
    answers = [flooding.ask(event, {}) for event in ("visitor.hello", "messages", "typing", "messages", "read")]
    assert [is_refusal(answer) for answer in answers] == [False, False, False, True, True]
    assert is_refusal(write(flooding))
    assert write(other)["message"]["body"] == "Hello"
    requests._left.clear()  # it has waited
    assert write(flooding, "back")["message"]["body"] == "back"
    assert stored() == ["Hello", "back"]


def test_many_new_clients_from_one_address_wait_and_those_who_have_written_go_on(
    visit: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visitor_flood, "BEGINNINGS", Buckets(burst=1, per_second=0.01))
    known, new = visit(), visit()
    assert write(known, "first")["message"]
    assert is_refusal(write(new))
    assert write(known, "second")["message"]
    assert stored() == ["first", "second"]
    assert new.ask("visitor.hello", {})["chat"] is None, "looking is free"


def test_a_client_who_types_on_and_on_is_shown_once_a_second(visit: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    clock = count(100.0, 0.4)
    monkeypatch.setattr(visitor_sockets.visitors, "typing", told.append)
    monkeypatch.setattr(visitor_sockets, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    client = visit()
    assert [client.ask("typing", {}) for _ in range(6)] == [{}] * 6
    assert len(told) == 2


def test_a_full_process_says_so_and_who_leaves_makes_room(visit: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitor_sockets, "MAX_CONNECTIONS_PER_PROCESS", 1)
    first = visit()
    with pytest.raises(Refused) as refused:
        visit()
    assert refused.value.reason["code"] == "busy"
    first.close()

    def room() -> PythonProgram | None:
        try:
            return visit()
        except Refused:
            return None

    newcomer = eventually(room, what="room for another")
    assert newcomer is not None
    assert write(newcomer)["message"]["body"] == "Hello"
