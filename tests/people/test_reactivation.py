"""After a limit: all admins are told by center and mail, with evidence, and let in again by one click, once."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.extensions import db
from app.models.limits import LimitRule
from app.models.people import User
from app.services.limits import limits
from tests import builders, news
from tests.clients.colleagues import Colleague
from tests.mailboxes import SmtpServer

NOON = dt.datetime(2026, 5, 4, 12, 10, tzinfo=dt.UTC)


@pytest.fixture
def sam(app: Flask, client: FlaskClient, smtp: SmtpServer, at: Any) -> int:
    """Somebody who was put out by opening a second card; two admins were told."""
    at(NOON)
    with app.app_context():
        builders.make_user("Admin", username="della", first_name="Della", last_name="Cruz", email="della@example.com")
        builders.make_user("Admin", username="dora", email="dora@example.com")
        sam_id = builders.make_user("Staff", username="sam", first_name="Sam", last_name="Okafor").id
        leads = [builders.make_lead(f"Tandem {n}").id for n in range(3)]
        builders.make_limit(kind="cards", amount=1, active=True)
    builders.login(client, "sam")
    assert client.get(f"/leadview/show/{leads[0]}").status_code == 200
    assert client.get(f"/leadview/show/{leads[1]}").status_code == 302
    return int(sam_id)


def is_active(app: Flask, user_id: int) -> bool:
    with app.app_context():
        return bool(db.session.get_one(User, user_id).active)


def item_of(colleague: Colleague) -> dict[str, Any]:
    return next(item for item in colleague.feed() if item["event"] == "limit:exceeded")


def test_the_notice_names_who_and_how_much_and_lets_in_again_by_one_click(app: Flask, sam: int) -> None:
    della, dora = Colleague(app, "della"), Colleague(app, "dora")
    item = item_of(della)
    assert item["title"] == "Sam Okafor exceeded an activity limit and is deactivated"
    assert item["body"] == "2 of 1 cards in this hour"
    assert item["actions"] == ["reactivate"]
    page = builders.login(app.test_client(), "della").get(item["url"]).get_data(as_text=True)
    assert "Tandem 0" in page
    assert "Tandem 1" in page
    assert "Exceeded" in page
    assert della.call("POST", f"/users/{item['subject']['id']}/reactivate").status_code == 200
    assert is_active(app, sam)
    assert (item_of(dora)["unread"], item_of(dora)["actions"]) == (False, [])
    assert dora.call("POST", f"/users/{sam}/reactivate").status_code == 409


def test_counters_start_again_and_the_limit_still_holds(app: Flask, client: FlaskClient, sam: int) -> None:
    Colleague(app, "della").call("POST", f"/users/{sam}/reactivate")
    builders.login(client, "sam")
    assert client.get("/leadview/show/1").status_code == 200
    assert client.get("/leadview/show/2").status_code == 302
    assert not is_active(app, sam)


def test_what_was_exceeded_stays_in_the_evidence_after_somebody_is_let_in_again(
    app: Flask, client: FlaskClient, at: Any, sam: int
) -> None:
    della = builders.login(app.test_client(), "della")
    at(NOON + dt.timedelta(minutes=20))
    Colleague(app, "della").call("POST", f"/users/{sam}/reactivate")
    builders.login(client, "sam")
    assert client.get("/leadview/show/1").status_code == 200
    page = della.get(f"/activity/{sam}").get_data(as_text=True)
    assert page.count(">Exceeded<") == 1
    assert "2 of 1, " in page
    # The card that counts again keeps the moment of its first opening.
    assert page.split("Opened and shown")[1].count(">12:10<") == 2
    assert client.get("/leadview/show/2").status_code == 302
    assert "Exceeded 2 times" in della.get(f"/activity/{sam}").get_data(as_text=True)


def test_the_mails_link_needs_an_admin_who_signs_in_and_works_once(
    app: Flask, client: FlaskClient, smtp: SmtpServer, sam: int
) -> None:
    with app.app_context():
        news.deliver_due()
    mails = smtp.wait_for(2)
    assert sorted(smtp.recipients) == ["della@example.com", "dora@example.com"]
    body = mails[0].get_body(("plain",))
    assert body is not None
    found = re.search(r"(/activity/reactivate/\S+)", body.get_content())
    assert found is not None
    link = found[1]
    stranger = app.test_client()
    asked = stranger.get(link)
    assert asked.status_code == 302
    assert asked.location.startswith("/login/?next=")
    with app.app_context():
        builders.make_user("Manager", username="mia")
    assert builders.login(app.test_client(), "mia").post(link).status_code == 403
    della = builders.login(app.test_client(), "della")
    page = della.get(link).get_data(as_text=True)
    assert "Reactivate Sam Okafor?" in page
    assert "more than 1 card an hour" in page
    assert not is_active(app, sam), "opening the link changes nothing"
    assert "is active again" in della.post(link, follow_redirects=True).get_data(as_text=True)
    assert is_active(app, sam)
    builders.login(client, "sam")
    client.get("/leadview/show/1")
    client.get("/leadview/show/2")
    assert not is_active(app, sam)
    assert "used already" in della.post(link, follow_redirects=True).get_data(as_text=True)
    assert not is_active(app, sam)
    assert della.get("/activity/reactivate/forged.link").status_code == 404


def test_the_dry_run_says_who_when_and_by_how_much_before_it_is_switched_on(
    app: Flask, client: FlaskClient, at: Any
) -> None:
    with app.app_context():
        builders.make_user("Admin", username="della")
        sam = builders.make_user("Staff", username="sam", first_name="Sam", last_name="Okafor")
        vip = builders.make_user("Staff", username="vip", first_name="Vera", last_name="Quick")
        for days, amount in ((40, 90), (12, 25), (3, 31)):
            at(NOON - dt.timedelta(days=days))
            limits.count_items(sam, amount, "test")
        limits.count_items(vip, 99, "test")
        sam_id, vip_id = sam.id, vip.id
        builders.make_limit(kind="items", span="day", amount=1000, scope="user", user_id=vip_id, active=True)
        at(NOON)
    builders.login(client, "della")
    form = client.get("/limitruleview/add").get_data(as_text=True)
    assert "297 (busiest: Vera Quick, 99)" in form
    values = {"scope": "everyone", "kind": "items", "span": "day", "amount": 30}
    assert client.post("/limitruleview/add", data=values).status_code == 302
    page = client.get("/limitruleview/show/2").get_data(as_text=True)
    rows = page.split('id="dry-run"')[1]
    assert "Sam Okafor" in rows
    assert ">31<" in rows
    assert ">1<" in rows
    assert "Vera Quick" not in rows, "a limit of their own counts for them"
    assert rows.count("<tr>") == 2
    with app.app_context():
        assert all(db.session.get_one(User, user_id).active for user_id in (sam_id, vip_id))


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"amount": "0"}, "amount", "between 1 and 1000000"),
        ({"amount": "-5"}, "amount", "between 1 and 1000000"),
        ({"amount": "many"}, "amount", "Not a valid integer"),
        ({"span": ""}, "span", "Not a valid choice"),
        ({"kind": "clicks"}, "kind", "Not a valid choice"),
        ({"scope": "user", "user": "me", "role": "1"}, "role", "leave this empty"),
        ({"scope": "group"}, "group", "Choose for whom"),
        ({"user": "me"}, "user", "leave this empty"),
    ],
)
def test_a_wrong_limit_is_refused_beside_its_field(
    app: Flask, client: FlaskClient, change: dict[str, str], field: str, words: str
) -> None:
    with app.app_context():
        della = builders.make_user("Admin", username="della").id
    builders.login(client, "della")
    values = {"scope": "everyone", "kind": "cards", "span": "hour", "amount": "10"} | change
    values = {name: str(della) if value == "me" else value for name, value in values.items()}
    page = client.post("/limitruleview/add", data=values).get_data(as_text=True)
    assert words.lower() in page.split(f'id="{field}-error"')[1].split("</span>")[0].lower()
    with app.app_context():
        assert db.session.query(LimitRule).count() == 0
        assert db.session.execute(text("SELECT count(*) FROM ab_user WHERE NOT active")).scalar_one() == 0
