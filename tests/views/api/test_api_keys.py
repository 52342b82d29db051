"""API keys: shown once, limited to what they were made for, over when they should be."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import ApiKey
from sqlalchemy import select, text
from time_machine import TimeMachineFixture

from app import clock
from app.extensions import db
from app.models.people import User
from app.services.people import api_keys
from app.transaction import transaction
from tests import builders

FORM: dict[str, Any] = {"name": "Shop", "access": "write", "days": "30"}


@pytest.fixture
def milo(app: Flask, client: FlaskClient) -> FlaskClient:
    """Milo's browser."""
    with app.app_context():
        builders.make_pipeline()
        builders.make_user("Staff", username="milo")
    return builders.login(client, "milo")


def make(browser: FlaskClient, **changed: Any) -> str:
    """Make a key in the browser; return its text."""
    page = browser.post("/apikeyview/add", data={**FORM, **changed}, follow_redirects=True).get_data(as_text=True)
    found = re.search(r"fdk_[\w-]{40,}", page)
    assert found is not None, page
    return found.group()


def call(app: Flask, key: str, path: str = "/api/v1/leads/", method: str = "GET", **values: Any) -> Any:
    return app.test_client().open(path, method=method, headers={"Authorization": f"Bearer {key}"}, **values)


def test_a_key_is_shown_once_and_works_until_it_is_deleted(app: Flask, milo: FlaskClient) -> None:
    key = make(milo)
    with app.app_context():
        key_id = db.session.scalars(select(ApiKey.id)).one()
        kept = db.session.execute(text("SELECT to_json(k)::text FROM ab_api_key k")).scalar_one()
    assert key not in kept
    assert key not in milo.get(f"/apikeyview/show/{key_id}").get_data(as_text=True)
    assert call(app, key).status_code == 200
    made = call(app, key, method="POST", json={"name": "Bike"})
    assert made.status_code == 201
    milo.post(f"/apikeyview/delete/{key_id}")
    assert call(app, key).status_code == 401


def test_a_reading_key_changes_nothing_and_says_why(app: Flask, milo: FlaskClient) -> None:
    key = make(milo, access="read")
    refused = call(app, key, method="POST", json={"name": "Bike"})
    assert refused.status_code == 403
    assert refused.json["error"]["code"] == "forbidden"
    assert call(app, key).json["count"] == 0


def test_a_key_for_some_resources_opens_no_others(app: Flask, milo: FlaskClient) -> None:
    key = make(milo, resources=["tasks", "chats"])
    assert call(app, key, "/api/v1/tasks/").status_code == 200
    assert call(app, key, "/api/v1/chats/").status_code == 200
    for path in ("/api/v1/leads/", "/api/v1/me", "/api/v1/me/preferences", "/api/v1/users/"):
        assert call(app, key, path).status_code == 403, path


def test_a_key_ends_on_its_day(app: Flask, milo: FlaskClient, time_machine: TimeMachineFixture) -> None:
    key = make(milo)
    time_machine.move_to(clock.now() + dt.timedelta(days=30, minutes=1))
    assert call(app, key).status_code == 401


def test_a_key_ends_with_its_person(app: Flask, milo: FlaskClient) -> None:
    key = make(milo)
    with app.app_context(), transaction():
        db.session.scalars(select(User)).one().active = False
    assert call(app, key).status_code == 401


def test_keys_are_ones_own_and_admins_see_and_end_all(app: Flask, milo: FlaskClient) -> None:
    key = make(milo)
    with app.app_context():
        builders.make_user("Staff", username="wren")
        builders.make_user("Admin", username="della")
        key_id = db.session.scalars(select(ApiKey.id)).one()
    wren = builders.login(app.test_client(), "wren")
    assert "Shop" not in wren.get("/apikeyview/list/").get_data(as_text=True)
    assert wren.post(f"/apikeyview/delete/{key_id}").status_code == 404
    della = builders.login(app.test_client(), "della")
    assert "Shop" in della.get("/apikeyview/list/").get_data(as_text=True)
    della.post(f"/apikeyview/delete/{key_id}")
    assert call(app, key).status_code == 401


@pytest.mark.parametrize("changed", [{"name": ""}, {"access": "all"}, {"resources": ["secrets"]}, {"days": "7"}])
def test_bad_input_makes_no_key(app: Flask, milo: FlaskClient, changed: dict[str, Any]) -> None:
    assert milo.post("/apikeyview/add", data={**FORM, **changed}).status_code == 200
    with app.app_context():
        assert db.session.scalars(select(ApiKey)).all() == []


@pytest.mark.parametrize("key", ["fdk_", "fdk_wrong", "fdk_" + "x" * 5000])
def test_unknown_keys_are_refused(app: Flask, key: str) -> None:
    assert call(app, key).status_code == 401


def test_use_is_noted_at_most_once_a_minute(app: Flask, milo: FlaskClient) -> None:
    plain = make(milo)
    with app.app_context():
        key = api_keys.find(plain)
        assert key is not None
        assert api_keys.note_use(key)
        assert not api_keys.note_use(key)
