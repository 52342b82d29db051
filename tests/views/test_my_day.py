"""My day, Complete with a result, Postpone, and bulk assignment."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import clock
from app.extensions import db
from app.models.crm import Task
from app.models.people import User
from tests import builders

NOON = dt.datetime(2026, 5, 6, 12, tzinfo=dt.UTC)  # a Wednesday


@pytest.fixture
def milo(app: Flask, client: FlaskClient) -> int:
    clock.set_test_now(NOON)
    with app.app_context():
        user_id = builders.make_user("Staff", username="milo", zone="Europe/Vienna").id
    builders.login(client, "milo")
    return int(user_id)


def task_of(app: Flask, user_id: int, text: str = "Call Ada", **values: object) -> int:
    with app.app_context():
        return int(builders.make_task(text, responsible=db.session.get_one(User, user_id), **values).id)


def stored(app: Flask, task_id: int) -> Task:
    with app.app_context():
        return db.session.get_one(Task, task_id)


def test_the_day_has_what_is_late_what_is_due_and_what_comes(app: Flask, client: FlaskClient, milo: int) -> None:
    task_of(app, milo, "Late one", due_at=NOON - dt.timedelta(hours=1))
    # 23:30 of the same day in Vienna, 00:30 is the next day there.
    task_of(app, milo, "Today one", due_at=NOON.replace(hour=21, minute=30))
    task_of(app, milo, "Next one", due_at=NOON.replace(hour=22, minute=30))
    task_of(app, milo, "Far one", due_at=NOON + dt.timedelta(days=30))
    with app.app_context():
        builders.make_task("Somebody else's", responsible=builders.make_user("Staff"))
    page = client.get("/taskview/day/").get_data(as_text=True)
    overdue, rest = page.split('id="day-today"')
    today, following = rest.split('id="day-next"')
    assert "Late one" in overdue
    assert "Today one" in today
    assert "Next one" in following
    assert "Far one" not in page
    assert "Somebody else" not in page


def test_what_lasts_all_day_has_no_hour_in_lists(app: Flask, client: FlaskClient, milo: int) -> None:
    task_of(app, milo, due_at=dt.datetime(2026, 5, 8, 21, 59, 59, tzinfo=dt.UTC), all_day=True)
    page = client.get("/taskview/list/").get_data(as_text=True)
    assert "8 May 2026" in page
    assert "23:59" not in page
    assert 'data-all-day="true"' in page


def test_the_day_costs_the_same_however_many_tasks(app: Flask, client: FlaskClient, milo: int, statements) -> None:  # type: ignore[no-untyped-def]
    def cost() -> int:
        with statements() as sent:
            client.get("/taskview/day/")
        return len(sent)

    client.get("/taskview/day/")
    with app.app_context():
        lead = builders.make_lead()
        builders.make_task("One", responsible=db.session.get_one(User, milo), lead_id=lead.id)
    one = cost()
    for _ in range(10):
        task_of(app, milo, due_at=NOON - dt.timedelta(hours=1), lead_id=1)
    assert cost() == one


def test_completing_asks_for_the_result_and_goes_back(app: Flask, client: FlaskClient, milo: int) -> None:
    task_id = task_of(app, milo)
    assert "Result" in client.get(f"/taskview/complete/{task_id}").get_data(as_text=True)
    answer = client.post(f"/taskview/complete/{task_id}", data={"result": "Size M fits", "back": "/taskview/day/"})
    assert answer.headers["Location"] == "/taskview/day/"
    assert stored(app, task_id).result == "Size M fits"
    answer = client.post(f"/taskview/complete/{task_id}", data={"back": "//elsewhere.example"})
    assert answer.headers["Location"] == f"/taskview/show/{task_id}"


def test_a_result_that_is_too_long_is_said_at_the_field_and_kept(app: Flask, client: FlaskClient, milo: int) -> None:
    task_id = task_of(app, milo)
    page = client.post(f"/taskview/complete/{task_id}", data={"result": "x" * 2001}).get_data(as_text=True)
    assert "At most 2000 characters" in page
    assert "x" * 2001 in page
    assert stored(app, task_id).completed_at is None


@pytest.mark.parametrize(
    ("to", "due"),
    [
        ("hour", NOON + dt.timedelta(hours=1)),
        ("tomorrow", dt.datetime(2026, 5, 7, 7, tzinfo=dt.UTC)),
        ("monday", dt.datetime(2026, 5, 11, 7, tzinfo=dt.UTC)),
    ],
)
def test_postponing_moves_the_due_date(app: Flask, client: FlaskClient, milo: int, to: str, due: dt.datetime) -> None:
    task_id = task_of(app, milo, due_at=NOON - dt.timedelta(hours=1))
    client.post(f"/taskview/postpone/{task_id}", data={"to": to})
    assert stored(app, task_id).due_at == due


def test_postponing_never_makes_a_task_due_earlier(app: Flask, client: FlaskClient, milo: int) -> None:
    task_id = task_of(app, milo, due_at=NOON + dt.timedelta(days=2))
    for to, due in (
        ("hour", NOON + dt.timedelta(days=2, hours=1)),
        ("tomorrow", dt.datetime(2026, 5, 9, 7, tzinfo=dt.UTC)),
        ("monday", dt.datetime(2026, 5, 11, 7, tzinfo=dt.UTC)),
    ):
        client.post(f"/taskview/postpone/{task_id}", data={"to": to})
        assert stored(app, task_id).due_at == due


def test_postponing_to_a_moment_that_has_passed_is_refused(app: Flask, client: FlaskClient, milo: int) -> None:
    task_id = task_of(app, milo)
    before = stored(app, task_id).due_at
    for wrong, words in (
        ("2026-05-06T10:00", "already passed"),
        ("", "Choose a date"),
        ("soon", "Choose a date"),
        ("0001-01-01T00:00", "Choose a date"),
    ):
        page = client.post(f"/taskview/postpone/{task_id}", data={"to": "at", "due_at": wrong}).get_data(as_text=True)
        assert words in page
    assert stored(app, task_id).due_at == before
    client.post(f"/taskview/postpone/{task_id}", data={"to": "at", "due_at": "2026-05-08T10:00"})
    assert stored(app, task_id).due_at == dt.datetime(2026, 5, 8, 8, tzinfo=dt.UTC)


def test_selected_tasks_are_given_to_somebody(app: Flask, client: FlaskClient, milo: int) -> None:
    first, second = task_of(app, milo), task_of(app, milo)
    with app.app_context():
        wren = builders.make_user("Staff", username="wren").id
        gone = builders.make_user("Staff", active=False).id
        free = builders.make_user("Free").id
    for wrong in ("", "999999", str(gone), str(free)):
        data = {"action": "assign", "rowid": [first, second], "assignresponsible": wrong}
        client.post("/taskview/action_post", data=data)
        data = {"action": "assign", "rowid": [first, second], "assign-responsible": wrong}
        assert client.post("/taskview/action_post", data=data, headers={"Referer": "http://["}).status_code == 302
        assert {stored(app, first).responsible_id, stored(app, second).responsible_id} == {milo}
    data = {"action": "assign", "rowid": [first, second], "assign-responsible": str(wren)}
    page = client.post("/taskview/action_post", data=data, follow_redirects=True).get_data(as_text=True)
    assert "Assigned" in page
    assert {stored(app, first).responsible_id, stored(app, second).responsible_id} == {wren}
