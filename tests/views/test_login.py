"""The sign-in page, the demo's cards, and the page of the first admin."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import bootstrap
from app.extensions import db
from app.models.people import User
from app.services.account import account
from app.transaction import transaction
from tests import builders


def set_setting(app: Flask, name: str, value: object) -> None:
    with app.app_context(), transaction():
        account.set_setting(name, value)


def enter(client: FlaskClient, username: str) -> int:
    form = {"persona": username, "csrf_token": builders.csrf_token(client)}
    entered = client.post("/login/", data=form)
    assert entered.status_code != 302 or entered.headers["Location"] == "/center/"
    return client.get("/center/").status_code


@pytest.fixture
def demo(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """A demo account with its manager, and a person who is not of the demo."""
    monkeypatch.setitem(app.config, "FRONTDESK_DEMO", True)
    set_setting(app, "demo_loaded", True)
    with app.app_context():
        builders.make_user("Manager", username="manager", first_name="Rowan", last_name="Sprocket")
        builders.make_user("Admin", username="real-admin")
    return app


def test_one_click_on_a_card_enters(demo: Flask, client: FlaskClient) -> None:
    assert "Rowan Sprocket" in client.get("/login/").get_data(as_text=True)
    assert enter(client, "manager") == 200


def test_a_card_needs_the_forms_token(demo: Flask, client: FlaskClient) -> None:
    assert client.post("/login/", data={"persona": "manager"}).status_code == 400
    assert client.get("/center/").status_code == 302


@pytest.mark.parametrize("username", ["real-admin", "nobody", ""])
def test_only_the_demos_people_enter_by_a_card(demo: Flask, client: FlaskClient, username: str) -> None:
    assert enter(client, username) == 302


@pytest.mark.parametrize("missing", ["switch", "data"])
def test_no_card_opens_a_real_account(
    demo: Flask, client: FlaskClient, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing == "switch":
        monkeypatch.setitem(demo.config, "FRONTDESK_DEMO", False)
    else:
        set_setting(demo, "demo_loaded", False)
    assert "Rowan Sprocket" not in client.get("/login/").get_data(as_text=True)
    assert enter(client, "manager") == 302


def test_who_is_signed_in_sees_no_sign_in_page_and_leaves_by_logout(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        builders.make_user("Staff", username="milo")
    builders.login(client, "milo")
    assert client.get("/login/").headers["Location"] == "/"
    assert client.get("/").headers["Location"] == "/center"
    client.get("/logout/")
    for link in ("/center/", "/go/chat/1"):
        asked = client.get(link, follow_redirects=True)
        assert (asked.status_code, asked.request.path, "Denied" in asked.text) == (200, "/login/", False)
    assert client.get("/").headers["Location"] == "/login/"


FIRST = {
    "first_name": "Della",
    "last_name": "Crank",
    "email": "della@example.com",
    "username": "della",
    "zone": "Europe/Vienna",
    "password": "a-long-first-password",
    "again": "a-long-first-password",
}


def test_the_first_admin_is_made_once(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        link = bootstrap.first_admin_link()
    assert client.get("/setup/wrong").status_code == 404
    assert client.get(link).status_code == 200
    token = builders.csrf_token(client)
    refused = client.post(link, data={**FIRST, "password": "short", "again": "short", "csrf_token": token})
    assert refused.status_code == 200
    assert "della@example.com" in refused.get_data(as_text=True)
    made = client.post(link, data={**FIRST, "csrf_token": token})
    assert made.status_code == 302
    assert client.get("/userview/list/").status_code == 200
    with app.app_context():
        della = db.session.query(User).one()
        assert [role.name for role in della.roles] == ["Admin"]
        assert (della.zone, account.zone()) == ("Europe/Vienna", "Europe/Vienna")
    assert 'selected value="Europe/Vienna"' in client.get("/userview/add").text, "colleagues begin with the same zone"
    assert app.test_client().get(link).status_code == 404


def test_a_set_up_link_makes_nobody_while_there_is_an_admin(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        builders.make_user("Admin")
        link = bootstrap.first_admin_link()
    token = builders.csrf_token(client)
    page = client.post(link, data={**FIRST, "csrf_token": token}, follow_redirects=True)
    assert "There is an admin already" in page.get_data(as_text=True)
    with app.app_context():
        assert db.session.query(User).count() == 1
