"""How fast a program may call: per key or token, people's browsers untouched."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.services.buckets import Buckets
from app.views import rate_limit
from tests import builders


def test_a_program_that_calls_too_fast_is_told_how_long_to_wait_and_others_go_on(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "RATE_LIMITS", True)
    with app.app_context():
        builders.make_user("Staff", username="milo")
        builders.make_user("Staff", username="wren")
    fast, other = builders.bearer(client, "milo"), builders.bearer(client, "wren")
    monkeypatch.setattr(rate_limit, "PROGRAMS", Buckets(burst=2, per_second=0.01))
    assert [client.get("/api/v1/me", headers=fast).status_code for _ in range(3)] == [200, 200, 429]
    refused = client.post("/api/v1/contacts/", json={"name": "Basil"}, headers=fast)
    assert refused.status_code == 429
    assert refused.get_json()["error"]["code"] == "rate_limited"
    assert int(refused.headers["Retry-After"]) > 0
    assert client.get("/api/v1/me", headers=other).status_code == 200
    assert client.get("/api/v1/contacts/", headers=other).get_json()["count"] == 0
    browser = app.test_client()
    builders.login(browser, "milo")
    assert {browser.get("/api/v1/me").status_code for _ in range(5)} == {200}
