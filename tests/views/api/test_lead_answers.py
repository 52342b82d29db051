"""Incoming leads over REST: who is told, and whoever accepts first has it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import clock
from app.extensions import db
from app.models.crm import Lead
from tests import builders

Team = dict[str, FlaskClient]


@pytest.fixture
def team(app: Flask) -> Team:
    """Milo and Wren are in the pipeline's group, Rowan is not; a program posts as the admin."""
    with app.app_context():
        members = [builders.make_user("Staff", username=name, first_name=name.title()) for name in ("milo", "wren")]
        builders.make_user("Manager", username="rowan")
        builders.make_user("Admin", username="della")
        builders.make_pipeline("Sales", group=builders.make_group("Sales Office", members=members))
    return {name: builders.login(app.test_client(), name) for name in ("milo", "wren", "rowan", "della")}


def feed_of(client: FlaskClient) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get("/api/v1/center/feed").get_json()["items"]
    return [item for item in items if item["kind"] == "notice"]


def post(client: FlaskClient, **values: Any) -> int:
    answer = client.post("/api/v1/leads/", json={"name": "Gravel bike", **values})
    assert answer.status_code == 201, answer.get_json()
    return int(answer.get_json()["id"])


def lead(app: Flask, lead_id: int) -> Lead:
    with app.app_context():
        found = db.session.get_one(Lead, lead_id)
        _ = found.stage
        return found


def test_the_pipelines_group_is_told_and_who_accepts_first_has_it(app: Flask, team: Team) -> None:
    lead_id = post(team["della"])
    assert lead(app, lead_id).stage.kind == "incoming"
    for name in ("milo", "wren"):
        (item,) = feed_of(team[name])
        assert (item["event"], item["unread"], item["tab"]) == ("lead:incoming", True, "leads")
        assert item["actions"] == ["accept", "decline", "not_mine"]
    assert feed_of(team["rowan"]) == feed_of(team["della"]) == []
    assert team["milo"].post(f"/api/v1/leads/{lead_id}/accept").status_code == 200
    stored = lead(app, lead_id)
    assert (stored.stage.kind, stored.declined_because, stored.answered_by_id) == ("open", None, stored.responsible_id)
    again = team["wren"].post(f"/api/v1/leads/{lead_id}/accept")
    assert (again.status_code, again.get_json()["error"]["code"]) == (409, "already_accepted")
    assert "Milo" in again.get_json()["error"]["message"]
    assert team["wren"].post(f"/api/v1/leads/{lead_id}/decline", json={"reason": "no"}).status_code == 409
    (copy,) = feed_of(team["wren"])
    assert (copy["unread"], copy["actions"]) == (False, [])
    assert "Milo" in copy["body"]


def test_a_named_responsible_is_told_alone(team: Team, app: Flask) -> None:
    with app.app_context():
        rowan = builders.db.session.execute(builders.select(builders.User.id).filter_by(username="rowan")).scalar_one()
    post(team["della"], responsible_id=rowan)
    assert [item["event"] for item in feed_of(team["rowan"])] == ["lead:incoming"]
    assert feed_of(team["milo"]) == []


def test_declining_needs_a_reason_and_can_be_undone_by_who_did_it(
    app: Flask, team: Team, at: Callable[[Any], None]
) -> None:
    lead_id = post(team["della"])
    for wrong in ({}, {"reason": " "}, {"reason": "x" * 501}, {"reason": 5}):
        answer = team["milo"].post(f"/api/v1/leads/{lead_id}/decline", json=wrong)
        assert (answer.status_code, answer.get_json()["error"]["field"]) == (422, "reason")
    assert team["milo"].post(f"/api/v1/leads/{lead_id}/decline", json={"reason": "Spam"}).status_code == 200
    stored = lead(app, lead_id)
    assert (stored.stage.kind, stored.declined_because, stored.closed_at is not None) == ("lost", "Spam", True)
    answer = team["wren"].post(f"/api/v1/leads/{lead_id}/accept")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "already_declined")
    assert team["wren"].post(f"/api/v1/leads/{lead_id}/reopen").status_code == 409
    assert team["milo"].post(f"/api/v1/leads/{lead_id}/reopen").status_code == 200
    stored = lead(app, lead_id)
    assert (stored.stage.kind, stored.declined_because, stored.closed_at) == ("incoming", None, None)
    team["milo"].post(f"/api/v1/leads/{lead_id}/decline", json={"reason": "Spam"})
    at(clock.now() + dt.timedelta(hours=2))
    assert team["milo"].post(f"/api/v1/leads/{lead_id}/reopen").status_code == 409


def test_a_lead_that_did_not_come_in_cannot_be_accepted(app: Flask, team: Team) -> None:
    with app.app_context():
        lead_id = builders.make_lead().id
    assert team["milo"].post(f"/api/v1/leads/{lead_id}/accept").status_code == 409
    assert team["milo"].post("/api/v1/leads/999999/accept").status_code == 404


def test_the_card_offers_accept_and_decline(team: Team) -> None:
    lead_id = post(team["della"])
    page = team["milo"].get(f"/leadview/show/{lead_id}").get_data(as_text=True)
    assert f"/leadview/accept/{lead_id}" in page
    team["milo"].post(f"/leadview/decline/{lead_id}", data={"reason": "Spam"})
    page = team["milo"].get(f"/leadview/show/{lead_id}").get_data(as_text=True)
    assert "declined this lead: Spam" in page
    team["milo"].post(f"/leadview/reopen/{lead_id}")
    team["milo"].post(f"/leadview/accept/{lead_id}")
    page = team["milo"].get(f"/leadview/show/{lead_id}").get_data(as_text=True)
    assert "accepted it" in page
    assert "/leadview/accept" not in page
