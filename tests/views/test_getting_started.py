"""From a demo to an account in real use, and the steps a new account still needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from app import demo
from app.extensions import db
from app.models.base import Model
from app.models.people import Role, RoleName, User
from app.services.account import demo_end
from app.services.account.account import set_setting
from app.transaction import transaction
from tests import builders


@pytest.fixture
def shop(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The demo, as `make run` starts it."""
    monkeypatch.setitem(app.config, "FRONTDESK_DEMO", True)
    with app.app_context():
        for role in RoleName.ALL:
            builders.make_role(role)
        assert demo.load()
        with transaction():
            set_setting(demo_end.LOADED_SETTING, True)
    return app


def enter(client: FlaskClient, username: str) -> None:
    client.post("/login/", data={"persona": username, "csrf_token": builders.csrf_token(client)})
    client.environ_base["HTTP_X_CSRFTOKEN"] = builders.csrf_token(client)


def test_the_demo_ends_with_nothing_of_it_left_and_the_first_admin_is_made(shop: Flask, client: FlaskClient) -> None:
    with shop.app_context():
        last_id = db.session.scalar(select(func.max(User.id)))
    enter(client, "admin")
    assert "made up" in client.get("/getting-started/").get_data(as_text=True)
    answer = client.post("/getting-started/leave-demo")
    assert answer.location.startswith("/setup/")
    with shop.app_context():
        for name in Model.metadata.tables:
            if name not in demo_end.KEPT | {"pipelines", "stages", "task_types", "audit_log"}:
                assert db.session.scalar(text(f'SELECT count(*) FROM "{name}"')) == 0, name
        assert db.session.scalars(select(Role.name).where(Role.name == "Admin")).one()
    assert not [path for path in Path(shop.config["UPLOADS_DIR"]).rglob("*") if path.is_file()]
    del client.environ_base["HTTP_X_CSRFTOKEN"]
    form = {
        "csrf_token": builders.csrf_token(client),
        "first_name": "Ada",
        "last_name": "Chain",
        "email": "ada@example.com",
        "username": "ada",
        "zone": "Europe/Vienna",
        "password": "a long enough sentence",
        "again": "a long enough sentence",
    }
    assert client.post(answer.location, data=form).location == "/getting-started/"
    page = client.get("/getting-started/").get_data(as_text=True)
    assert "0 of 6 done" in page
    assert "made up" not in page
    with shop.app_context():
        # An old session's cookie must not become somebody else's.
        assert db.session.scalars(select(User.id)).one() > (last_id or 0)


def test_only_an_admin_ends_the_demo(shop: Flask, client: FlaskClient) -> None:
    enter(client, "manager")
    assert client.post("/getting-started/leave-demo").status_code == 403
    with shop.app_context():
        assert db.session.scalar(select(func.count()).select_from(User)) == 5


def test_an_account_in_use_cannot_be_emptied(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        builders.make_user("Admin", username="della")
    builders.login(client, "della")
    assert client.post("/getting-started/leave-demo").status_code == 404
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(User)) == 1


def test_steps_are_done_when_their_things_are_there(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        builders.make_user("Admin", username="della")
        builders.make_user("Staff", username="milo")
        builders.make_group("Sales Office")
    builders.login(client, "della")
    assert "2 of 6 done" in client.get("/getting-started/").get_data(as_text=True)
