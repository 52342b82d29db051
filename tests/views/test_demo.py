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
from app.services import demo_end
from app.services.account import set_setting
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


def test_a_colleague_writes(manager: FlaskClient, count: Callable[[str], int]) -> None:
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


def test_what_is_no_button_is_not_found(manager: FlaskClient) -> None:
    assert manager.post("/demo/try/nonsense").status_code == 404
