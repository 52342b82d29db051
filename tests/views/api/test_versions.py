"""Two programs or people changing one record by REST: the second is told what changed, and nothing of it is lost."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.models.crm import Lead
from tests import builders


@pytest.fixture
def lead_id(app: Flask) -> int:
    with app.app_context():
        builders.make_user("Staff", username="milo", first_name="Milo", last_name="Spoke")
        builders.make_user("Staff", username="wren", first_name="Wren", last_name="Saddle")
        return int(builders.make_lead("Tandem", budget=100).id)


@pytest.fixture
def two(app: Flask, lead_id: int) -> tuple[FlaskClient, FlaskClient]:
    clients = []
    for name in ("milo", "wren"):
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = builders.bearer(client, name)["Authorization"]
        clients.append(client)
    return clients[0], clients[1]


def url(lead_id: int) -> str:
    return f"/api/v1/leads/{lead_id}"


def stored(app: Flask, lead_id: int) -> tuple[str, float]:
    with app.app_context():
        lead = db.session.get_one(Lead, lead_id)
        return lead.name, float(lead.budget)


@pytest.mark.parametrize("way", ["body", "header"])
def test_the_second_of_two_is_told_who_changed_what(
    app: Flask, two: tuple[FlaskClient, FlaskClient], lead_id: int, way: str
) -> None:
    milo, wren = two
    seen = milo.get(url(lead_id))
    assert wren.put(url(lead_id), json={"budget": 250}).status_code == 200
    body: dict[str, Any] = {"name": "Tandem, red"}
    headers = {"If-Match": seen.headers["ETag"]} if way == "header" else {}
    if way == "body":
        body["changed_at"] = seen.get_json()["result"]["changed_at"]
    refused = milo.put(url(lead_id), json=body, headers=headers)
    assert refused.status_code == 409
    error = refused.get_json()["error"]
    assert (error["code"], error["field"]) == ("changed_meanwhile", "budget")
    assert error["message"] == "Wren Saddle changed this meanwhile: budget"
    assert error["changed"] == {"budget": {"old": 100.0, "new": 250.0}}
    assert stored(app, lead_id) == ("Tandem", 250.0)
    fresh = milo.get(url(lead_id))
    again = milo.put(url(lead_id), json={"name": "Tandem, red"}, headers={"If-Match": fresh.headers["ETag"]})
    assert again.status_code == 200
    assert stored(app, lead_id) == ("Tandem, red", 250.0)
    # The answer's version is the next one to send.
    next_one = milo.put(url(lead_id), json={"budget": 300}, headers={"If-Match": again.headers["ETag"]})
    assert next_one.status_code == 200


def test_who_names_no_version_changes_what_is_there(
    app: Flask, two: tuple[FlaskClient, FlaskClient], lead_id: int
) -> None:
    milo, wren = two
    assert wren.put(url(lead_id), json={"budget": 250}).status_code == 200
    assert milo.put(url(lead_id), json={"name": "Tandem, red"}, headers={"If-Match": "*"}).status_code == 200
    assert stored(app, lead_id) == ("Tandem, red", 250.0)


@pytest.mark.parametrize("wrong", ["yesterday", "2026-05-04T10:00:00", "' OR 1=1"])
def test_a_version_that_is_none_is_refused(two: tuple[FlaskClient, FlaskClient], lead_id: int, wrong: str) -> None:
    refused = two[0].put(url(lead_id), json={"name": "x"}, headers={"If-Match": f'"{wrong}"'})
    assert (refused.status_code, refused.get_json()["error"]["field"]) == (422, "changed_at")


def test_somebody_elses_change_of_a_task_is_told_too(app: Flask, two: tuple[FlaskClient, FlaskClient]) -> None:
    milo, wren = two
    made = milo.post("/api/v1/tasks/", json={"text": "Measure", "due_at": "2030-05-04T10:00:00+00:00"}).get_json()
    task = f"/api/v1/tasks/{made['id']}"
    assert wren.put(task, json={"text": "Measure twice"}).status_code == 200
    refused = milo.put(task, json={"text": "Measure once", "changed_at": made["result"]["changed_at"]})
    assert refused.get_json()["error"]["changed"] == {"text": {"old": "Measure", "new": "Measure twice"}}
