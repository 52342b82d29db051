"""*Try it*: what the demo's buttons let happen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import demo
from app.extensions import db
from app.models.people import RoleName
from app.services.account import demo_end
from app.services.account.account import set_setting
from app.services.payments import payments
from app.transaction import transaction
from tests import builders


@pytest.fixture
def manager(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """The demo's manager, signed in by the card on the login page."""
    monkeypatch.setitem(app.config, "FRONTDESK_DEMO", True)
    with app.app_context():
        for role in RoleName.ALL:
            builders.make_role(role)
        assert demo.load()
        with transaction():
            set_setting(demo_end.LOADED_SETTING, True)
    client.post("/login/", data={"persona": "manager", "csrf_token": builders.csrf_token(client)})
    client.environ_base["HTTP_X_CSRFTOKEN"] = builders.csrf_token(client)
    return client


@pytest.fixture
def count(app: Flask) -> Callable[[str], int]:
    def counted(what: str) -> int:
        with app.app_context():
            return int(db.session.execute(text(f"SELECT count(*) FROM {what}")).scalar_one())

    return counted


def test_a_colleague_writes_by_a_button_and_what_is_none_is_not_found(
    manager: FlaskClient, count: Callable[[str], int]
) -> None:
    assert manager.post("/demo/try/nonsense").status_code == 404
    before = count("messages")
    answer = manager.post("/demo/try/colleague")
    assert answer.get_json() == {"said": "Wren has written to you"}
    assert count("messages") == before + 1
    assert manager.post("/demo/try/colleague").status_code == 200
    assert count("messages") == before + 2


def test_the_digest_is_sent_at_once_and_holds_what_is_unread(manager: FlaskClient, count: Callable[[str], int]) -> None:
    before = count("deliveries WHERE purpose = 'digest'")
    said = manager.post("/demo/try/digest").get_json()["said"]
    assert "manager@example.com" in said
    assert count("deliveries WHERE purpose = 'digest'") == before + 1


def test_the_phone_rings_for_the_client_s_person_and_is_missed_the_next_time(
    manager: FlaskClient, count: Callable[[str], int]
) -> None:
    mine = "feed_items i JOIN ab_user u ON u.id = i.user_id WHERE u.username = 'manager' AND i.event_tag = '{}'"
    assert "is calling" in manager.post("/demo/try/call").get_json()["said"]
    assert count(mine.format("call:ringing")) == 1
    assert manager.post("/demo/try/call").get_json()["said"] == "Nobody answered: a missed call"
    assert count(mine.format("call:missed")) == 1
    assert count("calls WHERE status = 'ringing'") == 0


def test_a_lead_comes_in_by_the_website_s_form(manager: FlaskClient, count: Callable[[str], int]) -> None:
    before = count("leads WHERE source = 'form'"), count("events WHERE tag = 'lead:incoming'")
    assert "filled in the form" in manager.post("/demo/try/lead").get_json()["said"]
    assert (count("leads WHERE source = 'form'"), count("events WHERE tag = 'lead:incoming'")) == (
        before[0] + 1,
        before[1] + 1,
    )


def test_a_payment_fails_and_who_has_the_client_is_told(
    app: Flask, manager: FlaskClient, count: Callable[[str], int]
) -> None:
    assert "has failed" in manager.post("/demo/try/payment").get_json()["said"]
    with app.app_context(), transaction():
        assert payments.take_waiting() == 1
    told = "notifications n JOIN ab_user u ON u.id = n.user_id JOIN events e ON e.id = n.event_id"
    assert count(f"{told} WHERE e.tag = 'stripe:payment_failed' AND u.username = 'manager'") == 1


def test_free_users_are_offered_only_what_can_reach_them(manager: FlaskClient) -> None:
    manager.get("/logout/")
    manager.environ_base.pop("HTTP_X_CSRFTOKEN")
    manager.post("/login/", data={"persona": "free", "csrf_token": builders.csrf_token(manager)})
    manager.environ_base["HTTP_X_CSRFTOKEN"] = builders.csrf_token(manager)
    assert manager.post("/demo/try/call").status_code == 404
