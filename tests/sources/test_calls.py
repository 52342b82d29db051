"""Calls: for whom it rings, what becomes of it, and that reports may come twice and in any order."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from app import clock
from app.extensions import db
from app.models.calls import Call
from app.models.crm import Contact, Lead
from app.models.people import User
from app.services import feed_counters
from app.services.calls import calls, phones
from app.transaction import transaction
from tests import builders
from tests.stored import count, items, snapshots, told

TOKEN = "line-token"
BASIL = "+43 660 1234567"


@pytest.fixture
def house(context: Flask) -> dict[str, User]:
    """Wren and milo in sales with telephones of their own, della the admin, and the sales line."""
    people = {
        "della": builders.make_user("Admin", username="della"),
        "wren": builders.make_user("Staff", username="wren", first_name="Wren", phone="+43 1 5550101"),
        "milo": builders.make_user("Staff", username="milo", first_name="Milo", phone="102"),
    }
    group = builders.make_group("Sales", members=[people["wren"], people["milo"]])
    builders.make_pipeline(group=group)
    builders.make_line(group, token=TOKEN, region="AT")
    return people


def report(client: FlaskClient, status: str = "ringing", call_id: str = "c1", **values: Any) -> Any:
    body = {"call_id": call_id, "direction": "incoming", "phone": BASIL, "status": status, "duration": 0} | values
    return client.post(f"/hooks/calls/{TOKEN}", json=body)


def stored() -> Call:
    db.session.rollback()
    return db.session.scalars(select(Call).order_by(Call.id.desc()).limit(1)).one()


def live(user: User) -> int:
    db.session.rollback()
    return int(feed_counters.counters(db.session(), [user.id])[user.id]["calls"])


def test_a_known_client_rings_for_who_is_responsible_with_contact_and_open_leads(client, house) -> None:
    contact = builders.make_contact("Basil Hedge", phone="0660/123 45 67", responsible=house["milo"])
    builders.make_lead("Six bikes", contact_id=contact.id, responsible=house["wren"])
    builders.make_lead("Old bike", contact_id=contact.id, closed_at=clock.now(), responsible=house["milo"])
    answer = report(client)
    assert (answer.status_code, answer.get_json()["new"]) == (200, True)
    # Whose lead it is comes before whose contact it is.
    assert told() == [("call:ringing", "wren", "responsible")]
    (data,) = snapshots("call:ringing")
    assert (data["contact"]["name"], [lead["name"] for lead in data["leads"]]) == ("Basil Hedge", ["Six bikes"])
    assert (live(house["wren"]), live(house["milo"])) == (1, 0)


def test_an_unknown_number_rings_for_the_lines_group_until_somebody_has_answered(client, house) -> None:
    report(client)
    assert sorted(told()) == [("call:ringing", "milo", "group"), ("call:ringing", "wren", "group")]
    report(client, "answered", user_phone="+43 1 5550101")
    assert items("milo") == [("call:ringing", 1, False)]
    assert (live(house["wren"]), live(house["milo"])) == (1, 0)
    taken = db.session.execute(text("SELECT taken FROM feed_items LIMIT 1")).scalar_one()
    assert taken["by"].startswith("Wren")
    report(client, "ended", duration=75)
    assert (stored().status, stored().duration_seconds) == ("ended", 75)
    assert live(house["wren"]) == 0
    lead = db.session.scalars(select(Lead)).one()
    assert (lead.source, lead.responsible_id, lead.answered_by_id) == ("call", house["wren"].id, house["wren"].id)
    assert told("lead:incoming") == []


def test_a_missed_call_takes_the_place_of_the_ringing_one_and_repeated_ones_are_counted(client, house) -> None:
    for number in (1, 2):
        report(client, call_id=f"c{number}")
        report(client, "missed", call_id=f"c{number}")
    assert items("milo") == [("call:missed", 2, True)]
    assert live(house["milo"]) == 0
    # The lead is no second news to those who were told of the call.
    assert told("lead:incoming") == []
    assert (count(Lead), count(Contact)) == (1, 1)
    assert db.session.scalars(select(Lead)).one().stage.kind == "incoming"


def test_reports_may_repeat_and_come_late(client, house) -> None:
    report(client)
    assert report(client).get_json()["new"] is False
    report(client, "ended", duration=30, recording_url="https://pbx.example/1.mp3")
    report(client, "ringing")
    report(client, "missed")
    assert (count(Call), stored().status) == (1, "ended")
    assert stored().recording_url == "https://pbx.example/1.mp3"
    assert told("call:missed") == []
    assert len(told("call:ringing")) == 2


def test_what_ended_without_talking_was_missed(client, house) -> None:
    report(client)
    report(client, "ended", duration=0)
    assert stored().status == "missed"
    assert len(told("call:missed")) == 2


def test_outgoing_calls_and_answered_ones_are_recorded_silently(client, house) -> None:
    contact = builders.make_contact("Basil Hedge", phone=BASIL, responsible=house["milo"])
    for status in ("ringing", "answered", "ended"):
        report(client, status, direction="outgoing", user_phone="102", duration=10)
    assert told() == []
    report(client, call_id="c2")
    report(client, "answered", call_id="c2", user_phone="+43 1 5550101")
    assert items("milo") == [("call:answered", 1, False)]
    assert db.session.execute(text("SELECT count(*) FROM deliveries")).scalar() == 0
    builders.login(client, "milo")
    page = client.get(f"/contactview/show/{contact.id}").get_data(as_text=True)
    assert "Outgoing call" in page
    assert "answered a call" in page


def test_who_is_deactivated_is_not_rung(client, house) -> None:
    builders.make_contact("Basil Hedge", phone=BASIL, responsible=house["milo"])
    with transaction():
        db.session.get_one(User, house["milo"].id).active = False
    report(client)
    assert told() == [("error:automation", "della", "admin"), ("call:ringing", "wren", "group")]


def test_a_line_without_anybody_rings_for_admins_and_says_so(client, house) -> None:
    with transaction():
        db.session.execute(text("UPDATE call_lines SET group_id = NULL"))
        db.session.execute(text("UPDATE pipelines SET group_id = NULL"))
    report(client)
    assert told() == [("error:automation", "della", "admin"), ("call:ringing", "della", "group")]


def test_a_hidden_number_is_nobodys_and_makes_no_contact(client, house) -> None:
    report(client, phone="anonymous")
    report(client, "missed", phone="anonymous")
    assert (stored().phone, count(Contact)) == ("", 0)
    assert len(told("call:missed")) == 2


def test_a_call_that_never_ends_stops_ringing_by_itself(client, house, at) -> None:
    start = clock.now()
    at(start)
    report(client)
    at(start + dt.timedelta(minutes=6))
    with transaction():
        assert calls.give_up() == 1
    assert (stored().status, live(house["wren"])) == ("unknown", 0)
    assert told("call:missed") == []
    report(client, "ended", duration=400)
    assert stored().status == "ended"


@pytest.mark.parametrize(
    ("values", "status", "field"),
    [
        ({"user_phone": "999"}, 422, "user_phone"),
        ({"user_phone": "reception"}, 400, "user_phone"),
        ({"call_id": None}, 400, "call_id"),
        ({"call_id": "x" * 200}, 400, "call_id"),
        ({"direction": "sideways"}, 400, "direction"),
        ({"status": {}}, 400, "status"),
        ({"status": "exploded"}, 400, "status"),
        ({"phone": ["1"]}, 400, "phone"),
        ({"phone": "<script>"}, 400, "phone"),
        ({"phone": "1" * 60}, 400, "phone"),
        ({"duration": -1}, 400, "duration"),
        ({"duration": 10**20}, 400, "duration"),
        ({"duration": True}, 400, "duration"),
        ({"recording_url": "javascript:alert(1)"}, 400, "recording_url"),
    ],
)
def test_a_bad_field_is_named_and_changes_nothing(client, house, values, status, field) -> None:
    answer = report(client, **values)
    assert (answer.status_code, answer.get_json()["error"]["field"]) == (status, field)
    assert (count(Call), told()) == (0, [])


def test_wrong_tokens_broken_and_oversized_bodies_have_no_effect(client, house) -> None:
    url = f"/hooks/calls/{TOKEN}"
    assert client.post("/hooks/calls/other", json={}).status_code == 401
    for body in (b"", b"[]", b"{", b"\xff", b"[" * 50_000):
        assert client.post(url, data=body, content_type="application/json").status_code == 400
    assert client.post(url, data=b"x" * 70_000, content_type="application/json").status_code == 413
    with transaction():
        db.session.execute(text("UPDATE call_lines SET active = false"))
    assert report(client).status_code == 401
    assert count(Call) == 0


def test_the_recording_and_the_call_are_only_for_who_may_see_it(app, client, house) -> None:
    builders.make_contact("Basil Hedge", phone=BASIL, responsible=house["milo"])
    report(client, "ended", duration=9, recording_url="https://pbx.example/1.mp3")
    call_id = stored().id
    builders.set_visibility("own")
    builders.login(client, "milo")
    answer = client.get(f"/callview/recording/{call_id}")
    assert (answer.status_code, answer.location) == (302, "https://pbx.example/1.mp3")
    assert client.get("/api/v1/calls/").get_json()["count"] == 1
    # A context of its own, as every request has: the test's would keep who asked before.
    with app.app_context():
        other = builders.login(app.test_client(), "wren")
        assert other.get(f"/callview/recording/{call_id}").status_code == 404
        assert other.get("/api/v1/calls/").get_json()["count"] == 0


def test_what_rings_is_there_for_a_page_that_opens_now(client, house) -> None:
    report(client)
    builders.login(client, "milo")
    answer = client.get("/api/v1/calls/live").get_json()
    assert [item["call"]["phone"] for item in answer["ringing"]] == [phones.shown(BASIL)]
    report(client, "answered", user_phone="102")
    answer = client.get("/api/v1/calls/live").get_json()
    assert (answer["ringing"], [one["phone"] for one in answer["talking"]]) == ([], [phones.shown(BASIL)])


def test_a_program_writes_calls_down_and_rings_for_nobody(client, house) -> None:
    contact = builders.make_contact("Basil Hedge", phone=BASIL)
    headers = builders.bearer(client, "milo")
    made = client.post("/api/v1/calls/", json={"direction": "outgoing", "phone": "0043 660 1234567"}, headers=headers)
    assert (made.status_code, made.get_json()["result"]["contact_id"]) == (201, contact.id)
    wrong = client.post("/api/v1/calls/", json={"direction": "up", "phone": "1234567"}, headers=headers)
    assert (wrong.status_code, wrong.get_json()["error"]["field"]) == (422, "direction")
    for never in ("0001-01-01T00:00:00+00:00", "9999-12-31T23:30:00+00:00"):
        body = {"direction": "outgoing", "phone": "1234567", "started_at": never}
        wrong = client.post("/api/v1/calls/", json=body, headers=headers)
        assert (wrong.status_code, wrong.get_json()["error"]["field"]) == (422, "started_at")
    assert told() == []


@pytest.mark.parametrize(
    ("dialled", "kept"),
    [("01 2345678", "+43 1 2345678"), ("+43 1 2345678", "+4312345678"), ("0660 1234567", BASIL), ("12", None)],
)
def test_numbers_are_matched_by_their_last_digits_however_written(context, dialled, kept) -> None:
    contact = builders.make_contact(phone=kept)
    assert (contact.phone_tail in phones.tails(dialled, "AT")) == (kept is not None)
