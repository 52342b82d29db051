"""Personal data: handed out whole, erased without a trace, and by admins only."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from app import clock
from app.extensions import db
from app.models.crm import Contact, Lead
from app.models.forms import FormEntry
from app.models.invitations import Invitation
from app.models.payments import Payment, StripeCustomer
from app.models.people import User
from app.services.people import people
from app.services.records import history, notes
from app.transaction import transaction
from tests import builders, visiting
from tests.visiting import Client

MARK = "Xanthippe"
ADDRESS = "xanthippe@example.org"
NUMBER = "+43 660 7654321"


@pytest.fixture
def client_story(app: Flask) -> int:
    """A contact with everything that a client leaves behind; the id."""
    with app.app_context():
        builders.make_pipeline()
        della = builders.make_user("Admin", username="della")
        group = builders.make_group("Sales", members=[della])
        visitor = Client(app, visiting.make_widget(group).key)
        visitor.hello()
        visitor.ask("POST", "/contact", json={"name": MARK, "email": ADDRESS})
        visitor.write(f"My name is {MARK}, write to {ADDRESS}")
        contact = db.session.scalars(select(Contact)).one()
        with transaction():
            contact.name, contact.email = MARK, ADDRESS
            lead = db.session.scalars(select(Lead)).one()
            lead.name = f"Bike for {MARK}"
            notes.add(della, history.subject_of(lead), f"{MARK} pays in cash")
            builders.make_task(responsible=della, author=della, text=f"Call {MARK}", contact_id=contact.id)
            builders.make_call(phone=NUMBER, contact_id=contact.id)
            paid = {"state": "succeeded", "amount": 900, "currency": "eur", "at": clock.now()}
            payer = {"customer_id": "cus_1", "email": ADDRESS, "name": MARK}
            sent = {"contact_id": contact.id, "lead_id": lead.id, "answers": {"name": MARK}}
            form = builders.make_form(group)
            db.session.add_all(
                [
                    StripeCustomer(**payer),
                    Payment(external_id="ch_1", **paid, **payer, contact_id=contact.id),
                    FormEntry(form_id=form.id, digest="x", **sent),
                ]
            )
        return int(contact.id)


def everything() -> str:
    """All text of all tables."""
    tables = db.session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
    rows = [db.session.scalars(text(f'SELECT t::text FROM "{table}" t')).all() for table in tables]
    return "\n".join(f"{table}: {row}" for table, found in zip(tables, rows, strict=True) for row in found)


def test_all_that_is_kept_is_handed_out(app: Flask, client: FlaskClient, client_story: int) -> None:
    builders.login(client, "della")
    answer = client.post(f"/contactview/action/personal_data/{client_story}")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    found = json.loads(answer.data)
    assert found["contact"][0]["email"] == ADDRESS
    assert any(MARK in message["text"] for message in found["messages"])
    parts = ("leads", "tasks", "notes", "talks", "visits", "calls", "payments", "forms")
    assert {name: len(found[name]) for name in parts} == dict.fromkeys(parts, 1)
    assert (found["calls"][0]["phone"], found["payments"][0]["email"]) == (NUMBER, ADDRESS)
    assert found["events"]


def test_nothing_that_names_the_person_is_left_after_erasing(
    app: Flask, client: FlaskClient, client_story: int
) -> None:
    builders.login(client, "della")
    with app.app_context():
        assert MARK in everything()
    assert client.post(f"/contactview/action/erase/{client_story}").status_code == 302
    with app.app_context():
        left = [line[:200] for line in everything().splitlines() if any(one in line for one in (MARK, ADDRESS, NUMBER))]
        assert left == []
        assert db.session.scalars(select(Payment.amount)).all() == [900]
        # What only counts is still there.
        assert db.session.scalars(select(Lead)).one().contact_id == client_story
    assert client.get(f"/contactview/show/{client_story}").status_code == 200
    assert client.get("/center/").status_code == 200


def test_only_admins_hand_out_and_erase(app: Flask, client: FlaskClient, client_story: int) -> None:
    with app.app_context():
        builders.make_user("Manager", username="mara")
    builders.login(client, "mara")
    for action in ("personal_data", "erase"):
        assert client.post(f"/contactview/action/{action}/{client_story}").status_code == 403
    with app.app_context():
        assert db.session.get_one(Contact, client_story).name == MARK


def test_a_colleague_takes_along_what_is_kept(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        builders.make_user("Free", username="otto", email="otto@example.com")
    builders.login(client, "otto")
    found = json.loads(client.get("/profile/data").data)
    assert found["person"][0]["email"] == "otto@example.com"
    assert "password" not in found["person"][0]


def test_a_former_colleague_becomes_nobody_but_not_while_active(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        della = builders.make_user("Admin", username="della")
        della_id = della.id
        user = builders.make_user("Staff", username="milo", last_name=MARK, email=ADDRESS)
        user_id = user.id
        builders.make_mailbox(owner=user, address=ADDRESS)
        with transaction():
            soon = clock.now() + dt.timedelta(days=1)
            asked = {"email": ADDRESS, "nonce": "n", "sent_at": clock.now(), "expires_at": soon}
            db.session.add(Invitation(**asked, accepted_at=clock.now(), user_id=user_id))
            history.record("user:invited", della, history.Subject("user", user_id), {"email": ADDRESS})
    builders.login(client, "della")
    client.post(f"/userview/action/erase/{user_id}")
    with app.app_context():
        assert db.session.get_one(User, user_id).last_name == MARK
        with transaction():
            people.deactivate(db.session.get_one(User, della_id), db.session.get_one(User, user_id), f"{MARK} left")
    client.post(f"/userview/action/erase/{user_id}")
    with app.app_context():
        assert [line[:200] for line in everything().splitlines() if MARK in line or ADDRESS in line] == []
        assert not db.session.get_one(User, user_id).active
