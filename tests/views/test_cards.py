"""Cards: timeline, notes, and two people at one record."""

from __future__ import annotations

import datetime as dt
import html
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from app import clock
from app.extensions import db
from app.models.crm import Lead
from app.models.notifications import Event
from app.models.people import User
from app.services.tasks import reminders, tasks
from app.transaction import transaction
from tests import builders, visiting

MAX_STATEMENTS = 12


@pytest.fixture
def rowan(app: Flask, client: FlaskClient) -> int:
    with app.app_context():
        user_id = builders.make_user("Manager", username="rowan", first_name="Rowan", last_name="Sprocket").id
    builders.login(client, "rowan")
    return int(user_id)


@pytest.fixture
def lead_id(app: Flask, rowan: int) -> int:
    with app.app_context():
        contact = builders.make_contact("Fern Puddle", company=builders.make_company("Hedge"))
        return int(
            builders.make_lead(
                "Gravel bike", responsible=db.session.get_one(User, rowan), contact_id=contact.id, company_id=1
            ).id
        )


def page_of(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def timeline_of(client: FlaskClient, path: str) -> str:
    page = page_of(client, path)
    return re.sub(r"\s+", " ", html.unescape(re.sub("<[^>]+>", "", page.split('id="timeline-title"')[1])))


def form_of(client: FlaskClient, path: str) -> dict[str, str]:
    """The fields of the page's form with their present values."""
    form = page_of(client, path).split('id="model_form"')[1].split("</form>")[0]
    values = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name:
            values[name.group(1)] = html.unescape(value.group(1)) if value else ""
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        picked = re.search(r'<option[^>]*value="([^"]*)" selected|<option selected value="([^"]*)"', options)
        values[name] = (picked.group(1) or picked.group(2)) if picked else ""
    return values


def test_what_happens_to_a_lead_is_in_its_timeline(app: Flask, client: FlaskClient, lead_id: int) -> None:
    with app.app_context():
        wren = builders.make_user("Staff", first_name="Wren", last_name="Saddle").id
        won = builders.make_stage("won").id
    client.put(f"/api/v1/leads/{lead_id}", json={"responsible_id": wren})
    client.put(f"/api/v1/leads/{lead_id}", json={"budget": 100, "name": "Gravel bike 2"})
    client.put(f"/api/v1/leads/{lead_id}", json={"stage_id": won})
    client.post(f"/leadview/note/{lead_id}", data={"body": "Wants it <b>blue</b>"})
    timeline = timeline_of(client, f"/leadview/show/{lead_id}")
    for words in (
        "Rowan Sprocket made Wren Saddle responsible",
        "before: Rowan Sprocket",
        "Budget: 0.00 → 100.00",
        "Name: Gravel bike → Gravel bike 2",
        "won it",
        "wrote a note",
    ):
        assert words in timeline
    assert "Wants it &lt;b&gt;blue&lt;/b&gt;" in page_of(client, f"/leadview/show/{lead_id}")
    assert "won it: Gravel bike 2" in timeline_of(client, "/contactview/show/1")
    assert "won it: Gravel bike 2" in timeline_of(client, "/companyview/show/1")


def test_saving_without_a_change_is_no_event(app: Flask, client: FlaskClient, lead_id: int) -> None:
    client.put(f"/api/v1/leads/{lead_id}", json={"name": "Gravel bike", "budget": 0})
    with app.app_context():
        assert db.session.query(Event).count() == 0


def test_a_timeline_has_pages(app: Flask, client: FlaskClient, lead_id: int) -> None:
    rows = [
        {
            "tag": "lead:changed",
            "subject_type": "lead",
            "subject_id": lead_id,
            "data": {"changes": {"name": {"old": "a", "new": f"number{n:03}"}}},
            "created_at": clock.now(),
        }
        for n in range(45)
    ]
    with app.app_context():
        db.session.execute(insert(Event), rows)
        db.session.commit()
    seen: list[str] = []
    path: str | None = f"/leadview/show/{lead_id}"
    while path:
        page = page_of(client, path)
        seen += re.findall(r"number\d{3}", page)
        found = re.search(r'href="([^"]*before=\d+)', page)
        path = html.unescape(found.group(1)) if found else None
    assert seen == [f"number{n:03}" for n in reversed(range(45))]


@pytest.mark.parametrize("kind", ["lead", "contact", "company"])
def test_a_card_costs_few_statements_however_much_hangs_on_it(
    app: Flask,
    client: FlaskClient,
    lead_id: int,
    kind: str,
    statements: Callable[[], AbstractContextManager[list[str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # With all that a card can show: payments, and what a form said.
    monkeypatch.setitem(app.config, "STRIPE_WEBHOOK_SECRET", "whsec_of_a_test")
    with app.app_context(), transaction():
        db.session.get_one(Lead, lead_id).source = "form"
    path = f"/{kind}view/show/1"
    page_of(client, path)

    def cost() -> int:
        with statements() as sent:
            page_of(client, path)
        return len(sent)

    few = cost()
    with app.app_context():
        rowan = db.session.query(User).filter_by(username="rowan").one()
        for _ in range(10):
            builders.make_task(responsible=rowan, lead_id=lead_id, contact_id=1)
            builders.make_lead(contact_id=1, company_id=1)
    for number in range(10):
        client.post(f"/{kind}view/note/1", data={"body": f"note {number}"})
    many = cost()
    assert many <= MAX_STATEMENTS
    page = page_of(client, path)
    for screen, column in {"lead": [("task", "lead")], "contact": [("task", "contact"), ("lead", "contact")]}.get(
        kind, [("lead", "company")]
    ):
        shown = page_of(client, f"/{screen}view/list/?_flt_0_{column}=1")
        assert f'href="/{screen}view/list/?_flt_0_{column}=1"' in page
        assert int(re.search(r'class="fd-count">(\d+)<', shown)[1]) > 9  # type: ignore[index]
    assert many <= few + 1  # a note's author


def test_a_card_hides_what_the_viewer_may_not_open(app: Flask, client: FlaskClient, lead_id: int) -> None:
    with app.app_context():
        milo = builders.make_user("Staff", username="milo")
        wren = builders.make_user("Staff")
        own = builders.make_lead("Own lead", responsible=milo)
        builders.make_task("Secret task", responsible=wren, lead_id=own.id)
        builders.set_visibility("own")
        own_id = own.id
    staff = builders.login(app.test_client(), "milo")
    assert "Secret task" not in page_of(staff, f"/leadview/show/{own_id}")
    assert staff.get(f"/leadview/show/{lead_id}").status_code == 404
    assert staff.post(f"/leadview/note/{lead_id}", data={"body": "x"}).status_code == 404


def test_a_note_is_kept_when_it_is_refused_and_deleted_by_its_author_only(
    app: Flask, client: FlaskClient, lead_id: int
) -> None:
    page = client.post(f"/leadview/note/{lead_id}", data={"body": "y" * 10_001}).get_data(as_text=True)
    assert "At most 10000 characters" in page
    assert "y" * 10_001 in page
    assert "Write something first" in client.post(f"/leadview/note/{lead_id}", data={"body": "  "}).get_data(
        as_text=True
    )
    client.post(f"/leadview/note/{lead_id}", data={"body": "Mine"})
    with app.app_context():
        builders.make_user("Staff", username="milo")
    staff = builders.login(app.test_client(), "milo")
    assert staff.post(f"/leadview/note/{lead_id}/delete/1").status_code == 302
    assert "Mine" in page_of(client, f"/leadview/show/{lead_id}")
    assert client.post(f"/leadview/note/{lead_id}/delete/999").status_code == 404
    client.post(f"/leadview/note/{lead_id}/delete/1")
    assert "Mine" not in page_of(client, f"/leadview/show/{lead_id}")


def test_the_second_of_two_editors_is_shown_what_changed_and_loses_nothing(
    app: Flask, client: FlaskClient, lead_id: int
) -> None:
    with app.app_context():
        builders.make_user("Staff", username="milo")
    path = f"/leadview/edit/{lead_id}"
    mine = form_of(client, path)
    other = builders.login(app.test_client(), "milo")
    other.put(f"/api/v1/leads/{lead_id}", json={"name": "Road bike", "budget": 500})
    mine["name"] = "City bike"
    mine["currency"] = "USD"
    wrong = client.post(path, data=mine | {"budget": "much"}).get_data(as_text=True)
    assert "changed this" not in wrong, "first things first"
    mine["seen"] = html.unescape(re.findall(r'name="seen" value="([^"]*)"', wrong)[0])
    answer = client.post(path, data=mine)
    assert answer.status_code == 200
    page = html.unescape(answer.get_data(as_text=True))
    assert "Pat" in page  # who did it
    assert "changed this while you were writing" in page
    assert "Changed meanwhile to “Road bike”. Save again to keep yours." in page
    assert 'value="City bike"' in page
    assert "Budget: now “500”" in page
    assert 'value="USD"' in page
    with app.app_context():
        assert db.session.get_one(Lead, lead_id).name == "Road bike"
    seen = re.findall(r'name="seen" value="([^"]*)"', answer.get_data(as_text=True))
    again = mine | {"seen": html.unescape(seen[0])}
    again["budget"] = "500"
    assert client.post(path, data=again).status_code == 302
    with app.app_context():
        lead = db.session.get_one(Lead, lead_id)
        assert (lead.name, lead.budget, lead.currency) == ("City bike", 500, "USD")


def test_closing_a_lead_takes_its_tasks_notices_along(app: Flask, client: FlaskClient, lead_id: int) -> None:
    with app.app_context():
        milo = builders.make_user("Staff", username="milo").id
        lost, opened = builders.make_stage("lost").id, builders.make_stage("open").id
    due = (clock.now() + dt.timedelta(hours=2)).isoformat()
    client.post("/api/v1/tasks/", json={"text": "Call", "responsible_id": milo, "lead_id": lead_id, "due_at": due})
    staff = builders.login(app.test_client(), "milo")
    assert staff.get("/api/v1/center/feed").get_json()["counters"]["total"] == 1
    client.put(f"/api/v1/leads/{lead_id}", json={"stage_id": lost})
    feed = staff.get("/api/v1/center/feed").get_json()
    assert (feed["items"], feed["counters"]["total"]) == ([], 0)
    clock.set_test_now(clock.now() + dt.timedelta(hours=3))
    with app.app_context(), transaction():
        assert (reminders.remind_due(), tasks.expire_due()) == (0, 0)
    clock.set_test_now(None)
    client.put(f"/api/v1/leads/{lead_id}", json={"stage_id": opened})
    clock.set_test_now(clock.now() + dt.timedelta(hours=1, minutes=50))
    with app.app_context(), transaction():
        assert reminders.remind_due() == 1


def test_a_card_leads_to_its_client_whom_one_writes_to_and_calls(app: Flask, client: FlaskClient, lead_id: int) -> None:
    with app.app_context():
        contact_id = builders.make_contact("Gus & Marble", email="gus@example.org", phone="+43 1 555 01 42").id
        with transaction():
            db.session.get_one(Lead, lead_id).contact_id = contact_id
    page = client.get(f"/leadview/show/{lead_id}").get_data(as_text=True)
    assert f'href="/contactview/show/{contact_id}">Gus &amp; Marble</a>' in page
    page = client.get(f"/contactview/show/{contact_id}").get_data(as_text=True)
    assert 'href="mailto:gus@example.org"' in page
    assert 'href="tel:+4315550142"' in page


def test_the_cards_of_a_client_offer_the_chat_in_which_the_client_writes(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        rowan = builders.make_user("Manager")
        visitor = visiting.Client(app, visiting.make_widget(builders.make_group(members=[rowan])).key)
        visitor.hello()
        visitor.write("Is it still there?")
        talk = visiting.newest_talk()
        number, chat_id, contact_id, lead_id = talk.number, talk.chat_id, talk.contact_id, talk.lead_id
        username = rowan.username
    builders.login(client, username)
    for path in (f"/contactview/show/{contact_id}", f"/leadview/show/{lead_id}"):
        offered = re.search(r'data-clients="([^"]*)"', client.get(path).get_data(as_text=True))
        assert offered is not None
        assert json.loads(html.unescape(offered[1])) == [{"id": chat_id, "number": number, "open": True}]
