"""What an open tab hears and may do as its person's rights, chats and session change."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from app.extensions import db, socketio
from app.models.people import User
from app.models.talks import Talk
from app.services.chats import chat_live, chat_members
from app.services.people import people
from app.services.talks import talk_live
from app.sockets import chats as chat_sockets
from app.sockets import staff as staff_sockets
from app.transaction import transaction
from tests import builders, chatting, visiting
from tests.socket_programs import PythonProgram, Refused
from tests.visiting import Client, newest_talk

OpenTab = Callable[..., PythonProgram]
Guard = Callable[[int], None]


def person(name: str) -> User:
    return db.session.query(User).filter_by(username=name).one()


def heard(tab: PythonProgram, event: str) -> list[Any]:
    """What a tab has heard by now: an answer comes after all that was told before it was asked for."""
    tab.ask("sync", {})
    return [data for name, data in tab.told if name == event]


def act(app: Flask, what: Callable[[], Any]) -> Any:
    with app.app_context(), transaction():
        return what()


@pytest.fixture
def chat_id(app: Flask) -> int:
    """A client's chat; whoever is there may see it."""
    with app.app_context():
        builders.make_pipeline()
        Client(app, visiting.make_widget().key).write("Hello")
        return int(newest_talk().chat_id)


def test_who_becomes_a_free_user_hears_no_more_of_clients_and_all_again_when_promoted(
    app: Flask, chat_id: int, open_tab: OpenTab, guard: Guard
) -> None:
    ada, wren, otto = open_tab("ada", "Admin"), open_tab("wren"), open_tab("otto")
    for tab in (wren, otto):
        assert tab.ask("clients.watch", {"on": True}) == {}
    number = act(app, lambda: newest_talk().number)

    def news_of_clients() -> list[tuple[int, int]]:
        """The talk changes and a colleague answers: how much Otto and Wren have heard of it."""
        act(app, lambda: talk_live.changed(db.session.get_one(Talk, number)))
        chat_sockets._typed_at.clear()
        chat_sockets._listed_at.clear()
        assert ada.ask("chat.typing", {"chat_id": chat_id}) == {}
        return [(len(heard(tab, "talk.changed")), len(heard(tab, "client.answering"))) for tab in (otto, wren)]

    ada.ask("chat.focus", {"chat_id": chat_id, "visible": True})
    assert news_of_clients() == [(1, 1), (1, 1)]
    act(app, lambda: people.demote(person("ada"), person("wren")))
    guard(1)
    assert wren.wait_for("rights.changed")["free"] is True
    assert news_of_clients() == [(2, 2), (1, 1)]
    act(app, lambda: people.promote(person("ada"), person("wren")))
    guard(1)
    assert news_of_clients() == [(3, 3), (2, 1)]


def test_a_free_users_tab_hears_nothing_of_clients(app: Flask, chat_id: int, open_tab: OpenTab) -> None:
    free, staff = open_tab("flo", "Free"), open_tab("wren")
    act(app, lambda: talk_live.changed(db.session.get_one(Talk, newest_talk().number)))
    assert staff.wait_for("talk.changed")["chat_id"] == chat_id
    assert heard(free, "talk.changed") == []


def test_a_tab_may_do_nothing_more_from_the_moment_its_person_is_deactivated(app: Flask, open_tab: OpenTab) -> None:
    ada, milo = open_tab("ada", "Admin"), open_tab("milo")
    chat_id = act(app, lambda: chatting.direct(person("ada"), person("milo")))
    asked = {"chat_id": chat_id, "seq": 1, "id": 1, "client_id": "a", "body": "x", "emoji": "+", "visible": True}
    act(app, lambda: people.deactivate(person("ada"), person("milo"), "has left"))
    # The guard has not come round yet.
    for event in (*staff_sockets.HANDLERS, "message.send"):
        assert milo.ask(event, asked | {"user_ids": [], "on": True})["error"]["code"] == "session_ended", event
    assert "error" not in ada.ask("sync", {})


def test_a_full_process_says_so(open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff_sockets, "MAX_CONNECTIONS_PER_PROCESS", 1)
    first = open_tab("milo")
    with pytest.raises(Refused) as refused:
        open_tab("otto")
    assert refused.value.reason["code"] == "busy"
    assert "error" not in first.ask("sync", {})


def test_who_joined_or_left_a_group_while_redis_was_away_is_put_right_by_the_guard(
    app: Flask, open_tab: OpenTab, guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, ben, cho = open_tab("ann"), open_tab("ben"), open_tab("cho")
    chat_id = act(app, lambda: chatting.group(person("ann"), [person("ben")]))
    assert ben.ask("chat.focus", {"chat_id": chat_id, "visible": True}) == {}
    monkeypatch.setattr(socketio.server.manager, "move", lambda *_, **__: None)
    monkeypatch.setattr(chat_live, "SMALL_CHAT", 0)  # as of a big one: who types is heard by who has it open
    act(app, lambda: chat_members.add(person("ann"), chat_id, [person("cho").id]))
    act(app, lambda: chat_members.remove(person("ann"), chat_id, person("ben").id))

    def say(body: str) -> None:
        sent = {"chat_id": chat_id, "client_id": uuid.uuid4().hex, "body": body}
        assert "message" in ann.ask("message.send", sent)
        ann.wait_for("message", lambda data: data["body"] == body)

    guard(1)
    say("Who is there?")
    assert cho.ask("chat.focus", {"chat_id": chat_id, "visible": True}) == {}
    ann.ask("chat.typing", {"chat_id": chat_id})
    assert cho.wait_for("chat.typing")
    assert "Who is there?" in [data["body"] for data in heard(cho, "message")]
    assert "Who is there?" not in [data["body"] for data in heard(ben, "message")]
    assert heard(ben, "chat.typing") == []


def test_who_types_on_and_on_is_shown_once_a_second_and_in_the_list_of_clients_more_seldom(
    app: Flask, chat_id: int, open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(1000, 2000))
    wren, otto = open_tab("wren"), open_tab("otto")
    assert otto.ask("clients.watch", {"on": True}) == {}
    for tab in (wren, otto):
        assert tab.ask("chat.focus", {"chat_id": chat_id, "visible": True}) == {}
    monkeypatch.setattr(chat_sockets, "time", SimpleNamespace(monotonic=lambda: next(clock) * 0.5))
    for _ in range(8):
        assert wren.ask("chat.typing", {"chat_id": chat_id}) == {}
    assert len(heard(otto, "chat.typing")) == 4
    assert len(heard(otto, "client.answering")) == 2
    assert heard(wren, "chat.typing") == [], "nobody hears of oneself"
