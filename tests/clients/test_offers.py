"""A client writes to somebody in *do not disturb*: the group is offered the talk at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models.people import User
from app.models.talks import Widget
from app.services.account import account
from app.transaction import transaction
from tests import builders, news, visiting
from tests.clients.colleagues import Colleague
from tests.visiting import Client, newest_talk

NOON = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
TEAM = {"wren": "Staff", "otto": "Staff", "mara": "Manager", "rex": "Staff"}


@pytest.fixture
def team(context: Flask, at: Callable[[Any], None]) -> dict[str, User]:
    """Wren and Otto are one group, Rex is in none; it is noon."""
    at(NOON)
    builders.make_pipeline()
    people = {name: builders.make_user(role, username=name) for name, role in TEAM.items()}
    group = builders.make_group("Sales", members=[people["wren"], people["otto"]], manager_id=people["mara"].id)
    visiting.make_widget(group)
    return people


@pytest.fixture
def visitor(app: Flask, team: dict[str, User], client_of: Callable[[str], Colleague]) -> Client:
    """A client whose talk Wren has taken and answered."""
    visitor = Client(app, db.session.scalars(select(Widget.key)).one())
    visitor.write("Hello")
    client_of("wren").answer(newest_talk().chat_id, "Hello, I am Wren")
    return visitor


def unread_chats(colleague: Colleague) -> list[int]:
    return [item["chat"]["id"] for item in colleague.feed() if item["unread"] and item.get("chat")]


@pytest.mark.parametrize("visibility", ["all", "groups", "own"])
def test_the_group_hears_of_it_at_once_and_who_takes_it_has_it(
    visitor: Client, team: dict[str, User], client_of: Callable[[str], Colleague], visibility: str
) -> None:
    builders.set_visibility(visibility)
    otto, wren = client_of("otto"), client_of("wren")
    number, chat_id = newest_talk().number, newest_talk().chat_id
    news.choose(team["wren"], dnd_until=(NOON + dt.timedelta(hours=2)).isoformat())
    assert unread_chats(otto) == []
    visitor.write("Are you there?")
    assert unread_chats(otto) == [chat_id]
    assert unread_chats(client_of("rex")) == []
    assert otto.get(f"/talks/{number}")["result"]["can"]["take"]
    assert newest_talk().responsible_id == team["wren"].id, "it is offered, not taken away"
    assert otto.call("POST", f"/talks/{number}/take").status_code == 200
    assert newest_talk().responsible_id == team["otto"].id
    assert unread_chats(wren) == []
    too_late = wren.call("POST", f"/talks/{number}/take").status_code
    assert too_late == (404 if visibility == "own" else 409)


def test_the_first_answer_takes_it_too(
    visitor: Client, team: dict[str, User], client_of: Callable[[str], Colleague]
) -> None:
    news.choose(team["wren"], dnd_until=(NOON + dt.timedelta(hours=2)).isoformat())
    visitor.write("Are you there?")
    client_of("otto").answer(newest_talk().chat_id, "Wren is out, may I?")
    assert newest_talk().responsible_id == team["otto"].id


def test_when_whose_talk_it_is_answers_after_all_it_stays_theirs(
    visitor: Client, team: dict[str, User], client_of: Callable[[str], Colleague]
) -> None:
    otto, number = client_of("otto"), newest_talk().number
    news.choose(team["wren"], dnd_until=(NOON + dt.timedelta(hours=2)).isoformat())
    visitor.write("Are you there?")
    client_of("wren").answer(newest_talk().chat_id, "Here I am")
    assert unread_chats(otto) == []
    assert otto.call("POST", f"/talks/{number}/take").status_code == 409
    news.choose(team["wren"], dnd_until=None)
    visitor.write("Thank you")
    assert unread_chats(otto) == [], "no do not disturb, no offer"


def test_the_group_is_told_once_however_much_the_client_writes(
    visitor: Client, team: dict[str, User], client_of: Callable[[str], Colleague]
) -> None:
    with transaction():
        account.set_setting("message_texts", "full")
    news.choose(team["otto"], matrix={"chat_client": {"email": "now"}})
    news.choose(team["wren"], dnd_until=(NOON + dt.timedelta(hours=2)).isoformat())
    for words in ("Are you there?", "Hello?", "It is urgent"):
        visitor.write(words)
    news.deliver_due()
    assert len(news.kept_mails(team["otto"].email)) == 1
    lines = [one["body"] for one in client_of("otto").get(f"/chats/{newest_talk().chat_id}/messages")["messages"]]
    assert len([line for line in lines if "offered to the group" in line]) == 1


def test_quiet_hours_offer_nothing(
    visitor: Client, team: dict[str, User], client_of: Callable[[str], Colleague]
) -> None:
    news.choose(team["wren"], quiet_hours=[{"weekdays": list(range(7)), "from": "00:00", "to": "00:00"}])
    visitor.write("Are you there?")
    assert unread_chats(client_of("otto")) == []
