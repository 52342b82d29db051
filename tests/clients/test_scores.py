"""The results page and the settings of scores, as people see them."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask

from app import clock
from app.extensions import db
from app.models.chats import Chat
from app.models.people import User
from app.models.talks import Talk
from app.services.talks import scores, talk_settings
from app.transaction import transaction
from tests import builders


@pytest.fixture
def wren(context: Flask) -> User:
    return builders.make_user("Staff", username="wren", first_name="Wren", last_name="Saddle")


def scored(user: User, score: int | None, days_ago: int = 1, comment: str | None = None) -> None:
    at = clock.now() - dt.timedelta(days=days_ago)
    with transaction():
        chat = Chat(kind="client")
        db.session.add(chat)
        db.session.flush()
        values = {"state": "closed", "opened_at": at, "last_public_at": at, "survey_asked_at": at, "first_seq": 1}
        db.session.add(Talk(chat_id=chat.id, responsible_id=user.id, score=score, comment=comment, **values))


def test_mean_nps_and_response_rate(wren: User) -> None:
    for score in (10, 9, 8, 6, 2, None):
        scored(wren, score)
    found = scores.of_person(wren, 30)
    total = found.total
    assert (total.asked, total.answered, total.mean, total.nps, total.rate) == (6, 5, 7.0, 0, 83)
    assert [member.label for member in found.members] == ["Wren Saddle"]
    assert sorted(low["score"] for low in found.low) == [2, 6]


def test_with_own_records_only_one_sees_ones_own_scores(wren: User) -> None:
    builders.set_visibility("own")
    scored(builders.make_user("Staff"), 2)
    scored(wren, 9)
    assert scores.of_person(wren, 30).total.answered == 1


def test_the_page_shows_table_and_low_talks(app: Flask, wren: User) -> None:
    scored(wren, 3, comment="Too slow")
    with app.app_context():
        page = builders.login(app.test_client(), "wren").get("/scores/").get_data(as_text=True)
    assert "Too slow" in page
    assert 'id="scores-trend"' in page
    assert "/scores/settings" not in page


def test_admins_change_the_settings_by_the_page(app: Flask) -> None:
    with app.app_context():
        builders.make_user("Admin", username="ada")
    form = {"nps_every_days": "10", "nps_timeout_hours": "12", "nps_critical": "5", "auto_close_hours": "0"}
    client = builders.login(app.test_client(), "ada")
    assert client.post("/scores/settings", data=form | {"nps_critical": "11"}).status_code == 200
    assert client.post("/scores/settings", data=form).status_code == 302
    with app.app_context():
        stored = talk_settings.load()
    assert (stored.nps_on, stored.nps_critical, stored.nps_every_days) == (False, 5, 10)
