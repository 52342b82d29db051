"""What programs get wrong: always ``{"error": {code, message, field?}}`` with a status that says it, never a 500."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests import builders, visiting

DEEP = ("[" * 20_000 + "]" * 20_000, '{"a":' * 20_000 + "1" + "}" * 20_000)


@pytest.fixture
def program(app: Flask) -> FlaskClient:
    with app.app_context():
        builders.make_pipeline()
        builders.make_user("Admin", username="della")
        builders.make_user("Staff", username="milo")
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = builders.bearer(client, "della")["Authorization"]
    return client


def refused(answer: TestResponse, status: int, field: str | None = None) -> None:
    assert answer.status_code == status, answer.get_data(as_text=True)
    error = answer.get_json()["error"]
    assert error["code"]
    assert error["message"]
    assert error.get("field") == field


@pytest.mark.parametrize("body", [*DEEP, '{"name": NaN}', '{"name": 1e', "{", "", "null", "[]", '"x"', '{"a":"\xff"}'])
@pytest.mark.parametrize("path", ["/leads/", "/center/read", "/chats/", "/me/preferences", "/talks/1/close"])
def test_what_is_no_json_object_is_malformed(program: FlaskClient, path: str, body: str) -> None:
    method = "PUT" if path.endswith("preferences") else "POST"
    content = {"data": body.encode("latin-1"), "content_type": "application/json"}
    answer = program.open(f"/api/v1{path}", method=method, **content)
    if path.endswith("close") and not body:
        return  # needs none
    refused(answer, 400)


@pytest.mark.parametrize("deep", DEEP)
def test_hooks_and_widgets_read_json_as_strictly(app: Flask, deep: str) -> None:
    with app.app_context():
        key = visiting.make_widget().key
    stranger = app.test_client()
    headers = {"X-Widget-Key": key}
    content = {"data": deep, "content_type": "application/json"}
    refused(stranger.post("/widget/api/hello", headers=headers, **content), 400)
    refused(stranger.post("/hooks/stripe", **content), 401)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/leads/"), ("PUT", "/leads/1"), ("DELETE", "/leads/1"), ("POST", "/center/read"), ("POST", "/chats/")],
)
def test_whoever_writes_without_a_token_is_told_to_sign_in(app: Flask, method: str, path: str) -> None:
    refused(app.test_client().open(f"/api/v1{path}", method=method, json={"name": "x"}), 401)


def test_a_session_still_needs_its_csrf_token(app: Flask, client: FlaskClient, program: FlaskClient) -> None:
    builders.login(client, "milo")
    client.environ_base.pop("HTTP_X_CSRFTOKEN", None)
    refused(client.post("/api/v1/leads/", json={"name": "x"}), 400)


@pytest.mark.parametrize("kind", ["leads", "contacts", "companies", "tasks", "calls", "users", "groups"])
def test_an_order_that_there_is_not_is_refused(program: FlaskClient, kind: str) -> None:
    for column in ("nonsense", "password", "id; drop table leads"):
        asked = json.dumps({"order_column": column, "order_direction": "asc"})
        refused(program.get(f"/api/v1/{kind}/", query_string={"q": asked}), 400, "order_column")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "²"}, "limit"),
        ({"limit": "0"}, "limit"),
        ({"limit": "0000000101"}, "limit"),
        ({"cursor": [True, "2026-01-01T00:00:00+00:00", 10**30]}, "cursor"),
        ({"cursor": [True, "2026-01-01T00:00:00+00:00", 1e999]}, "cursor"),
        ({"cursor": [True, "2026-01-01T00:00:00+00:00", "1"]}, "cursor"),
        ({"unread_first": "perhaps"}, "unread_first"),
        ({"filter": "a\0b"}, "filter"),
    ],
)
def test_the_feed_refuses_what_it_cannot_read(program: FlaskClient, query: dict[str, Any], field: str) -> None:
    if isinstance(query.get("cursor"), list):
        query = {"cursor": base64.urlsafe_b64encode(json.dumps(query["cursor"]).encode()).decode()}
    refused(program.get("/api/v1/center/feed", query_string=query), 400, field)
    assert program.get("/api/v1/center/feed", query_string={"q": "a\0b"}).status_code == 200


def test_a_key_of_a_widget_or_form_that_cannot_be_stored_is_unknown(app: Flask) -> None:
    stranger = app.test_client()
    refused(stranger.get("/widget/api/config?key=a%00"), 404)
    refused(stranger.post("/hooks/forms/a%00", json={"name": "x"}), 404)
    assert stranger.get("/widget/frame?key=a%00").status_code == 404


def test_a_part_of_the_digest_leaves_the_other_part(program: FlaskClient) -> None:
    url = "/api/v1/me/preferences"
    program.put(url, json={"digest": {"hours": [9, 17], "weekdays": [0, 2]}})
    assert program.put(url, json={"digest": {"hours": [8]}}).get_json()["digest"] == {"hours": [8], "weekdays": [0, 2]}
    assert program.put(url, json={"digest": {"weekdays": [5]}}).get_json()["digest"] == {"hours": [8], "weekdays": [5]}


def test_a_direct_chat_may_be_asked_for_by_both_its_people(app: Flask, program: FlaskClient) -> None:
    me, milo = program.get("/api/v1/me").get_json()["id"], program.get("/api/v1/users/").get_json()["ids"][0]
    first = program.post("/api/v1/chats/", json={"kind": "direct", "member_ids": [milo]})
    both = program.post("/api/v1/chats/", json={"kind": "direct", "member_ids": [me, milo]})
    assert (first.status_code, both.status_code) == (201, 200)
    assert first.get_json()["id"] == both.get_json()["id"]
    refused(program.post("/api/v1/chats/", json={"kind": "direct", "member_ids": [me]}), 422, "member_ids")


def test_a_call_is_written_down_in_the_hooks_words(program: FlaskClient) -> None:
    call = {"direction": "inbound", "phone": "+43 1 234567", "status": "completed", "duration": 42}
    made = program.post("/api/v1/calls/", json=call)
    assert made.status_code == 201
    result = made.get_json()["result"]
    assert (result["direction"], result["status"], result["duration_seconds"]) == ("incoming", "ended", 42)
    url = f"/api/v1/calls/{result['id']}"
    assert program.put(url, json=result).status_code == 200
    refused(program.put(url, json={"status": "asleep"}), 422, "status")


@pytest.mark.parametrize(
    ("due_at", "all_day", "expected"),
    [
        ("2031-05-04", True, "2031-05-04T23:59:59+00:00"),
        ("2031-05-04T10:00:00+02:00", True, "2031-05-04T23:59:59+00:00"),
        ("2031-05-04T10:00:00+02:00", False, "2031-05-04T08:00:00+00:00"),
        ("2031-05-04", False, None),
        ("2031-05-04T10:00:00", False, None),
        ("2031-13-04", True, None),
        ("0001-01-01T00:00:00+14:00", True, None),
        ("0001-01-01T00:00:00+14:00", False, None),
        ("9999-12-31T23:59:59-14:00", True, None),
        ("9999-12-31T23:59:59-14:00", False, None),
        (20310504, True, None),
    ],
)
def test_a_task_that_lasts_all_day_needs_a_day_every_other_one_a_moment(
    program: FlaskClient, due_at: Any, all_day: bool, expected: str | None
) -> None:
    answer = program.post("/api/v1/tasks/", json={"text": "x", "due_at": due_at, "all_day": all_day})
    if expected:
        assert answer.get_json()["result"]["due_at"] == expected
    else:
        refused(answer, 422, "due_at")
