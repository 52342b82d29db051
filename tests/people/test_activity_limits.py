"""Activity limits: what counts, that item N passes and N + 1 deactivates, and who is told."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis.exceptions import ConnectionError as RedisDown
from sqlalchemy import text

from app import clock
from app.extensions import db
from app.models.people import User
from app.services.limits import limits
from app.transaction import transaction
from tests import builders, stored

NOON = dt.datetime(2026, 5, 4, 12, 10, tzinfo=dt.UTC)


@pytest.fixture
def house(app: Flask, at: Any) -> dict[str, int]:
    """An admin, a person of staff, and six leads of somebody else, at noon."""
    at(NOON)
    with app.app_context():
        builders.make_user("Admin", username="della", first_name="Della", last_name="Cruz", email="della@example.com")
        staff = builders.make_user("Staff", username="sam", first_name="Sam", last_name="Okafor")
        other = builders.make_user("Staff", username="other")
        leads = [builders.make_lead(f"Lead {n}", responsible=other).id for n in range(6)]
        return {"staff": staff.id, "other": other.id, **{f"lead{n}": lead for n, lead in enumerate(leads)}}


def active(app: Flask, user_id: int) -> bool:
    with app.app_context():
        return bool(db.session.get_one(User, user_id).active)


def amounts(app: Flask, user_id: int) -> dict[tuple[str, str], int]:
    with app.app_context():
        rows = db.session.execute(
            text("SELECT kind, span, amount FROM activity_counters WHERE user_id = :id"), {"id": user_id}
        )
        return {(row.kind, row.span): row.amount for row in rows}


def make_limit(app: Flask, **values: Any) -> None:
    with app.app_context():
        builders.make_limit(**{"active": True} | values)


def told(app: Flask) -> list[tuple[str, str, str]]:
    with app.app_context():
        return stored.told()


def test_the_last_allowed_card_opens_and_the_next_one_deactivates(
    app: Flask, client: FlaskClient, house: dict[str, int]
) -> None:
    make_limit(app, kind="cards", amount=3)
    builders.login(client, "sam")
    headers = builders.bearer(app.test_client(), "sam")
    for number in (0, 1, 0, 1, 2):  # only first openings count
        assert client.get(f"/leadview/show/{house[f'lead{number}']}").status_code == 200
    refused = client.get(f"/leadview/show/{house['lead3']}")
    assert refused.status_code == 302
    assert refused.location == "/login/"
    assert not active(app, house["staff"])
    page = client.get("/login/").get_data(as_text=True)
    assert "more than 3 cards an hour" in page
    assert "Della Cruz (della@example.com)" in page
    assert client.get("/leadview/list/").location.startswith("/login/")
    assert app.test_client().get("/api/v1/leads/", headers=headers).status_code == 401
    assert ("limit:exceeded", "della", "admin") in told(app)


def test_program_and_browser_share_one_counter(app: Flask, client: FlaskClient, house: dict[str, int]) -> None:
    make_limit(app, kind="items", amount=12)
    builders.login(client, "sam")
    assert client.get("/leadview/list/").status_code == 200
    headers = builders.bearer(app.test_client(), "sam")
    assert app.test_client().get("/api/v1/leads/", headers=headers).get_json()["count"] == 6
    assert active(app, house["staff"])
    refused = app.test_client().get("/api/v1/leads/", headers=headers)
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (403, "deactivated")
    assert "result" not in refused.get_json()
    assert not active(app, house["staff"])


def test_ones_own_tasks_and_look_ups_do_not_count(app: Flask, client: FlaskClient, house: dict[str, int]) -> None:
    with app.app_context():
        sam, other = db.session.get_one(User, house["staff"]), db.session.get_one(User, house["other"])
        builders.make_task(responsible=sam)
        builders.make_task(responsible=other)
    builders.login(client, "sam")
    client.get("/lookup/leads?q=Lead")
    client.get("/taskview/day/")
    assert amounts(app, house["staff"]) == {}
    client.get("/taskview/list/")
    assert amounts(app, house["staff"]) == {("items", "hour"): 1, ("items", "day"): 1}


def test_the_most_specific_limit_counts(app: Flask, client: FlaskClient, house: dict[str, int]) -> None:
    make_limit(app, kind="items", amount=1)
    make_limit(app, kind="items", amount=1000, scope="user", user_id=house["staff"])
    builders.login(client, "sam")
    assert client.get("/leadview/list/").status_code == 200
    builders.login(other := app.test_client(), "other")
    assert other.get("/leadview/list/").location == "/login/"


def test_a_new_hour_counts_anew_and_a_day_goes_on(
    app: Flask, client: FlaskClient, house: dict[str, int], at: Any
) -> None:
    make_limit(app, kind="cards", span="hour", amount=1)
    make_limit(app, kind="cards", span="day", amount=2)
    builders.login(client, "sam")
    assert client.get(f"/leadview/show/{house['lead0']}").status_code == 200
    at(NOON + dt.timedelta(hours=1))
    # The hour counts it again, the day does not.
    assert client.get(f"/leadview/show/{house['lead0']}").status_code == 200
    at(NOON + dt.timedelta(hours=2))
    assert client.get(f"/leadview/show/{house['lead1']}").status_code == 200
    at(NOON + dt.timedelta(hours=3))
    assert client.get(f"/leadview/show/{house['lead2']}").status_code == 302
    assert not active(app, house["staff"])


def test_days_are_those_of_the_accounts_zone(app: Flask, house: dict[str, int], at: Any) -> None:
    from app.services.account import account

    with app.app_context():
        with transaction():
            account.set_setting("zone", "Asia/Kolkata")
        at(dt.datetime(2026, 5, 4, 18, 45, tzinfo=dt.UTC))  # 00:15 there
        limits.count_items(db.session.get_one(User, house["staff"]), 1)
        rows = db.session.execute(text("SELECT span, starts_at FROM activity_counters")).all()
    assert {row.span: row.starts_at.astimezone(dt.UTC).strftime("%d %H:%M") for row in rows} == {
        "hour": "04 18:30",
        "day": "04 18:30",
    }


def test_four_fifths_warn_the_user_and_all_admins_once(app: Flask, client: FlaskClient, house: dict[str, int]) -> None:
    make_limit(app, kind="cards", amount=5)
    builders.login(client, "sam")
    for number in range(5):
        client.get(f"/leadview/show/{house[f'lead{number}']}")
    near = [row for row in told(app) if row[0] == "limit:near"]
    assert sorted(near) == [("limit:near", "della", "admin"), ("limit:near", "sam", "concerned")]


def test_the_last_active_admin_is_only_reported_and_once(
    app: Flask, client: FlaskClient, house: dict[str, int]
) -> None:
    make_limit(app, kind="cards", amount=1)
    builders.login(client, "della")
    for number in range(4):
        assert client.get(f"/leadview/show/{house[f'lead{number}']}").status_code == 200
    assert [row for row in told(app) if row[0] == "limit:exceeded"] == [("limit:exceeded", "della", "admin")]


def test_counting_needs_no_redis(
    app: Flask, client: FlaskClient, house: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_limit(app, kind="cards", amount=1)
    builders.login(client, "sam")

    def down(*_args: object, **_kwargs: object) -> None:
        raise RedisDown("gone")

    monkeypatch.setattr("redis.connection.AbstractConnection.send_packed_command", down)
    assert client.get(f"/leadview/show/{house['lead0']}").status_code == 200
    assert client.get(f"/leadview/show/{house['lead1']}").location == "/login/"
    assert not active(app, house["staff"])


def test_of_many_requests_at_once_only_the_allowed_ones_pass(app: Flask, house: dict[str, int]) -> None:
    make_limit(app, kind="items", amount=5)
    start = threading.Barrier(12)

    def ask(_number: int) -> bool:
        with app.app_context():
            user = db.session.get_one(User, house["staff"])
            _ = [group.roles for group in user.groups], user.roles
            start.wait(10)
            try:
                limits.count_items(user, 1, "test")
            except limits.LimitExceeded:
                return False
            return True

    with ThreadPoolExecutor(12) as pool:
        passed = list(pool.map(ask, range(12)))
    assert sum(passed) == 5
    assert not active(app, house["staff"])
    assert [row[0] for row in told(app)].count("limit:exceeded") == 1


def test_counting_is_one_statement_and_what_was_loaded_stays(
    app: Flask, house: dict[str, int], statements: Any
) -> None:
    with app.app_context():
        user = db.session.get_one(User, house["staff"])
        _ = [group.roles for group in user.groups], user.roles
        with statements() as sent:
            limits.count_items(user, 25, "test")
            assert user.username == "sam"
        assert len(sent) == 1


def test_talks_of_who_is_put_out_return_to_the_queue(app: Flask, client: FlaskClient, house: dict[str, int]) -> None:
    make_limit(app, kind="cards", amount=1)
    with app.app_context(), db.engine.begin() as connection:
        chat_id = connection.execute(
            text("INSERT INTO chats (kind, created_at) VALUES ('client', :now) RETURNING id"),
            {"now": clock.now()},
        ).scalar_one()
        connection.execute(
            text(
                "INSERT INTO talks (chat_id, state, responsible_id, opened_at, first_seq, last_public_at)"
                " VALUES (:chat_id, 'open', :user_id, :now, 1, :now)"
            ),
            {"chat_id": chat_id, "user_id": house["staff"], "now": clock.now()},
        )
    builders.login(client, "sam")
    client.get(f"/leadview/show/{house['lead0']}")
    client.get(f"/leadview/show/{house['lead1']}")
    with app.app_context():
        assert db.session.execute(text("SELECT responsible_id FROM talks")).scalar_one() is None
