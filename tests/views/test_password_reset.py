"""A forgotten password: a link by mail that works once, for an hour, and tells strangers nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from app import clock
from app.extensions import db
from app.models.people import Role
from tests import builders, news
from tests.mailboxes import SmtpServer

NEW = "a-quite-different-password"


@pytest.fixture
def milo(app: Flask, smtp: SmtpServer) -> None:
    with app.app_context():
        builders.make_user("Staff", username="milo", email="milo@example.com")


def ask(client: FlaskClient, name: str) -> str:
    answer = client.post(
        "/login/reset/", data={"name": name, "csrf_token": builders.csrf_token(client)}, follow_redirects=True
    )
    return answer.text


def links(app: Flask, smtp: SmtpServer, count: int) -> list[str]:
    with app.app_context():
        news.deliver_due()
    found = []
    for mail in smtp.wait_for(count):
        found.append("/login/reset/" + body_of(mail).split("/login/reset/")[1].split()[0])
    return found


def body_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def choose(client: FlaskClient, path: str, password: str = NEW) -> str:
    data = {"password": password, "again": password, "csrf_token": builders.csrf_token(client)}
    return client.post(path, data=data, follow_redirects=True).text


def test_the_link_of_the_mail_sets_a_new_password_once_and_ends_all_sessions(
    app: Flask, client: FlaskClient, milo: None, smtp: SmtpServer
) -> None:
    signed_in = app.test_client()
    builders.login(signed_in, "milo")
    assert "a mail with a link is on its way" in ask(client, "Milo@Example.com")
    (path,) = links(app, smtp, 1)
    assert "a new password of" in body_of(smtp.wait_for(1)[0]), "whose password it is"
    assert client.get(path).status_code == 200, "opening the link alone changes nothing"
    assert signed_in.get("/center/").status_code == 200
    assert "Your new password is set" in choose(client, path)
    assert signed_in.get("/center/").status_code == 302
    builders.login(client, "milo", NEW)
    assert client.get("/center/").status_code == 200
    stranger = app.test_client()
    assert "used already, or is too old" in choose(stranger, path, "one-more-password")


def test_who_is_added_without_a_password_chooses_one_by_the_mail_within_two_weeks(
    app: Flask, client: FlaskClient, smtp: SmtpServer, at: Callable[[Any], None]
) -> None:
    now = clock.now()
    with app.app_context():
        builders.make_user("Admin", username="della")
        staff = db.session.scalars(select(Role.id).where(Role.name == "Staff")).one()
    builders.login(client, "della")
    form = {"first_name": "Wren", "last_name": "Saddle", "username": "wren", "email": "wren@example.com", "zone": "UTC"}
    headers = {"X-CSRFToken": builders.csrf_token(client)}
    odd = client.post(
        "/api/v1/users/", json=form | {"username": "odd", "role_ids": [staff], "password": False}, headers=headers
    )
    assert (odd.status_code, odd.get_json()["error"]["field"]) == (422, "password")
    added = client.post("/userview/add", data=form | {"roles": [staff]}, follow_redirects=True)
    assert "A mail with a link to choose a password goes to wren@example.com" in added.text
    (path,) = links(app, smtp, 1)
    (mail,) = smtp.wait_for(1)
    assert mail["Subject"].endswith("invites you to Frontdesk")
    assert "Your user name is wren." in body_of(mail)
    wren = app.test_client()
    refused = {"username": "wren", "password": "None", "csrf_token": builders.csrf_token(wren)}
    assert wren.post("/login/", data=refused).status_code < 500
    assert wren.get("/leadview/list/").status_code == 302, "nobody signs in without a password"
    at(now + dt.timedelta(days=13))
    assert "Your new password is set" in choose(wren, path)
    builders.login(wren, "wren", NEW)
    assert wren.get("/leadview/list/").status_code == 200


def test_strangers_do_not_learn_who_exists(app: Flask, client: FlaskClient, milo: None) -> None:
    known, unknown = ask(client, "milo"), ask(app.test_client(), "nobody")
    assert "If we know this person" in known
    assert "If we know this person" in unknown
    with app.app_context():
        assert db.session.execute(text("SELECT count(*) FROM deliveries")).scalar() == 1


def test_whoever_presses_again_and_again_sends_one_mail(app: Flask, client: FlaskClient, milo: None) -> None:
    for _ in range(3):
        ask(client, "milo")
    with app.app_context():
        assert db.session.execute(text("SELECT count(*) FROM deliveries")).scalar() == 1


def test_after_an_hour_or_for_somebody_deactivated_the_link_is_dead(
    app: Flask, client: FlaskClient, milo: None, smtp: SmtpServer, at: Callable[[Any], None]
) -> None:
    now = clock.now()
    ask(client, "milo")
    (path,) = links(app, smtp, 1)
    at(now + dt.timedelta(minutes=59))
    assert client.get(path).status_code == 200
    at(now + dt.timedelta(minutes=61))
    assert "too old" in choose(client, path)


def test_a_bad_password_or_a_forged_link_changes_nothing(
    app: Flask, client: FlaskClient, milo: None, smtp: SmtpServer
) -> None:
    ask(client, "milo")
    (path,) = links(app, smtp, 1)
    assert "has-error" in choose(client, path, "short")
    assert "used already, or is too old" in choose(client, path[:-3] + "abc")
    builders.login(client, "milo")
    assert client.get("/center/").status_code == 200
