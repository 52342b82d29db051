"""The matrix and the other settings, through REST: sparse, checked, and following the account's defaults."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.catalogue import KINDS
from app.extensions import db
from app.models.people import User
from app.services.settings import matrix
from app.transaction import transaction
from tests import news
from tests.builders import bearer, login, make_user

URL = "/api/v1/me/preferences"
TASK_ROWS = {"task_before", "task_expired", "task_completed", "task_assigned"}


@pytest.fixture
def staff(client: FlaskClient, app: Flask) -> FlaskClient:
    """A browser in which somebody of staff is signed in."""
    with app.app_context():
        username = make_user("Staff", username="stan", zone="Europe/Vienna").username
    return login(client, username)


def own_cells(app: Flask) -> list[tuple[str, str, str]]:
    with app.app_context():
        rows = db.session.execute(text('SELECT "row", channel, value FROM preference_cells ORDER BY 1, 2')).all()
        return [tuple(row) for row in rows]


def test_settings_have_the_shape_that_programs_rely_on(staff: FlaskClient) -> None:
    body = staff.get(URL).json
    assert set(body) >= {"receive", "matrix", "lead_times", "digest", "quiet_hours", "zone", "unread_first"}
    assert set(body["matrix"]) >= TASK_ROWS
    assert body["matrix"]["task_assigned"] == {"browser": True, "mobile": True, "telegram": True, "email": "now"}
    assert body["matrix"]["task_expired"] == {"browser": True, "mobile": True, "telegram": False, "email": "digest"}
    assert body["lead_times"] == [15]
    assert body["digest"] == {"hours": ["08:30"], "weekdays": [0, 1, 2, 3, 4]}
    assert body["next_digest_at"]


def test_rows_that_cannot_reach_a_role_are_hidden(client: FlaskClient, app: Flask) -> None:
    with app.app_context():
        username = make_user("Free").username
    body = client.get(URL, headers=bearer(client, username)).json
    assert not TASK_ROWS & set(body["matrix"])
    assert "billing" not in body["matrix"], "it has no source yet"


def test_any_part_can_be_changed_and_only_what_differs_is_stored(staff: FlaskClient, app: Flask) -> None:
    answer = staff.put(URL, json={"matrix": {"task_assigned": {"email": "digest", "browser": True}}})
    assert answer.status_code == 200
    assert answer.json["matrix"]["task_assigned"]["email"] == "digest"
    assert own_cells(app) == [("task_assigned", "email", "digest")]
    staff.put(URL, json={"matrix": {"task_assigned": {"email": "now"}}})
    assert own_cells(app) == []
    staff.put(URL, json={"matrix": {"task_assigned": {"email": "off"}}})
    staff.put(URL, json={"matrix": {"task_assigned": {"email": None}}})
    assert own_cells(app) == []


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"matrix": {"no_such_row": {"email": "now"}}}, "matrix.no_such_row.email"),
        ({"matrix": {"billing": {"email": "now"}}}, "matrix.billing.email"),
        ({"matrix": {"task_assigned": {"pigeon": True}}}, "matrix.task_assigned.pigeon"),
        ({"matrix": {"task_assigned": {"email": True}}}, "matrix.task_assigned.email"),
        ({"matrix": {"task_assigned": {"browser": "on"}}}, "matrix.task_assigned.browser"),
        ({"matrix": {"task_assigned": "off"}}, "matrix.task_assigned"),
        ({"matrix": []}, "matrix"),
        ({"receive": "yes"}, "receive"),
        ({"lead_times": [7]}, "lead_times"),
        ({"lead_times": "15"}, "lead_times"),
        ({"digest": {"hours": [25], "weekdays": [0]}}, "digest.hours"),
        ({"digest": {"hours": ["8.30"], "weekdays": [0]}}, "digest.hours"),
        ({"digest": {"hours": [8], "weekdays": [7]}}, "digest.weekdays"),
        ({"digest": 8}, "digest"),
        ({"quiet_hours": [{"from": "21:00"}]}, "quiet_hours.to"),
        ({"quiet_hours": [{"from": "21:00", "to": "26:00"}]}, "quiet_hours.to"),
        ({"quiet_hours": [{"weekdays": [9], "from": "21:00", "to": "07:00"}]}, "quiet_hours.weekdays"),
        ({"quiet_hours": "night"}, "quiet_hours"),
        ({"dnd_until": "tomorrow"}, "dnd_until"),
        ({"dnd_until": "2026-11-23T10:00:00"}, "dnd_until"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"volume": 11}, "volume"),
    ],
)
def test_bad_input_names_the_field_and_changes_nothing(staff: FlaskClient, part: dict[str, Any], field: str) -> None:
    before = staff.get(URL).json
    answer = staff.put(URL, json={"receive": False, "unread_first": False} | part)
    assert answer.status_code == 422, answer.json
    assert answer.json["error"]["field"] == field
    assert staff.get(URL).json == before


def test_settings_come_back_as_they_were_given(staff: FlaskClient) -> None:
    part = {
        "receive": False,
        "lead_times": [60, 5, 5],
        "digest": {"hours": [17, "08:30", 8], "weekdays": [4, 0]},
        "quiet_hours": [{"weekdays": [0, 1], "from": "21:00", "to": "07:30"}],
        "zone": "America/New_York",
    }
    assert staff.put(URL, json=part).status_code == 200
    body = staff.get(URL).json
    assert body["lead_times"] == [5, 60]
    assert body["digest"] == {"hours": [8, "08:30", 17], "weekdays": [0, 4]}
    assert (body["receive"], body["quiet_hours"], body["zone"]) == (False, part["quiet_hours"], part["zone"])
    assert staff.put(URL, json={"quiet_hours": None}).json["quiet_hours"] == []


def test_a_changed_default_reaches_everybody_who_never_chose(context: Flask) -> None:
    admin, silent, chose = make_user("Admin"), make_user("Staff"), make_user("Staff")
    news.choose(chose, matrix={"task_assigned": {"email": "unread"}})
    with transaction(admin.id):
        matrix.set_default(admin, "staff", "task_assigned", "email", "off", mandatory=False)
    for user, mails in ((silent, 0), (chose, 1)):
        news.assign(user, make_user("Manager"))
        rows = [one for one in news.outcomes(user) if one[1] == "email"]
        assert len(rows) == mails


def test_a_mandatory_cell_is_locked_and_its_mail_says_who_requires_it(context: Flask, client: FlaskClient) -> None:
    admin, user = make_user("Admin", first_name="Della", last_name="Crank"), make_user("Staff")
    with transaction(admin.id):
        matrix.set_default(admin, "staff", "task_assigned", "email", "now", mandatory=True)
    news.choose(user, receive=False)
    with pytest.raises(Exception, match="Della Crank requires this"), transaction(user.id):
        matrix.set_cell(user, "task_assigned", matrix.Channel.EMAIL, "off")
    news.assign(user, make_user("Manager"))
    news.deliver_due()
    (mail,) = news.kept_mails(user.email)
    assert "Della Crank requires this mail." in mail.text
    assert "List-Unsubscribe" not in mail.headers
    assert "/unsubscribe/" not in mail.text + mail.html


def test_the_masters_switch_stops_everything_but_the_center(context: Flask) -> None:
    user = make_user("Staff")
    news.choose(user, receive=False)
    news.assign(user, make_user("Manager"))
    assert news.outcomes(user) == []
    assert db.session.execute(text("SELECT count(*) FROM feed_items WHERE user_id = :id"), {"id": user.id}).scalar_one()


def test_test_notification_says_what_each_channel_did(staff: FlaskClient) -> None:
    answer = staff.post("/api/v1/me/test-notification")
    assert answer.status_code == 200
    states = {channel: result["state"] for channel, result in answer.json["result"].items()}
    assert states == {
        "center": "sent",
        "browser": "skipped",
        "mobile": "skipped",
        "telegram": "skipped",
        "email": "sent",
    }
    assert "ask your admin" in answer.json["result"]["telegram"]["text"]
    for _ in range(4):
        staff.post("/api/v1/me/test-notification")
    assert staff.post("/api/v1/me/test-notification").status_code == 429


def test_what_would_happen_is_said_without_doing_it(staff: FlaskClient, at: Callable[[Any], None], app: Flask) -> None:
    at(dt.datetime(2026, 11, 23, 9, 26, tzinfo=dt.UTC))
    staff.put(URL, json={"quiet_hours": [{"from": "21:00", "to": "07:30"}], "digest": {"hours": []}})
    answer = staff.get(
        "/api/v1/me/simulation", query_string={"event": "task:assigned", "at": "2026-11-23T21:40:00+00:00"}
    )
    said = {one["channel"]: one["text"] for one in answer.json["channels"]}
    assert said["center"] == "Center at once"
    assert said["email"] == "Email held, one brief at tomorrow 07:30 if still unread"
    assert said["telegram"] == "Telegram skipped: no bot yet"
    assert staff.get("/api/v1/me/simulation?event=nope").status_code == 422
    assert staff.get("/api/v1/me/simulation?event=task:assigned&at=noon").status_code == 400
    with app.app_context():
        assert db.session.execute(text("SELECT count(*) FROM deliveries")).scalar_one() == 0


def test_every_row_and_question_of_the_page_has_words(staff: FlaskClient) -> None:
    body = staff.get("/api/v1/me/notification-settings").json
    assert {row["key"] for row in body["rows"]} == set(body["preferences"]["matrix"])
    assert all(row["name"] for row in body["rows"])
    asked = {one["event"] for one in body["questions"]}
    assert "task:assigned" in asked
    for tag in asked:
        assert staff.get(f"/api/v1/me/simulation?event={tag}").status_code == 200
    assert asked <= set(KINDS)


def test_admins_set_defaults_in_a_screen_that_refuses_nonsense(client: FlaskClient, app: Flask) -> None:
    with app.app_context():
        username = make_user("Admin").username
    login(client, username)
    form = {"role": "staff", "row": "task_assigned", "channel": "email", "value": "digest", "mandatory": "y"}
    wrong = client.post("/defaultview/add", data=form | {"value": "on"})
    assert wrong.status_code == 200
    assert "Choose one of off, now, unread, digest" in wrong.get_data(as_text=True)
    assert client.post("/defaultview/add", data=form).status_code == 302
    page = client.get("/defaultview/list/").get_data(as_text=True)
    assert "Tasks: you have been assigned a new task" in page
    assert "Required" in page
    with app.app_context():
        user = make_user("Staff")
        assert next(row for row in matrix.of_user(user) if row.key == "task_assigned").locked(matrix.Channel.EMAIL)
        cell_id = db.session.execute(text("SELECT id FROM default_cells")).scalar_one()
    assert client.post(f"/defaultview/edit/{cell_id}", data={"value": "off"}).status_code == 302
    assert client.post(f"/defaultview/delete/{cell_id}").status_code == 302
    with app.app_context():
        assert db.session.execute(text("SELECT count(*) FROM default_cells")).scalar_one() == 0


def unread_mail(user: User) -> Any:
    news.assign(user, make_user("Manager"))
    news.deliver_due()
    return news.kept_mails(user.email)[-1]


def test_one_click_stops_mails_of_one_kind_and_can_be_undone(client: FlaskClient, app: Flask) -> None:
    with app.app_context():
        user = make_user("Staff")
        mail = unread_mail(user)
        username = user.username
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = "/unsubscribe/" + mail.headers["List-Unsubscribe"].strip("<>").rsplit("/", 1)[1]
    asked = client.get(path)
    assert asked.status_code == 200
    assert "Stop these mails" in asked.get_data(as_text=True)
    assert own_cells(app) == [], "following the link changes nothing"
    done = client.post(path, data={"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    assert own_cells(app) == [("task_assigned", "email", "off")]
    undo = done.get_data(as_text=True).split('name="undo" value="', 1)[1].split('"', 1)[0]
    assert client.post(path, data={"undo": undo}).status_code == 200
    assert own_cells(app) == []
    for forged in (path[:-3] + "abc", "/unsubscribe/nonsense", "/unsubscribe/" + "a" * 300):
        assert client.get(forged).status_code == 404
        assert client.post(forged).status_code == 404
    assert client.post(path, data={"undo": "forged"}).status_code == 404
    assert own_cells(app) == []
    assert username


def test_an_address_that_is_refused_is_paused_until_it_is_confirmed(context: Flask, smtp: Any) -> None:
    admin, user = make_user("Admin"), make_user("Staff")
    smtp.refuse = "550 5.1.1 no such user"
    news.assign(user, make_user("Manager"))
    news.deliver_due()
    assert ("notice", "email", "failed", "address_gone") in news.outcomes(user)
    rows = db.session.execute(text("SELECT user_id FROM feed_items WHERE event_tag = 'error:mail_undelivered'")).all()
    assert {row.user_id for row in rows} == {admin.id, user.id}
    smtp.refuse = ""
    news.assign(user, make_user("Manager"))
    news.deliver_due()
    assert smtp.mails == []
    from app.services.account import lost_addresses

    with transaction():
        assert lost_addresses.resume_mail(user)
    news.assign(user, make_user("Manager"))
    news.deliver_due()
    assert smtp.recipients == [user.email]
