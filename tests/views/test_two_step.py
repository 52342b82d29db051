"""Two-step sign-in: a code after the password, each once; recovery codes; and what ends it."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.extensions import db
from app.models.people import User
from app.services.people import two_step
from app.transaction import transaction
from tests import builders

PAGE = "/profile/two-step/"
NOON = dt.datetime(2062, 3, 1, 12, 0, tzinfo=dt.UTC)


def code_of(secret: str, at: dt.datetime) -> str:
    return pyotp.TOTP(secret).at(at)


@pytest.fixture
def secret(app: Flask, client: FlaskClient, at: Callable[[Any], None]) -> str:
    """Milo has turned it on by his profile at noon; the key that his app holds."""
    at(NOON)
    with app.app_context():
        builders.make_user("Staff", username="milo")
    builders.login(client, "milo")
    shown = re.search(r'<code class="fd-snippet" tabindex="0">([A-Z2-7 ]+)</code>', client.get(PAGE).text)
    assert shown is not None
    key = shown[1].replace(" ", "")
    page = client.post(PAGE, data={"act": "on", "otp": code_of(key, NOON)}).text
    assert "Recovery codes" in page
    client.codes = re.search(r'id="recovery-codes"[^>]*>([^<]+)<', page)[1].split()  # type: ignore[attr-defined,index]
    assert client.codes[0] not in client.get(PAGE).text, "shown once"  # type: ignore[attr-defined]
    return key


def first_step(app: Flask, name: str = "milo") -> FlaskClient:
    browser = app.test_client()
    token = builders.csrf_token(browser)
    answer = browser.post("/login/", data={"username": name, "password": builders.PASSWORD, "csrf_token": token})
    assert answer.headers["Location"].startswith("/login/code")
    return browser


def enter(browser: FlaskClient, code: str) -> int:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get("/login/code").text)
    assert found is not None
    answer = browser.post("/login/code", data={"otp": code, "csrf_token": html.unescape(found[1])})
    return answer.status_code


def test_the_password_alone_opens_nothing(app: Flask, secret: str) -> None:
    browser = first_step(app)
    assert browser.get("/center/").status_code == 302
    assert browser.get("/api/v1/me").status_code == 401


def test_the_code_of_the_app_signs_in_once(app: Flask, secret: str, at: Callable[[Any], None]) -> None:
    later = NOON + dt.timedelta(minutes=5)
    at(later)
    browser = first_step(app)
    assert enter(browser, "000000") == 200
    assert enter(browser, code_of(secret, later)) == 302
    assert browser.get("/center/").status_code == 200
    assert enter(first_step(app), code_of(secret, later)) == 200, "a code that was looked over the shoulder is used up"
    at(later + dt.timedelta(seconds=45))
    late = code_of(secret, later + dt.timedelta(seconds=30))
    assert enter(first_step(app), late) == 302, "the phone's clock may be half a minute off"


def test_a_recovery_code_signs_in_once(app: Flask, client: FlaskClient, secret: str) -> None:
    code = client.codes[3].upper()  # type: ignore[attr-defined]
    assert enter(first_step(app), code) == 302
    assert enter(first_step(app), code) == 200


def test_recovery_codes_still_sign_in_where_the_secret_was_encrypted_with_another_key(
    app: Flask, client: FlaskClient, secret: str
) -> None:
    with app.app_context(), transaction():
        db.session.execute(text("UPDATE two_steps SET secret = 'lost'"))
    assert enter(first_step(app), "123456") == 200
    assert enter(first_step(app), client.codes[2]) == 302  # type: ignore[attr-defined]


def test_many_wrong_codes_lock_whatever_the_password(
    app: Flask, secret: str, at: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "RATE_LIMITS", True)
    later = NOON + dt.timedelta(minutes=5)
    at(later)
    with app.app_context():
        user = db.session.query(User).filter_by(username="milo").one()
        for _ in range(10):
            with pytest.raises(Exception, match="not right"), transaction():
                two_step.accept(user, "123456")
        with pytest.raises(Exception, match="Too many failed"), transaction():
            two_step.accept(user, code_of(secret, later))


def test_programs_send_the_code_with_the_password(
    app: Flask, client: FlaskClient, secret: str, at: Callable[[Any], None]
) -> None:
    later = NOON + dt.timedelta(minutes=5)
    at(later)
    login = {"username": "milo", "password": builders.PASSWORD, "provider": "db"}
    program = app.test_client()
    refused = program.post("/api/v1/security/login", json=login)
    assert refused.status_code == 401
    assert (refused.get_json()["error"]["code"], refused.get_json()["error"]["field"]) == ("otp_required", "otp")
    assert program.post("/api/v1/security/login", json=login | {"otp": "12"}).status_code == 401
    answer = program.post("/api/v1/security/login", json=login | {"otp": code_of(secret, later)})
    assert answer.status_code == 200
    headers = {"Authorization": f"Bearer {answer.get_json()['access_token']}"}
    assert program.get("/api/v1/me", headers=headers).status_code == 200


def test_it_is_turned_off_by_the_password_only(app: Flask, client: FlaskClient, secret: str) -> None:
    assert "This is not your password" in client.post(PAGE, data={"act": "off", "password": "guess"}).text
    assert client.post(PAGE, data={"act": "off", "password": builders.PASSWORD}).status_code == 302
    browser = app.test_client()
    builders.login(browser, "milo")
    assert browser.get("/center/").status_code == 200


def test_an_admin_ends_it_for_who_lost_the_phone(app: Flask, secret: str) -> None:
    with app.app_context():
        builders.make_user("Admin", username="della")
        milo = db.session.query(User).filter_by(username="milo").one().id
    admin = app.test_client()
    builders.login(admin, "della")
    admin.post(f"/userview/action/two_step_off/{milo}")
    browser = app.test_client()
    builders.login(browser, "milo")
    assert browser.get("/center/").status_code == 200


def test_a_wrong_first_code_turns_nothing_on(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        builders.make_user("Staff", username="wren")
    builders.login(client, "wren")
    page = client.post(PAGE, data={"act": "on", "otp": "000000"}).text
    assert "This code is not right" in page
    browser = app.test_client()
    builders.login(browser, "wren")
    assert browser.get("/center/").status_code == 200
