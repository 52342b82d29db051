"""Actions on records: only on what one sees, only those that exist, only by POST."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.models.crm import Task
from app.models.people import User
from tests import builders


@pytest.fixture
def staff(app: Flask, client: FlaskClient) -> int:
    with app.app_context():
        builders.set_visibility("own")
        user_id = builders.make_user("Staff", username="milo").id
    builders.login(client, "milo")
    return int(user_id)


def completed(app: Flask, task_id: int) -> bool:
    with app.app_context():
        return db.session.get_one(Task, task_id).completed_at is not None


def test_an_action_does_not_reach_a_record_that_the_list_hides(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        foreign = builders.make_task(responsible=builders.make_user("Staff")).id
        own = builders.make_task(responsible=db.session.get_one(User, staff)).id
    assert client.get(f"/taskview/show/{foreign}").status_code == 404
    assert client.get(f"/taskview/edit/{foreign}").status_code == 404
    assert client.post(f"/taskview/delete/{foreign}").status_code == 404
    assert client.post(f"/taskview/action/complete/{foreign}").status_code == 404
    assert client.post("/taskview/action_post", data={"action": "complete", "rowid": [foreign]}).status_code == 302
    assert not completed(app, foreign)
    assert client.post(f"/taskview/action/complete/{own}").status_code == 302
    assert completed(app, own)


def test_an_action_on_selected_rows_leaves_hidden_ones_out(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        foreign = builders.make_task(responsible=builders.make_user("Staff")).id
        own = builders.make_task(responsible=db.session.get_one(User, staff)).id
    client.post("/taskview/action_post", data={"action": "complete", "rowid": [foreign, own, "abc", "999999999999"]})
    assert completed(app, own)
    assert not completed(app, foreign)


def test_an_unknown_action_is_not_found(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        own = builders.make_task(responsible=db.session.get_one(User, staff)).id
    assert client.post(f"/taskview/action/explode/{own}").status_code == 404
    assert client.post("/taskview/action_post", data={"action": "explode", "rowid": [own]}).status_code == 404
    assert client.post("/taskview/action_post", data={}).status_code == 404


def test_an_action_needs_its_own_right(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        user_id = builders.make_user("Staff").id
        builders.make_user("Manager", username="rowan")
        builders.make_user("Free", username="otto")
        task_id = builders.make_task(responsible=db.session.get_one(User, user_id)).id
    manager = builders.login(client, "rowan")
    assert manager.post(f"/userview/action/demote/{user_id}").status_code == 403
    free = builders.login(app.test_client(), "otto")
    assert free.post(f"/taskview/action/complete/{task_id}").status_code == 403
    assert not completed(app, task_id)


def test_an_action_cannot_be_triggered_by_a_link(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        own = builders.make_task(responsible=db.session.get_one(User, staff)).id
    assert client.get(f"/taskview/action/complete/{own}").status_code == 405
    assert not completed(app, own)


def test_completing_twice_says_so(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        own = builders.make_task(responsible=db.session.get_one(User, staff)).id
    client.post(f"/taskview/action/complete/{own}")
    page = client.post(f"/taskview/action/complete/{own}", follow_redirects=True).get_data(as_text=True)
    assert "This task is completed already" in page
    assert client.post(f"/api/v1/tasks/{own}/complete", json={}).status_code == 409


@pytest.mark.parametrize("pk", ["abc", "0", "-1", "99999999999999999999", "1;drop", "%00"])
def test_an_odd_key_is_not_found(client: FlaskClient, staff: int, pk: str) -> None:
    assert client.get(f"/taskview/show/{pk}").status_code == 404
    assert client.get(f"/taskview/edit/{pk}").status_code == 404
    assert client.post(f"/taskview/action/complete/{pk}").status_code == 404
    assert client.get(f"/api/v1/tasks/{pk}").status_code == 404
