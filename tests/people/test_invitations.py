"""Free users invited by mail: the link works once and not for ever, sending again ends the one before."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.models.people import User
from app.services.people import invitations
from tests import builders, news
from tests.mailboxes import SmtpServer

ADDRESS = "Olga@Example.com"
FORM = {
    "first_name": "Olga",
    "last_name": "Ring",
    "username": "olga",
    "zone": "UTC",
    "password": "a-long-new-password",
    "again": "a-long-new-password",
}


@pytest.fixture
def admin(app: Flask, client: FlaskClient, smtp: SmtpServer) -> FlaskClient:
    with app.app_context():
        builders.make_user("Admin", username="della", first_name="Della", last_name="Cruz", email="della@example.com")
    return builders.login(client, "della")


def invite(client: FlaskClient, **values: str) -> str:
    answer = client.post("/freeuserview/invite", data={"email": ADDRESS} | values, follow_redirects=True)
    return answer.get_data(as_text=True)


def link_of(app: Flask, smtp: SmtpServer, number: int = 1) -> str:
    """The path of the link in the mail of this number."""
    with app.app_context():
        news.deliver_due()
    mail = smtp.wait_for(number)[number - 1]
    body = mail.get_body(("plain",))
    assert body is not None
    return "/invitation/" + body.get_content().split("/invitation/")[1].split()[0]


def test_an_invited_person_makes_the_account_once_and_is_a_free_user(
    app: Flask, admin: FlaskClient, smtp: SmtpServer
) -> None:
    assert "is invited" in invite(admin, first_name="Olga", message="Come and see the wheels")
    path = link_of(app, smtp)
    body = smtp.mails[0].get_body(("html",))
    assert body is not None
    assert "Come and see the wheels" in body.get_content()
    assert "Della Cruz invites you" in str(smtp.mails[0]["Subject"])
    assert smtp.recipients == ["Olga@example.com"]
    comes = app.test_client()
    page = comes.get(path).get_data(as_text=True)
    assert 'value="Olga"' in page
    assert 'value="olga"' in page
    token = page.split('name="csrf_token" type="hidden" value="')[1].split('"')[0]
    refused = comes.post(path, data=FORM | {"csrf_token": token, "again": "another-password"})
    assert "The passwords differ" in refused.get_data(as_text=True)
    assert comes.post(path, data=FORM | {"csrf_token": token}).location == "/center/"
    assert comes.get("/leadview/list/").status_code == 403
    with app.app_context():
        olga = db.session.query(User).filter_by(username="olga").one()
        assert [role.name for role in olga.roles] == ["Free"]
        assert olga.email == "Olga@example.com"
        olga_id = olga.id
    used = app.test_client().get(path)
    assert used.status_code == 410
    assert "was used already" in used.get_data(as_text=True)
    assert "Olga@example.com" not in admin.get("/freeuserview/list/").get_data(as_text=True).split("fd-table")[0]
    assert "invited this person" in admin.get(f"/freeuserview/show/{olga_id}").get_data(as_text=True)


def test_a_link_that_is_old_withdrawn_or_replaced_says_so_and_makes_nobody(
    app: Flask, admin: FlaskClient, smtp: SmtpServer, at: Any
) -> None:
    from app import clock

    now = clock.now()
    at(now)
    invite(admin)
    first = link_of(app, smtp)
    assert "wait a minute" in admin.post("/freeuserview/invite/1/again", follow_redirects=True).get_data(as_text=True)
    at(now + dt.timedelta(minutes=2))
    admin.post("/freeuserview/invite/1/again")
    second = link_of(app, smtp, 2)
    stranger = app.test_client()
    assert "newer mail" in stranger.get(first).get_data(as_text=True)
    assert stranger.get(second).status_code == 200
    at(now + invitations.VALID_FOR + dt.timedelta(minutes=3))
    expired = stranger.get(second)
    assert expired.status_code == 410
    assert "Ask Della Cruz (della@example.com)" in expired.get_data(as_text=True)
    token = builders.csrf_token(stranger)
    assert stranger.post(second, data=FORM | {"csrf_token": token}).status_code == 410
    assert "Expired" in admin.get("/freeuserview/list/").get_data(as_text=True)
    admin.post("/freeuserview/invite/1/withdraw")
    assert "withdrawn" in stranger.get(second).get_data(as_text=True)
    assert stranger.get("/invitation/nonsense").status_code == 404
    with app.app_context():
        assert db.session.query(User).count() == 1


def test_a_withdrawn_invitation_that_has_not_left_the_house_stays_in(
    app: Flask, admin: FlaskClient, smtp: SmtpServer
) -> None:
    invite(admin)
    admin.post("/freeuserview/invite/1/withdraw")
    with app.app_context():
        news.deliver_due()
        states = db.session.execute(db.text("SELECT purpose, state, skip_reason FROM deliveries")).all()
    assert [tuple(row) for row in states] == [("invitation", "cancelled", "taken_back")] or states[0].state == "skipped"
    assert smtp.mails == []


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("no address", "An address like name@example.com"),
        ("della@EXAMPLE.com", "Somebody has this email address already"),
        (ADDRESS.lower(), "invited already"),
        ("x" * 250 + "@example.com", "254"),
    ],
)
def test_a_wrong_address_is_refused_beside_the_field(app: Flask, admin: FlaskClient, address: str, words: str) -> None:
    invite(admin)
    page = invite(admin, email=address)
    assert words in page
    assert 'id="email-error"' in page
    with app.app_context():
        assert db.session.execute(db.text("SELECT count(*) FROM invitations")).scalar_one() == 1


def test_only_admins_invite(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        builders.make_user("Manager", username="mia")
    manager = builders.login(app.test_client(), "mia")
    assert manager.post("/freeuserview/invite", data={"email": ADDRESS}).status_code == 403
    with app.app_context():
        assert db.session.execute(db.text("SELECT count(*) FROM invitations")).scalar_one() == 0
