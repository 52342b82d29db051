"""Refusals and failures: a page for people, problem JSON for programs, headers on both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from tests import builders


@pytest.fixture
def failing(app: Flask) -> Iterator[list[Exception]]:
    """Let a page fail in a way that nobody foresaw, or in the given one."""
    name = app.url_map.bind("").match("/healthz")[0]
    view, propagate = app.view_functions[name], app.config["PROPAGATE_EXCEPTIONS"]
    app.config["PROPAGATE_EXCEPTIONS"] = False

    failures: list[Exception] = [RuntimeError("secret detail")]

    def fail() -> str:
        raise failures[-1]

    app.view_functions[name] = fail
    yield failures
    app.view_functions[name] = view
    app.config["PROPAGATE_EXCEPTIONS"] = propagate


def test_an_unknown_page_is_a_page_with_a_way_on(client: FlaskClient) -> None:
    answer = client.get("/no-such-page")
    assert answer.status_code == 404
    page = answer.get_data(as_text=True)
    assert "There is nothing here" in page
    assert 'href="/"' in page


def test_an_unknown_api_address_is_problem_json(client: FlaskClient) -> None:
    answer = client.get("/api/v1/no-such-thing")
    assert answer.status_code == 404
    assert answer.get_json()["error"]["code"] == "not_found"


def test_a_refusal_of_the_framework_speaks_the_same_language(client: FlaskClient) -> None:
    answer = client.get("/api/v1/leads/")
    assert answer.status_code == 401
    error = answer.get_json()["error"]
    assert error["code"] == "unauthorized"
    assert error["message"]


def test_a_person_without_the_right_sees_why(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        builders.make_user("Free", username="otto")
    builders.login(client, "otto")
    answer = client.get("/leadview/list/")
    assert answer.status_code == 403
    assert "This page is not for you" in answer.get_data(as_text=True)


def test_a_failure_tells_nothing_of_the_inside(failing: list[Exception], client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.get_data(as_text=True)
    assert "secret detail" not in answer.get_data(as_text=True)
    as_program = client.get("/healthz", headers={"Accept": "application/json"})
    assert as_program.get_json()["error"]["code"] == "server_error"
    assert "secret detail" not in as_program.get_data(as_text=True)


@pytest.mark.parametrize(
    "failure", [NoConnection("secret detail"), OperationalError("secret", {}, Exception("detail"))]
)
def test_a_database_without_time_asks_to_try_again(
    failing: list[Exception], client: FlaskClient, failure: Exception
) -> None:
    failing.append(failure)
    for kind, words in (("application/json", "try again in a few seconds"), ("text/html", "Too busy at the moment")):
        answer = client.get("/healthz", headers={"Accept": kind})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert words in answer.get_data(as_text=True)
        assert "secret" not in answer.get_data(as_text=True)


def test_pages_run_only_their_own_scripts(client: FlaskClient) -> None:
    answer = client.get("/login/")
    policy = answer.headers["Content-Security-Policy"]
    nonce = policy.split("'nonce-", 1)[1].split("'", 1)[0]
    page = answer.get_data(as_text=True)
    assert f'nonce="{nonce}"' in page
    assert "'unsafe-inline'" not in policy.split("script-src", 1)[1].split(";", 1)[0]
    assert nonce not in client.get("/login/").headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_theme_is_stored_for_the_person_only_if_it_is_one(app: Flask, client: FlaskClient) -> None:
    assert client.post("/appearance/theme", data={"theme": "dark"}).status_code in (400, 401)
    with app.app_context():
        builders.make_user("Free", username="otto")
    builders.login(client, "otto")
    assert client.post("/appearance/theme", data={"theme": "pink"}).status_code == 422
    assert client.post("/appearance/theme", data={"theme": "dark"}).status_code == 204
    assert 'data-theme="dark"' in client.get("/profile/").get_data(as_text=True)
