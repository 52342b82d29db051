"""What look-up fields are told while one types."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.models.people import User
from tests import builders


@pytest.fixture
def staff(app: Flask, client: FlaskClient) -> int:
    with app.app_context():
        user_id = builders.make_user("Staff", username="milo", first_name="Milo", last_name="Spoke").id
    builders.login(client, "milo")
    return int(user_id)


def found(client: FlaskClient, kind: str, typed: str = "") -> list[str]:
    answer = client.get(f"/lookup/{kind}", query_string={"q": typed})
    assert answer.status_code == 200
    return [row["text"] for row in answer.get_json()["results"]]


def test_people_are_found_by_the_beginning_of_any_name_without_accents(
    app: Flask, client: FlaskClient, staff: int
) -> None:
    with app.app_context():
        builders.make_user("Staff", first_name="Zoë", last_name="Ångström", username="zoe")
        builders.make_user("Staff", first_name="Gone", last_name="Zoller", active=False)
    assert found(client, "users", "angs") == ["Zoë Ångström"]
    assert found(client, "users", "ZOE") == ["Zoë Ångström"]
    row = client.get("/lookup/users?q=zoe").get_json()["results"][0]
    assert set(row) == {"id", "text", "sub"}
    assert row["sub"] == "@zoe"


def test_wildcards_are_letters(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        builders.make_company("100% Bikes")
        builders.make_company("Other")
    assert found(client, "companies", "%") == []
    assert found(client, "companies", "100%") == ["100% Bikes"]


def test_at_most_twenty_are_answered(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        for number in range(25):
            builders.make_contact(f"Ada {number}")
    assert len(found(client, "contacts", "ada")) == 20


def test_only_what_one_may_open_is_found(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        builders.set_visibility("own")
        builders.make_lead("Mine", responsible=db.session.get_one(User, staff))
        builders.make_lead("Theirs", responsible=builders.make_user("Staff"))
    assert found(client, "leads") == ["Mine"]


def test_free_users_are_not_offered_as_responsible(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        builders.make_user("Free", first_name="Otto", last_name="Pedal")
    assert found(client, "responsible", "otto") == []
    assert found(client, "users", "otto") == ["Otto Pedal (free user)"]


def test_roles_are_for_admins(app: Flask, client: FlaskClient, staff: int) -> None:
    assert found(client, "roles") == []
    with app.app_context():
        builders.make_user("Admin", username="della")
    admin = builders.login(app.test_client(), "della")
    assert found(admin, "roles", "man") == ["Manager"]


def test_an_unknown_kind_is_not_found_and_strangers_are_refused(app: Flask, client: FlaskClient, staff: int) -> None:
    assert client.get("/lookup/secrets").status_code == 404
    assert app.test_client().get("/lookup/users").status_code == 401
