"""``Idempotency-Key``: a repeated POST acts once and answers like the first."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from app import clock
from app.extensions import db
from app.models.crm import Company
from app.models.idempotency import IdempotencyKey
from app.models.people import User
from app.services.records import companies
from app.transaction import transaction
from app.views import idempotency
from tests import builders

URL = "/api/v1/companies/"


@pytest.fixture
def program(app: Flask) -> FlaskClient:
    with app.app_context():
        builders.make_user("Staff", username="milo")
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = builders.bearer(client, "milo")["Authorization"]
    return client


def count(app: Flask) -> int:
    with app.app_context():
        return db.session.query(Company).count()


def test_a_repeat_acts_once_and_answers_like_the_first(app: Flask, program: FlaskClient) -> None:
    headers = {"Idempotency-Key": "key-1"}
    first = program.post(URL, json={"name": "Spoke"}, headers=headers)
    second = program.post(URL, json={"name": "Spoke"}, headers=headers)
    assert first.status_code == second.status_code == 201
    assert first.get_data() == second.get_data()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert count(app) == 1
    assert program.post(URL, json={"name": "Spoke"}, headers={"Idempotency-Key": "key-2"}).status_code == 201
    assert count(app) == 2


def test_a_refusal_is_repeated_too(app: Flask, program: FlaskClient) -> None:
    headers = {"Idempotency-Key": "key-1"}
    first = program.post(URL, json={"name": ""}, headers=headers)
    second = program.post(URL, json={"name": ""}, headers=headers)
    assert (first.status_code, second.status_code) == (422, 422)
    assert first.get_json() == second.get_json()
    assert "Idempotency-Replayed" in second.headers


def test_a_key_used_for_another_request_is_refused(app: Flask, program: FlaskClient) -> None:
    headers = {"Idempotency-Key": "key-1"}
    program.post(URL, json={"name": "Spoke"}, headers=headers)
    for url, body in ((URL, {"name": "Other"}), ("/api/v1/contacts/", {"name": "Spoke"})):
        answer = program.post(url, json=body, headers=headers)
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (422, "key_reused")
    assert count(app) == 1


def test_a_concurrent_repeat_answers_like_the_first_or_is_told_to_wait(
    app: Flask, program: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, leave = threading.Event(), threading.Event()
    create = companies.create

    def slow(*arguments: object, **named: object) -> object:
        entered.set()
        assert leave.wait(timeout=20)
        return create(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(companies, "create", slow)
    token = program.environ_base["HTTP_AUTHORIZATION"]
    headers = {"Idempotency-Key": "key-1", "Authorization": token}
    with ThreadPoolExecutor(3) as pool:

        def ask() -> TestResponse:
            return app.test_client().post(URL, json={"name": "Spoke"}, headers=headers)

        first = pool.submit(ask)
        assert entered.wait(timeout=20)
        with monkeypatch.context() as impatient:
            impatient.setattr(idempotency, "WAIT_SECONDS", 0.0)
            second = program.post(URL, json={"name": "Spoke"}, headers=headers)
        assert (second.status_code, second.get_json()["error"]["code"]) == (409, "in_progress")
        waiting = [pool.submit(ask) for _ in range(2)]
        leave.set()
        answers = [one.result(timeout=20) for one in (first, *waiting)]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({answer.get_data() for answer in answers}) == 1
    assert count(app) == 1


def test_keys_belong_to_the_person(app: Flask, program: FlaskClient) -> None:
    with app.app_context():
        builders.make_user("Staff", username="wren")
    other = builders.bearer(app.test_client(), "wren")
    program.post(URL, json={"name": "Spoke"}, headers={"Idempotency-Key": "key-1"})
    answer = app.test_client().post(URL, json={"name": "Wren's"}, headers={"Idempotency-Key": "key-1", **other})
    assert answer.status_code == 201
    assert count(app) == 2


def test_an_abandoned_request_may_be_made_again(app: Flask, program: FlaskClient) -> None:
    """The process died before it answered: after a minute the key is free, and the effect had been rolled back."""
    headers = {"Idempotency-Key": "key-1"}
    program.post(URL, json={"name": "Spoke"}, headers=headers)
    with app.app_context(), transaction():
        db.session.query(Company).delete()
        long_ago = clock.now() - dt.timedelta(minutes=5)
        db.session.execute(update(IdempotencyKey).values(status=None, body=None, created_at=long_ago))
    assert program.post(URL, json={"name": "Spoke"}, headers=headers).status_code == 201
    assert count(app) == 1


def test_the_answer_is_stored_in_the_same_transaction_as_the_effect(
    app: Flask, program: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the process died right after the commit: nothing that runs later can store the answer.
    monkeypatch.setattr("app.views.idempotency._finish", lambda response: response)
    program.post(URL, json={"name": "Spoke"}, headers={"Idempotency-Key": "key-1"})
    with app.app_context():
        row = db.session.scalars(select(IdempotencyKey)).one()
        assert row.status == 201
        assert row.user_id == db.session.query(User).filter_by(username="milo").one().id


def test_a_browsers_session_may_use_keys_too(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        builders.make_user("Staff", username="milo")
    builders.login(client, "milo")
    headers = {"Idempotency-Key": "key-1"}
    assert client.post(URL, json={"name": "Spoke"}, headers=headers).status_code == 201
    assert client.post(URL, json={"name": "Spoke"}, headers=headers).status_code == 201
    assert count(app) == 1


def test_without_a_session_or_with_an_odd_key_it_is_refused(app: Flask, program: FlaskClient) -> None:
    headers = {"Idempotency-Key": "key-1"}
    assert app.test_client().post(URL, json={"name": "x"}, headers=headers).status_code == 401
    assert program.post(URL, json={"name": "x"}, headers={"Idempotency-Key": "k" * 201}).status_code == 400
    assert program.post(URL, json={"name": "x"}, headers={"Idempotency-Key": ""}).status_code == 400
    assert count(app) == 0


def test_other_apis_may_use_keys_too(app: Flask, program: FlaskClient) -> None:
    headers = {"Idempotency-Key": "key-1"}
    first = program.post("/api/v1/center/read", json={"all": True}, headers=headers)
    second = program.post("/api/v1/center/read", json={"all": True}, headers=headers)
    assert (first.status_code, first.get_data()) == (second.status_code, second.get_data())
    assert "Idempotency-Replayed" in second.headers
