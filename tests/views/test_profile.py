"""One's own page: data, and at the bottom the notification settings."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.models.people import User
from app.services.settings import preferences
from tests import builders

OWN = {
    "first_name": "Otto",
    "last_name": "Pedal",
    "email": "otto@example.com",
    "zone": "Europe/Vienna",
    "theme": "dark",
}


@pytest.fixture
def otto(app: Flask, client: FlaskClient) -> int:
    with app.app_context():
        user_id = builders.make_user("Free", username="otto").id
    builders.login(client, "otto")
    return int(user_id)


def test_everybody_changes_their_own_data(app: Flask, client: FlaskClient, otto: int) -> None:
    assert client.post("/profile/", data=OWN).status_code == 302
    with app.app_context():
        user = db.session.get_one(User, otto)
        assert {name: getattr(user, name) for name in OWN} == OWN
    assert "Europe/Vienna" in client.get("/profile/").get_data(as_text=True)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"email": "taken@example.com"}, "Somebody has this email address already"),
        ({"email": "nonsense"}, "An address like name@example.com is needed"),
        ({"zone": "Mars"}, "Not a valid choice"),
        ({"first_name": " "}, "This field is needed"),
    ],
)
def test_a_refused_profile_keeps_what_was_typed(
    app: Flask, client: FlaskClient, otto: int, changed: dict[str, str], message: str
) -> None:
    with app.app_context():
        builders.make_user("Staff", email="taken@example.com")
    page = client.post("/profile/", data={**OWN, "last_name": "Typed just now", **changed})
    assert page.status_code == 200
    assert message in page.get_data(as_text=True)
    assert "Typed just now" in page.get_data(as_text=True)
    with app.app_context():
        assert db.session.get_one(User, otto).zone == "UTC"


def test_the_notification_settings_stand_at_the_bottom_and_are_stored(
    app: Flask, client: FlaskClient, otto: int
) -> None:
    page = client.get("/profile/").get_data(as_text=True)
    assert page.index("Notification settings") > page.index("First name")
    answer = client.post("/profile/notifications", data={"receive": "y", "lead_times": ["5", "60"]})
    assert answer.status_code == 302
    with app.app_context():
        stored = preferences.get(db.session.get_one(User, otto))
        assert (stored["receive"], stored["lead_times"], stored["unread_first"]) == (True, [5, 60], False)
    client.post("/profile/notifications", data={"all": "unticked"})
    with app.app_context():
        stored = preferences.get(db.session.get_one(User, otto))
        assert (stored["receive"], stored["lead_times"]) == (False, [])
