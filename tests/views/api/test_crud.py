"""The generated REST, as PROTOCOL says."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import clock
from app.extensions import db
from app.models.people import User
from tests import builders


@pytest.fixture
def milo(app: Flask) -> int:
    with app.app_context():
        builders.make_pipeline()
        return int(builders.make_user("Staff", username="milo").id)


@pytest.fixture
def program(app: Flask, milo: int) -> FlaskClient:
    """A client that sends Milo's token."""
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = builders.bearer(client, "milo")["Authorization"]
    return client


@pytest.mark.parametrize(
    ("kind", "body", "change"),
    [
        ("leads", {"name": "New lead", "budget": 1200.5}, {"name": "Renamed", "budget": 0}),
        ("contacts", {"name": "Ada", "email": "ada@example.com", "phone": "+43 1 23"}, {"phone": None}),
        ("companies", {"name": "Spoke", "website": "https://spoke.example"}, {"name": "Spoke & Sons"}),
    ],
)
def test_a_record_lives_its_life(
    program: FlaskClient, milo: int, kind: str, body: dict[str, Any], change: dict[str, Any]
) -> None:
    made = program.post(f"/api/v1/{kind}/", json=body)
    assert made.status_code == 201
    answer = made.get_json()
    assert set(answer) == {"id", "result"}
    assert {name: answer["result"][name] for name in body} == body
    # A lead that a program brings is nobody's until somebody accepts it.
    assert answer["result"]["responsible_id"] == (None if kind == "leads" else milo)
    url = f"/api/v1/{kind}/{answer['id']}"
    read = program.get(url).get_json()
    assert read == answer
    changed = program.put(url, json=change)
    assert changed.status_code == 200
    assert {name: changed.get_json()["result"][name] for name in change} == change
    # What was read can be sent back as it is.
    assert program.put(url, json=program.get(url).get_json()["result"]).status_code == 200
    listed = program.get(f"/api/v1/{kind}/").get_json()
    assert set(listed) == {"count", "ids", "result"}
    assert (listed["count"], listed["ids"]) == (1, [answer["id"]])
    assert program.delete(url).status_code == 200
    assert program.get(url).status_code == 404
    assert program.delete(url).status_code == 404


def test_a_task_is_set_changed_and_completed(app: Flask, program: FlaskClient, milo: int) -> None:
    due = (clock.now() + dt.timedelta(days=2)).replace(microsecond=0)
    local = due.astimezone(dt.timezone(dt.timedelta(hours=2)))
    body = {"text": "Call Ada", "due_at": local.isoformat(), "responsible_id": milo, "type": "call", "all_day": False}
    made = program.post("/api/v1/tasks/", json=body)
    assert made.status_code == 201
    task = made.get_json()["result"]
    assert dt.datetime.fromisoformat(task["due_at"]) == due
    assert (task["author_id"], task["completed_at"], task["lead_id"]) == (milo, None, None)
    url = f"/api/v1/tasks/{task['id']}"
    assert program.put(url, json={"text": "Call Ada back"}).get_json()["result"]["text"] == "Call Ada back"
    done = program.post(f"{url}/complete", json={"result": "Reached her"})
    assert done.status_code == 200
    assert done.get_json()["result"]["result"] == "Reached her"
    assert done.get_json()["result"]["completed_at"]
    assert program.post(f"{url}/complete", json={}).status_code == 409
    assert program.post("/api/v1/tasks/999999/complete").status_code == 404
    assert program.post(f"{url}/complete", json={"result": 5}).status_code == 422
    assert program.post(f"{url}/complete", data="{", content_type="application/json").status_code == 400


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("leads", {}, "name"),
        ("leads", {"name": "   "}, "name"),
        ("leads", {"name": "x" * 161}, "name"),
        ("leads", {"name": 5}, "name"),
        ("leads", {"name": "x\x00y"}, "name"),
        ("leads", {"name": "\ud800"}, "name"),
        ("leads", {"name": "x", "budget": -1}, "budget"),
        ("leads", {"name": "x", "budget": "NaN"}, "budget"),
        ("leads", {"name": "x", "budget": [1]}, "budget"),
        ("leads", {"name": "x", "budget": 1e30}, "budget"),
        ("leads", {"name": "x", "currency": "EURO"}, "currency"),
        ("leads", {"name": "x", "stage_id": 999999}, "stage_id"),
        ("leads", {"name": "x", "stage_id": "1"}, "stage_id"),
        ("leads", {"name": "x", "contact_id": 2**40}, "contact_id"),
        ("leads", {"name": "x", "responsible_id": 999999}, "responsible_id"),
        ("leads", {"name": "x", "responsible_id": True}, "responsible_id"),
        ("leads", {"name": "x", "nonsense": 1}, "nonsense"),
        ("contacts", {"name": "x", "email": "no address"}, "email"),
        ("contacts", {"name": "x", "phone": "call me"}, "phone"),
        ("contacts", {"name": "x", "company_id": 0}, "company_id"),
        ("companies", {"name": "x", "website": "javascript:alert(1)"}, "website"),
        ("tasks", {}, "text"),
        ("tasks", {"text": "x", "responsible_id": 1, "due_at": "tomorrow"}, "due_at"),
        ("tasks", {"text": "x", "due_at": "2031-01-01T10:00:00"}, "due_at"),
        ("tasks", {"text": "x", "due_at": 5}, "due_at"),
        ("tasks", {"text": "x", "all_day": "yes"}, "all_day"),
    ],
)
def test_a_wrong_field_is_named(program: FlaskClient, kind: str, body: dict[str, Any], field: str) -> None:
    answer = program.post(f"/api/v1/{kind}/", json=body)
    assert answer.status_code == 422
    error = answer.get_json()["error"]
    assert error["field"] == field
    assert error["code"]
    assert error["message"]
    assert program.get(f"/api/v1/{kind}/").get_json()["count"] == 0


@pytest.mark.parametrize("who", ["free", "deactivated"])
def test_who_cannot_work_on_it_cannot_be_responsible(app: Flask, program: FlaskClient, who: str) -> None:
    with app.app_context():
        person = builders.make_user("Free") if who == "free" else builders.make_user("Staff", active=False)
        person_id = person.id
    due = (clock.now() + dt.timedelta(days=1)).isoformat()
    for kind, body in (("leads", {"name": "x"}), ("contacts", {"name": "x"}), ("tasks", {"text": "x", "due_at": due})):
        answer = program.post(f"/api/v1/{kind}/", json={**body, "responsible_id": person_id})
        assert (answer.status_code, answer.get_json()["error"]["field"]) == (422, "responsible_id"), kind


def test_saving_another_field_works_after_the_responsible_was_deactivated(
    app: Flask, program: FlaskClient, milo: int
) -> None:
    with app.app_context():
        gone = builders.make_user("Staff", active=False)
        lead_id = builders.make_lead(responsible=gone).id
        gone_id = gone.id
    answer = program.put(f"/api/v1/leads/{lead_id}", json={"name": "Kept", "responsible_id": gone_id})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("data", "content_type"), [("{", "application/json"), ("[]", "application/json"), ("x", "a/b")]
)
def test_a_body_that_is_no_object_is_400(program: FlaskClient, data: str, content_type: str) -> None:
    for answer in (
        program.post("/api/v1/leads/", data=data, content_type=content_type),
        program.put("/api/v1/me/preferences", data=data, content_type=content_type),
    ):
        assert answer.status_code == 400
        assert set(answer.get_json()) == {"error"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/leads/abc", 404),
        ("GET", "/api/v1/leads/99999999999999999999", 404),
        ("PATCH", "/api/v1/leads/1", 405),
        ("POST", "/api/v1/leads/1", 405),
        ("GET", "/api/v1/leads/_info", 404),
        ("PUT", "/api/v1/leads/999999", 404),
    ],
)
def test_every_error_has_one_shape(program: FlaskClient, method: str, path: str, status: int) -> None:
    answer = program.open(path, method=method, json={} if method != "GET" else None)
    assert answer.status_code == status
    assert set(answer.get_json()) == {"error"}
    assert {"code", "message"} <= set(answer.get_json()["error"])


def test_strangers_are_401_and_free_users_403(app: Flask, milo: int) -> None:
    with app.app_context():
        builders.make_user("Free", username="otto")
    headers = builders.bearer(app.test_client(), "otto")
    for kind in ("leads", "contacts", "companies", "tasks", "users", "groups"):
        stranger = app.test_client().get(f"/api/v1/{kind}/")
        free = app.test_client().get(f"/api/v1/{kind}/", headers=headers)
        assert (stranger.status_code, free.status_code) == (401, 403)
        assert set(stranger.get_json()) == set(free.get_json()) == {"error"}


def test_too_large_a_body_is_413(app: Flask, program: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 1000)
    answer = program.post("/api/v1/leads/", json={"name": "x" * 5000})
    assert answer.status_code in (400, 413)
    assert set(answer.get_json()) == {"error"}


def test_who_am_i(app: Flask, program: FlaskClient, milo: int) -> None:
    me = program.get("/api/v1/me").get_json()
    assert {name: me[name] for name in ("id", "username", "roles", "free", "zone")} == {
        "id": milo,
        "username": "milo",
        "roles": ["Staff"],
        "free": False,
        "zone": "UTC",
    }
    assert me["name"]


def test_preferences_are_changed_in_part(app: Flask, program: FlaskClient) -> None:
    def stored() -> dict[str, Any]:
        answer = program.get("/api/v1/me/preferences").get_json()
        return {name: answer[name] for name in ("receive", "lead_times", "unread_first", "zone")}

    before = stored()
    changed = program.put("/api/v1/me/preferences", json={"lead_times": [5, 60], "zone": "Europe/Vienna"})
    assert changed.status_code == 200
    expected = before | {"lead_times": [5, 60], "zone": "Europe/Vienna"}
    assert stored() == expected
    assert {name: changed.get_json()[name] for name in expected} == expected
    refused = program.put("/api/v1/me/preferences", json={"receive": False, "lead_times": [7]})
    assert (refused.status_code, refused.get_json()["error"]["field"]) == (422, "lead_times")
    assert stored() == expected


def test_an_admin_keeps_people_and_groups(app: Flask) -> None:
    with app.app_context():
        builders.make_user("Admin", username="della")
        staff = builders.make_role("Staff").id
    headers = builders.bearer(app.test_client(), "della")
    program = app.test_client()
    body = {
        "username": "wren",
        "first_name": "Wren",
        "last_name": "Saddle",
        "email": "wren@example.com",
        "password": "a-long-new-password",
        "role_ids": [staff],
    }
    made = program.post("/api/v1/users/", json=body, headers=headers)
    assert made.status_code == 201
    wren = made.get_json()["result"]
    assert (wren["roles"], wren["name"]) == (["Staff"], "Wren Saddle")
    assert "password" not in wren
    assert program.post("/api/v1/users/", json=body, headers=headers).get_json()["error"]["field"] in (
        "username",
        "email",
    )
    group = program.post("/api/v1/groups/", json={"name": "Office", "member_ids": [wren["id"]]}, headers=headers)
    assert group.get_json()["result"]["member_ids"] == [wren["id"]]
    url = f"/api/v1/users/{wren['id']}"
    off = program.put(url, json={"active": False, "deactivated_reason": "gone"}, headers=headers)
    assert (off.status_code, off.get_json()["result"]["active"]) == (200, False)
    with app.app_context():
        assert db.session.get_one(User, wren["id"]).deactivated_reason == "gone"


def test_openapi_documents_every_address(app: Flask, program: FlaskClient) -> None:
    found = program.get("/api/v1/_openapi").get_json()
    rules = {
        re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
    }
    assert rules <= set(found["paths"])
    post = found["paths"]["/api/v1/leads/"]["post"]
    assert "201" in post["responses"]
    schema = found["components"]["schemas"]["LeadApi.post"]["properties"]
    assert set(schema) == {
        "name",
        "budget",
        "currency",
        "stage_id",
        "pipeline_id",
        "contact_id",
        "company_id",
        "responsible_id",
    }
    assert "responsible_id" in found["components"]["schemas"]["LeadApi.get_list"]["properties"]
    error = found["components"]["responses"]["422"]["content"]["application/json"]["schema"]
    assert "error" in error["properties"]
