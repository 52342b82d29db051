"""Roles, sessions and tokens: what ends them, what limits signing in, and that nobody raises their own rights."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask, g
from flask.testing import FlaskClient

from app import security
from app.extensions import db, redis_client
from app.models.people import RoleName, User
from app.roles import ROLES
from app.services.people import people, signin
from app.transaction import transaction
from tests import builders

Statements = Callable[[], AbstractContextManager[list[str]]]
LEADS = "/leadview/list/"


@pytest.fixture
def milo(app: Flask) -> int:
    with app.app_context():
        builders.make_user("Admin", username="della")
        return int(builders.make_user("Staff", username="milo").id)


def act(app: Flask, user_id: int, what: str, *arguments: object) -> None:
    """Let the admin call a function of services.people on a person."""
    with app.app_context():
        actor = db.session.query(User).filter_by(username="della").one()
        with transaction(actor.id):
            getattr(people, what)(actor, db.session.get_one(User, user_id), *arguments)


# -- roles


def test_every_pattern_of_a_role_is_anchored() -> None:
    for rules in ROLES.values():
        for patterns in rules:
            for pattern in patterns:
                assert re.fullmatch(r"\^.*\$", pattern), pattern


def test_a_role_does_not_reach_a_view_whose_name_only_begins_alike(app: Flask, milo: int) -> None:
    with app.test_request_context():
        permissions = security.security_manager().permissions_of(db.session.get_one(User, milo))
        assert permissions.allows("can_list", "LeadView")
        assert not permissions.allows("can_list", "LeadViewSecret")
        assert not permissions.allows("can_list_all", "LeadView")
        assert not permissions.allows("can_list", "SecretLeadView")


def test_only_admins_hold_any_right_on_people_and_roles(app: Flask) -> None:
    for role in (RoleName.MANAGER, RoleName.STAFF, RoleName.FREE):
        for view in ("UserView", "FreeUserView", "GroupView", "RoleView", "OutboxView"):
            held = [p for v, p in ROLES[role] if re.fullmatch(v, view)]
            assert held == [], (role, view)


def test_permissions_are_found_out_once_per_request(
    app: Flask, client: FlaskClient, milo: int, statements: Statements
) -> None:
    with app.app_context():
        role = builders.make_role("Assistants")
        user = db.session.get_one(User, milo)
        user.roles = [*user.roles, role]
        db.session.commit()
    builders.login(client, "milo")
    with statements() as sent:
        assert client.get(LEADS).status_code == 200
    assert len([statement for statement in sent if "ab_permission" in statement]) == 1


def test_a_page_asks_once_for_each_entry_of_the_menu(
    app: Flask, client: FlaskClient, milo: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = app.extensions["appbuilder"].sm
    asked: list[str] = []
    has_access = manager.has_access

    def noted(permission: str, view: str) -> bool:
        if permission == "menu_access":
            asked.append(view)
        return bool(has_access(permission, view))

    monkeypatch.setattr(manager, "has_access", noted)
    builders.login(client, "milo")
    asked.clear()
    assert client.get("/center/").status_code == 200
    assert asked
    assert len(asked) == len(set(asked))


def test_a_person_is_loaded_with_all_roles_in_one_statement(app: Flask, milo: int, statements: Statements) -> None:
    with app.test_request_context(), statements() as sent:
        user = security.security_manager().load_user_jwt({}, {"sub": str(milo), "epoch": 0})
        assert user is not None
        assert g.user is user
        assert [role.name for role in user.roles] == ["Staff"]
        assert [role for group in user.groups for role in group.roles] == []
    assert len(sent) == 1


# -- what ends sessions and tokens


@pytest.mark.parametrize("how", ["deactivate", "set_password"])
def test_sessions_and_tokens_end_at_once(app: Flask, client: FlaskClient, milo: int, how: str) -> None:
    builders.login(client, "milo")
    body = {"username": "milo", "password": builders.PASSWORD, "provider": "db", "refresh": True}
    tokens = app.test_client().post("/api/v1/security/login", json=body).get_json()
    access = {"Authorization": f"Bearer {tokens['access_token']}"}
    refresh = {"Authorization": f"Bearer {tokens['refresh_token']}"}
    program = app.test_client()
    assert client.get(LEADS).status_code == 200
    assert program.get("/api/v1/me", headers=access).status_code == 200
    assert program.post("/api/v1/security/refresh", headers=refresh).status_code == 200

    act(app, milo, how, *(["a-new-long-password"] if how == "set_password" else ["left the company"]))

    assert client.get(LEADS).status_code == 302
    assert program.get("/api/v1/me", headers=access).status_code == 401
    assert program.post("/api/v1/security/refresh", headers=refresh).status_code == 401


def test_reactivation_does_not_revive_what_was_ended(app: Flask, client: FlaskClient, milo: int) -> None:
    builders.login(client, "milo")
    headers = builders.bearer(app.test_client(), "milo")
    act(app, milo, "deactivate", "holiday")
    act(app, milo, "reactivate")
    assert client.get(LEADS).status_code == 302
    assert app.test_client().get("/api/v1/me", headers=headers).status_code == 401
    again = builders.login(app.test_client(), "milo")
    assert again.get(LEADS).status_code == 200


def test_sockets_are_cut_after_the_commit_and_only_then(app: Flask, milo: int, monkeypatch: pytest.MonkeyPatch) -> None:
    cut: list[int] = []
    monkeypatch.setattr("app.services.live.cut_off", lambda user_id, *_: cut.append(user_id))
    with pytest.raises(RuntimeError):
        deactivate_and_fail(app, milo)
    assert cut == []
    for how, *arguments in (("deactivate", "x"), ("reactivate",), ("set_password", "a-new-long-password")):
        act(app, milo, how, *arguments)
    assert cut == [milo] * 3


def test_a_deactivated_person_learns_why_only_with_the_right_password(app: Flask, milo: int) -> None:
    act(app, milo, "deactivate", "limit exceeded")
    right = {"username": "milo", "password": builders.PASSWORD, "provider": "db"}
    answer = app.test_client().post("/api/v1/security/login", json=right)
    assert answer.status_code == 403
    assert "limit exceeded" in answer.get_json()["error"]["message"]
    wrong = app.test_client().post("/api/v1/security/login", json=right | {"password": "wrong"})
    assert wrong.status_code == 401
    assert "limit" not in wrong.get_data(as_text=True)


def test_changing_rights_acts_on_open_sessions(app: Flask, client: FlaskClient, milo: int) -> None:
    builders.login(client, "milo")
    assert client.get(LEADS).status_code == 200
    act(app, milo, "demote")
    assert client.get(LEADS).status_code == 403
    act(app, milo, "promote")
    assert client.get(LEADS).status_code == 200


# -- one's own password


def test_one_needs_the_old_password_and_stays_signed_in(app: Flask, client: FlaskClient, milo: int) -> None:
    builders.login(client, "milo")
    elsewhere = builders.login(app.test_client(), "milo")
    new = {"password": "a-new-long-password", "again": "a-new-long-password"}
    refused = client.post("/profile/password", data={**new, "old_password": "wrong"})
    assert "This is not your current password" in refused.get_data(as_text=True)
    short = client.post("/profile/password", data={"old_password": builders.PASSWORD, "password": "s", "again": "s"})
    assert "At least 10 characters" in short.get_data(as_text=True)
    assert client.post("/profile/password", data={**new, "old_password": builders.PASSWORD}).status_code == 302
    assert client.get(LEADS).status_code == 200
    assert elsewhere.get(LEADS).status_code == 302
    builders.login(app.test_client(), "milo", "a-new-long-password")


# -- signing in


def test_a_refused_sign_in_keeps_the_name_and_says_why_at_the_field(client: FlaskClient, milo: int) -> None:
    form = {"username": "milo", "password": "wrong", "csrf_token": builders.csrf_token(client)}
    page = client.post("/login/", data=form).get_data(as_text=True)
    assert 'value="milo"' in page
    assert "User name and password do not match." in page


@pytest.mark.parametrize("username", ["milo", "nobody", "milo\x00", "' or 1=1 --", "x" * 300])
def test_a_wrong_sign_in_never_tells_whether_the_name_exists(app: Flask, milo: int, username: str) -> None:
    body = {"username": username, "password": "wrong", "provider": "db"}
    answer = app.test_client().post("/api/v1/security/login", json=body)
    assert answer.status_code == 401
    assert answer.get_json()["error"]["code"] == "wrong_login"


@pytest.mark.parametrize("body", [None, [], {}, {"username": "milo"}, {"username": 5, "password": "x"}, "text"])
def test_a_malformed_sign_in_is_400(app: Flask, body: object) -> None:
    answer = app.test_client().post("/api/v1/security/login", json=body)
    assert answer.status_code == 400
    assert answer.get_json()["error"]["code"]


def test_one_may_sign_in_by_the_email_address(app: Flask, milo: int) -> None:
    with app.app_context():
        address = db.session.get_one(User, milo).email
    builders.login(app.test_client(), address)


def test_one_comes_back_to_where_one_was_going_but_never_outside(app: Flask, client: FlaskClient, milo: int) -> None:
    asked = client.get("/leadview/list/?_flt_0_name=x")
    assert asked.headers["Location"].startswith("/login/?next=")
    for target, expected in (("/taskview/list/", "/taskview/list/"), ("https://evil.example/", "/"), ("//evil", "/")):
        other = app.test_client()
        form = {"username": "milo", "password": builders.PASSWORD, "csrf_token": builders.csrf_token(other)}
        answer = other.post("/login/", query_string={"next": target}, data=form)
        assert answer.headers["Location"] == expected


def test_repeated_failures_lock_for_a_time_and_deactivate_nobody(
    app: Flask, milo: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "RATE_LIMITS", True)
    with app.app_context():
        redis_client().flushdb()
        for _ in range(signin.FAILURES_UNTIL_LOCK):
            with pytest.raises(signin.UserError) as refused:
                signin.authenticate("milo", "wrong")
            assert refused.value.status == 401
        with pytest.raises(signin.UserError) as locked:
            signin.authenticate("milo", builders.PASSWORD)
        assert (locked.value.code, locked.value.status) == ("locked", 429)
        user = db.session.get_one(User, milo)
        assert user.active
        assert 0 < redis_client().ttl(signin._key("milo")) <= signin.LOCK_SECONDS
        signin.forget_failures(user)
        assert signin.authenticate("milo", builders.PASSWORD).id == milo
        db.session.rollback()


def test_signing_in_works_without_redis(app: Flask, milo: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import redis

    monkeypatch.setitem(app.config, "RATE_LIMITS", True)
    dead = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2, socket_timeout=0.2, retry=None)
    monkeypatch.setitem(app.extensions, "redis", dead)
    client = builders.login(app.test_client(), "milo")
    assert client.get(LEADS).status_code == 200
    assert builders.bearer(app.test_client(), "milo")


# -- CSRF


def test_a_cookie_needs_the_token_and_a_bearer_does_not(app: Flask, client: FlaskClient, milo: int) -> None:
    builders.login(client, "milo")
    token = client.environ_base.pop("HTTP_X_CSRFTOKEN")
    refused = client.post("/api/v1/companies/", json={"name": "A"})
    assert refused.status_code == 400
    assert set(refused.get_json()) == {"error"}
    fake = {"Authorization": "Bearer nonsense"}
    assert client.post("/api/v1/companies/", json={"name": "A"}, headers=fake).status_code == 400
    assert client.post("/api/v1/companies/", json={"name": "A"}, headers={"X-CSRFToken": token}).status_code == 201
    headers = builders.bearer(app.test_client(), "milo")
    assert app.test_client().post("/api/v1/companies/", json={"name": "B"}, headers=headers).status_code == 201


@pytest.mark.parametrize(
    ("server", "says"),
    [("https://desk.example.com:8443", "reload the page"), ("https://desk.example.com", "is called otherwise here")],
)
def test_a_form_that_is_refused_says_what_to_do(app: Flask, client: FlaskClient, server: str, says: str) -> None:
    page = client.get("/login/", base_url=server).get_data(as_text=True)
    token = (
        "of an older page" if ":8443" in server else page.split('name="csrf-token" content="', 1)[1].split('"', 1)[0]
    )
    headers = {"Referer": "https://desk.example.com:8443/login/"}
    answer = client.post("/login/", data={"csrf_token": token}, base_url=server, headers=headers)
    assert answer.status_code == 400
    assert says in answer.get_data(as_text=True)


def test_a_program_that_keeps_cookies_needs_no_token(app: Flask, milo: int) -> None:
    program = app.test_client()
    headers = builders.bearer(program, "milo")
    assert program.get("/api/v1/companies/?q=(page:x)", headers=headers).status_code == 400
    program.get("/login/")  # leaves a session cookie of nobody
    assert program.post("/api/v1/companies/", json={"name": "B"}, headers=headers).status_code == 201


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", ""])
def test_a_bad_token_is_401(app: Flask, token: str) -> None:
    answer = app.test_client().get("/api/v1/leads/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert answer.get_json()["error"]["code"] == "unauthorized"


def deactivate_and_fail(app: Flask, user_id: int) -> None:
    with app.app_context():
        actor = db.session.query(User).filter_by(username="della").one()
        with transaction():
            people.deactivate(actor, db.session.get_one(User, user_id), "x")
            raise RuntimeError


# -- limits per address


@pytest.fixture
def limited(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application with its limits on: 20 a minute."""
    monkeypatch.setitem(app.config, "RATE_LIMITS", True)
    security_of(app).limiter.reset()
    return app


def test_the_form_refuses_the_21st_attempt_of_a_minute(limited: Flask, milo: int) -> None:
    client = limited.test_client()
    form = {"username": "milo", "csrf_token": builders.csrf_token(client)}
    statuses = [client.post("/login/", data={**form, "password": ""}).status_code for _ in range(21)]
    assert statuses == [200] * 20 + [429]


def test_the_api_refuses_the_21st_attempt_of_a_minute_in_its_own_words(limited: Flask, milo: int) -> None:
    program = limited.test_client()
    answers = [program.post("/api/v1/security/login", json={}) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [400] * 20 + [429]
    assert answers[-1].get_json()["error"]["code"] == "too_many_requests"
    assert answers[-1].headers["Retry-After"] == "60"


def test_without_redis_limits_are_counted_per_process(
    limited: Flask, milo: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    limiter = security_of(limited).limiter

    def dead(*_arguments: object, **_named: object) -> int:
        raise ConnectionError("Redis is down")

    monkeypatch.setattr(limiter._storage, "incr", dead)
    monkeypatch.setattr(limiter._storage, "check", lambda: False)
    program = limited.test_client()
    try:
        assert builders.bearer(program, "milo")
        statuses = [program.post("/api/v1/security/login", json={}).status_code for _ in range(30)]
        assert statuses[0] == 400
        assert statuses[-1] == 429
    finally:
        limiter._storage_dead = False
        limiter.reset()


def security_of(app: Flask) -> security.FrontdeskSecurityManager:
    with app.app_context():
        return security.security_manager()


# -- proxies


def test_the_client_behind_as_many_proxies_as_are_trusted_is_seen(app: Flask) -> None:
    from flask import request

    other = Flask("other")
    other.config.update(TRUSTED_PROXIES=1)
    security.init_app(other)
    other.add_url_rule("/", view_func=lambda: f"{request.remote_addr} {request.scheme}")
    forged = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9", "X-Forwarded-Proto": "https"}
    assert other.test_client().get("/", headers=forged).get_data(as_text=True) == "203.0.113.9 https"
    assert app.test_client().get("/healthz", headers=forged).request.remote_addr == "127.0.0.1"
