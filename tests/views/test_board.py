"""The board of leads: columns, totals, more cards, and who sees what."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.models.crm import Lead
from app.models.people import User
from app.services.records import board
from tests import builders


@pytest.fixture
def milo(app: Flask, client: FlaskClient) -> int:
    with app.app_context():
        user_id = builders.make_user("Staff", username="milo").id
        builders.make_pipeline("Sales")
    builders.login(client, "milo")
    return int(user_id)


def make(app: Flask, count: int, kind: str = "open", **values: object) -> None:
    with app.app_context():
        stage = builders.make_stage(kind)
        db.session.add_all(
            Lead(name=f"Bike {number}", sort_key=f"bike {number}", stage_id=stage.id, budget=10, **values)
            for number in range(count)
        )
        db.session.commit()


def cards(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'data-lead="(\d+)"', page)]


def test_a_column_has_its_totals_and_loads_as_it_scrolls(app: Flask, client: FlaskClient, milo: int) -> None:
    make(app, 45)
    make(app, 2, "won", currency="USD")
    page = client.get("/leadview/board/").get_data(as_text=True)
    assert "450 EUR" in page
    assert "20 USD" in page
    seen = cards(page)
    assert len(seen) == 22
    while found := re.search(r'data-more="([^"]+)"', page):
        page = client.get(html.unescape(found.group(1))).get_data(as_text=True)
        seen += cards(page)
    assert len(seen) == len(set(seen)) == 47
    totals = client.get("/leadview/board/totals").get_json()
    assert sorted(one["count"] for one in totals.values()) == ["0", "0", "0", "2", "45"]


def test_a_word_that_is_missing_in_a_whole_stage_is_looked_for_piece_by_piece(
    app: Flask, client: FlaskClient, milo: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        for number in range(3):
            builders.make_lead(f"Gravel {number}")
            builders.make_lead(f"Gravel won {number}", stage=builders.make_stage("won"))
    make(app, 25)
    monkeypatch.setattr(board, "COUNT_MAX", 2)
    monkeypatch.setattr(board, "LOOKED_AT_MAX", 10)
    page = client.get("/leadview/board/?q=gravel").get_data(as_text=True)
    assert len(cards(page)) == 3, "the open ones are further down than one page looks"
    pieces, seen = 0, cards(page)
    while found := re.search(r'data-more="([^"]+)"', page):
        page = client.get(html.unescape(found.group(1))).get_data(as_text=True)
        pieces, seen = pieces + 1, seen + cards(page)
    assert (pieces, len(seen), len(set(seen))) == (2, 6, 6)


def test_the_board_can_be_searched_and_narrowed_to_ones_own(app: Flask, client: FlaskClient, milo: int) -> None:
    make(app, 3)
    make(app, 1, responsible_id=milo)
    assert len(cards(client.get("/leadview/board/?q=bike 2").get_data(as_text=True))) == 1
    assert len(cards(client.get("/leadview/board/?mine=1").get_data(as_text=True))) == 1
    assert cards(client.get("/leadview/board/?q=%25").get_data(as_text=True)) == []
    assert client.get("/leadview/board/?pipeline=999").status_code == 404
    assert client.get("/leadview/board/cards/999?before=1").status_code == 404
    assert client.get("/leadview/board/cards/1?before=x").status_code == 404


def test_the_board_shows_and_counts_only_what_one_may_open(app: Flask, client: FlaskClient, milo: int) -> None:
    make(app, 3)
    make(app, 1, responsible_id=milo)
    with app.app_context():
        builders.set_visibility("own")
    page = client.get("/leadview/board/").get_data(as_text=True)
    assert len(cards(page)) == 1
    assert "10 EUR" in page
    totals = client.get("/leadview/board/totals").get_json()
    assert sum(int(one["count"]) for one in totals.values()) == 1


def test_the_board_costs_the_same_however_many_leads(
    app: Flask, client: FlaskClient, milo: int, statements: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    with app.app_context():
        user = db.session.get_one(User, milo)
        builders.make_lead(responsible=user, contact_id=builders.make_contact().id)
    client.get("/leadview/board/")
    with statements() as few:
        client.get("/leadview/board/")
    make(app, 40, responsible_id=milo)
    with statements() as many:
        client.get("/leadview/board/")
    assert len(many) == len(few) <= 10
