"""Answers by mail: a client who has left an address and gone gets what was answered, once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.extensions import db
from app.models.channels import PausedAddress
from app.models.people import User
from app.transaction import transaction
from tests import builders, news, visiting
from tests.clients.colleagues import Colleague
from tests.visiting import Client

START = dt.datetime(2026, 3, 10, 10, 0, tzinfo=dt.UTC)
ADDRESS = "fern@example.org"


@pytest.fixture
def wren(context: Flask, at: Callable[[Any], None]) -> User:
    at(START)
    builders.make_pipeline()
    return builders.make_user("Staff", username="wren", first_name="Wren", last_name="Saddle")


@pytest.fixture
def fern(app: Flask, wren: User) -> Client:
    """Somebody who has asked, left an address and closed the page."""
    client = Client(app, visiting.make_widget(builders.make_group("Sales", members=[wren])).key)
    client.write("Is the blue one still there?", page_url="https://shop.example/bikes")
    assert client.ask("POST", "/contact", json={"email": ADDRESS}).status_code == 200
    return client


@pytest.fixture
def colleague(app: Flask, fern: Client) -> Colleague:
    return Colleague(app, "wren")


def chat_of_fern() -> int:
    return int(
        db.session.execute(text("SELECT chat_id FROM visitors WHERE email = :email"), {"email": ADDRESS}).scalar_one()
    )


def minutes(at: Callable[[Any], None], count: float) -> None:
    at(START + dt.timedelta(minutes=count))
    news.deliver_due()


def test_what_was_answered_comes_by_mail_when_it_stays_unread(at, fern: Client, colleague: Colleague) -> None:
    chat_id = chat_of_fern()
    colleague.answer(chat_id, "Two of them are.")
    colleague.answer(chat_id, "They haggled last time", note=True)
    minutes(at, 3)
    assert news.kept_mails(ADDRESS) == []
    colleague.answer(chat_id, "Shall I keep one?")
    minutes(at, 6)
    (mail,) = news.kept_mails(ADDRESS)
    assert mail.subject == "Shop has answered you"
    assert "You: Is the blue one still there?" in mail.text
    assert "Wren Saddle: Two of them are." in mail.text
    assert "Wren Saddle: Shall I keep one?" in mail.text
    assert "https://shop.example/bikes" in mail.text
    for written in (mail.text, mail.html):
        assert "haggled" not in written
        assert "wren@" not in written
        assert "/profile" not in written


def test_the_next_answer_gets_a_mail_of_its_own_with_nothing_twice(at, fern: Client, colleague: Colleague) -> None:
    chat_id = chat_of_fern()
    colleague.answer(chat_id, "Two of them are.")
    minutes(at, 6)
    colleague.answer(chat_id, "One is sold now.")
    minutes(at, 12)
    minutes(at, 30)
    assert [("One is sold now." in mail.text) for mail in news.kept_mails(ADDRESS)] == [False, True]


def test_who_reads_it_in_the_chat_gets_no_mail(at, fern: Client, colleague: Colleague) -> None:
    said = colleague.answer(chat_of_fern(), "Two of them are.")
    assert fern.ask("POST", "/read", json={"seq": said["seq"]}).status_code == 200
    minutes(at, 10)
    assert news.kept_mails(ADDRESS) == []
    states = db.session.execute(text("SELECT state, skip_reason FROM deliveries WHERE purpose = 'client'")).all()
    assert [tuple(state) for state in states] == [("skipped", "already_read")]


def test_an_address_that_is_left_after_the_answer_is_mailed_too(app: Flask, at, wren: User) -> None:
    client = Client(app, visiting.make_widget().key)
    chat_id = client.write("Anybody there?")["message"]["chat_id"]
    Colleague(app, "wren").answer(chat_id, "Now we are.")
    minutes(at, 10)
    assert client.ask("POST", "/contact", json={"email": "late@example.org"}).status_code == 200
    minutes(at, 16)
    assert len(news.kept_mails("late@example.org")) == 1


def test_an_address_that_is_gone_is_not_written_to_again(at, fern: Client, colleague: Colleague) -> None:
    with transaction():
        db.session.add(PausedAddress(address=ADDRESS, reason="mailbox gone", since=START))
    colleague.answer(chat_of_fern(), "Two of them are.")
    minutes(at, 10)
    assert news.kept_mails(ADDRESS) == []
    assert db.session.execute(text("SELECT count(*) FROM deliveries WHERE purpose = 'client'")).scalar_one() == 0
