"""Probes and metrics: right about what fails, and closed to whoever has no token."""

from __future__ import annotations

import json
import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import clock, logs
from app.extensions import db
from tests import builders

ALL_WORKERS = ("worker:mail", "worker:push", "worker:slow")


def report(app: Flask, *kinds: str) -> None:
    """As the heartbeats of these processes do."""
    statement = text(
        "INSERT INTO processes (name, kind, host, pid, started_at, heartbeat_at)"
        " VALUES (:kind, :kind, 'test', 1, :now, :now)"
    )
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("DELETE FROM processes"))
        for kind in kinds:
            connection.execute(statement, {"kind": kind, "now": clock.real_now()})


def test_it_is_ready_when_database_redis_and_a_worker_per_queue_answer(app: Flask, client: FlaskClient) -> None:
    report(app, *ALL_WORKERS)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json["failing"] == []


def test_it_names_the_queue_that_nobody_works_on(app: Flask, client: FlaskClient) -> None:
    report(app, "worker:mail", "worker:slow")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["failing"] == ["worker:push"]


def test_it_serves_whatever_else_fails(app: Flask, client: FlaskClient) -> None:
    report(app)
    assert client.get("/healthz").status_code == 200


def test_metrics_ask_for_the_token(app: Flask, client: FlaskClient) -> None:
    app.config["METRICS_TOKEN"] = "right-token"
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    for answer in (
        client.get("/metrics", headers={"Authorization": "Bearer right-token"}),
        client.get("/metrics?token=right-token"),
    ):
        assert answer.status_code == 200
        assert 'frontdesk_up{part="database"} 1.0' in answer.text
        assert 'frontdesk_up{part="redis"} 1.0' in answer.text
    app.config["METRICS_TOKEN"] = None
    assert client.get("/metrics").status_code == 404


def test_metrics_are_shown_to_an_admins_program_and_to_no_other(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        for role, name in (("Admin", "della"), ("Manager", "milo")):
            builders.make_user(role, username=name)
    program = app.test_client()
    admin, manager = (builders.bearer(program, name) for name in ("della", "milo"))
    for token in ("right-token", None):
        app.config["METRICS_TOKEN"] = token
        assert "frontdesk_up" in program.get("/metrics", headers=admin).text
        assert program.get("/metrics", headers=manager).status_code == 401
        assert program.get("/metrics", headers={"Authorization": "Bearer a.b.c"}).status_code == 401


def test_a_log_line_has_the_ids_and_hides_passwords() -> None:
    record = logging.LogRecord("app", logging.ERROR, __file__, 1, "lost postgresql://u:hidden@h/d", None, None)
    record.fields = {"delivery": 7}
    line = json.loads(logs.JsonLines("worker-mail").format(record))
    assert (line["delivery"], line["process"]) == (7, "worker-mail")
    assert "hidden" not in line["message"]


def test_every_answer_carries_the_id_of_its_log_lines(app: Flask, client: FlaskClient) -> None:
    first, second = (client.get("/healthz", headers={"X-Request-ID": "made-up-by-anybody"}) for _ in range(2))
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]
    assert first.headers["X-Request-ID"] != "made-up-by-anybody"


def test_no_link_that_proves_something_gets_into_a_log(
    app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever reads the log of a link that was followed could follow it, too."""
    open_by_link = [rule for rule in app.url_map.iter_rules() if "token" in rule.arguments]
    assert {"/invitation/…", "/login/reset/…", "/report/view/…", "/go/…"} <= {
        rule.rule.replace("<string:token>", "…").replace("<token>", "…") for rule in open_by_link
    }
    with caplog.at_level(logging.INFO, "app.request"):
        for rule in open_by_link:
            given = dict.fromkeys(rule.arguments, "1") | {"token": "something-that-proves"}
            path = app.url_map.bind("localhost").build(rule.endpoint, given, method=min(rule.methods or {"GET"}))
            client.open(path, method="GET" if "GET" in (rule.methods or ()) else "POST")
            client.open(path, method="PATCH")
    lines = [line.getMessage() for line in caplog.records if line.name == "app.request"]
    assert len(lines) >= len(open_by_link)
    assert not [line for line in lines if "something-that-proves" in line]
