"""Forms of websites: an entry becomes an incoming lead, once, from the pages that the form is for."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.errors import UserError
from app.extensions import db
from app.models.crm import Company, Contact, Lead
from app.models.forms import Form, FormEntry
from app.models.people import User
from app.services.clients import forms
from app.services.people import people
from app.transaction import transaction
from tests import builders
from tests.stored import count, snapshots, told

SHOP = "https://shop.example"


@pytest.fixture(autouse=True)
def no_limits(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests send more from one address than people do."""
    monkeypatch.setitem(app.config, "RATE_LIMITS", False)


@pytest.fixture
def form(context: Flask) -> Form:
    """A form of the shop for the sales group; wren and milo are in it, della is the admin."""
    builders.make_user("Admin", username="della")
    wren, milo = builders.make_user("Staff", username="wren"), builders.make_user("Staff", username="milo")
    builders.make_pipeline()
    group = builders.make_group("Sales", members=[wren, milo])
    return builders.make_form(group, allowed_origins=SHOP, consent_text="I agree to be called.")


def fill(client: FlaskClient, token: str, headers: Any = None, **values: Any) -> Any:
    answers = {"name": "Basil Hedge", "email": "basil@example.org", "message": "Six bikes?", "consent": "yes"}
    return client.post(f"/hooks/forms/{token}", json=answers | values, headers=headers)


def test_an_entry_becomes_a_contact_and_an_incoming_lead_for_the_group(client, form) -> None:
    answer = fill(client, form.token, company="Hedge Couriers", colour="red")
    assert (answer.status_code, answer.get_json()["new"]) == (200, True)
    lead = db.session.scalars(select(Lead)).one()
    assert (lead.name, lead.source, lead.stage.kind, lead.responsible_id) == ("Basil Hedge", "form", "incoming", None)
    assert lead.contact.email == "basil@example.org"
    assert db.session.scalars(select(Company)).one().name == "Hedge Couriers"
    entry = db.session.scalars(select(FormEntry)).one()
    assert entry.answers["colour"] == "red"
    assert entry.consent_text == "I agree to be called."
    assert sorted(told()) == [("lead:incoming", "milo", "group"), ("lead:incoming", "wren", "group")]
    (data,) = snapshots("lead:incoming")
    assert (data["text"], data["via"]) == ("Six bikes?", "Offer")


def test_the_consent_stays_as_it_was_worded_then(client, form) -> None:
    fill(client, form.token)
    with transaction():
        db.session.get_one(Form, form.id).consent_text = "Other words."
    assert db.session.scalars(select(FormEntry)).one().consent_text == "I agree to be called."


def test_a_known_client_is_matched_and_their_address_is_not_a_strangers_to_change(client, form) -> None:
    wren = db.session.scalars(select(User).where(User.username == "wren")).one()
    known = builders.make_contact("B. Hedge", phone="+43 660 1234567", email="old@example.org", responsible=wren)
    fill(client, form.token, phone="0660 1234567", email="new@example.org")
    db.session.refresh(known)
    assert known.email == "old@example.org"
    assert count(Contact) == 1
    assert told() == [("lead:incoming", "wren", "responsible")]


def test_a_repeat_answers_like_the_first_time_and_adds_nothing(client, form) -> None:
    assert fill(client, form.token).get_json()["new"] is True
    again = fill(client, form.token)
    assert (again.status_code, again.get_json()["new"]) == (200, False)
    assert count(Lead) == 1
    for _ in range(2):
        fill(client, form.token, headers={"Idempotency-Key": "k1"}, message="Another question")
    assert count(Lead) == 2


def test_what_only_a_program_fills_in_is_thanked_for_and_thrown_away(client, form) -> None:
    answer = fill(client, form.token, **{forms.HONEYPOT: "https://spam.example"})
    assert answer.status_code == 200
    assert (count(Contact), count(FormEntry)) == (0, 0)


@pytest.mark.parametrize(
    ("values", "status", "field"),
    [
        ({"email": "nonsense"}, 422, "email"),
        ({"email": ""}, 422, "email"),
        ({"phone": "call me"}, 422, "phone"),
        ({"consent": ""}, 422, "consent"),
        ({"consent": "off"}, 422, "consent"),
        ({"name": "x" * 200}, 422, "name"),
        ({"message": "x" * 6000}, 422, "message"),
        ({"name": ["a"]}, 400, "name"),
        ({"name": "a\x00b"}, 400, "name"),
        ({"name": "\ud800"}, 400, "name"),
        ({"extra": {"deep": 1}}, 400, "extra"),
        ({"entry_id": "x" * 200}, 400, "entry_id"),
    ],
)
def test_a_bad_field_is_named_and_changes_nothing(client, form, values, status, field) -> None:
    answer = fill(client, form.token, **values)
    assert (answer.status_code, answer.get_json()["error"]["field"]) == (status, field)
    assert (count(Contact), count(Lead), count(FormEntry)) == (0, 0, 0)


def test_malformed_oversized_and_unknown_have_no_effect(client, form) -> None:
    url = f"/hooks/forms/{form.token}"
    for body in (b"{", b"[1]", b"\xff\xfe", b"[" * 50_000, b'{"name": NaN}'):
        assert client.post(url, data=body, content_type="application/json").status_code == 400
    assert client.post(url, data=b"x" * 70_000, content_type="application/json").status_code == 413
    assert client.post(url, data={"message": "x" * 70_000}).status_code == 413
    assert fill(client, "unknown").status_code == 404
    with transaction():
        db.session.get_one(Form, form.id).active = False
    assert fill(client, form.token).status_code == 404
    assert count(FormEntry) == 0


def test_only_the_named_pages_may_send_and_read_the_answer(client, form) -> None:
    ok = fill(client, form.token, headers={"Origin": SHOP})
    assert ok.headers["Access-Control-Allow-Origin"] == SHOP
    refused = fill(client, form.token, headers={"Origin": "https://evil.example"}, message="Other")
    assert refused.status_code == 403
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert fill(client, form.token, headers={"Origin": "null"}, message="Other").status_code == 403
    asked = client.options(f"/hooks/forms/{form.token}", headers={"Origin": SHOP})
    assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (204, SHOP)
    wrong = fill(client, form.token, headers={"Origin": SHOP}, email="nonsense")
    assert wrong.headers["Access-Control-Allow-Origin"] == SHOP


def test_a_browsers_form_gets_thanks_or_the_shops_own_page(client, form) -> None:
    fields = {"email": "basil@example.org", "consent": "yes"}
    page = client.post(f"/hooks/forms/{form.token}", data=fields, headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "Set-Cookie" not in page.headers
    with transaction():
        db.session.get_one(Form, form.id).redirect_url = f"{SHOP}/thanks"
    fields["email"] = "nora@example.org"
    moved = client.post(f"/hooks/forms/{form.token}", data=fields, headers={"Accept": "text/html"})
    assert (moved.status_code, moved.location) == (303, f"{SHOP}/thanks")
    strange = {"Accept": "text/html", "Referer": "http://["}
    refused = client.post(f"/hooks/forms/{form.token}", data={"email": ""}, headers=strange)
    assert (refused.status_code, refused.mimetype) == (422, "text/html")


def test_too_much_from_one_address_has_to_wait(app, client, form, monkeypatch) -> None:
    monkeypatch.setitem(app.config, "RATE_LIMITS", True)
    answers = [client.post("/hooks/forms/none", json={}, environ_base={"REMOTE_ADDR": "192.0.2.7"}) for _ in range(22)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_a_lost_group_and_a_deactivated_responsible_are_told_once_and_their_end_too(client, form) -> None:
    della = db.session.scalars(select(User).where(User.username == "della")).one()
    milo = db.session.scalars(select(User).where(User.username == "milo")).one()
    group_id = form.group_id
    with transaction():
        kept = db.session.get_one(Form, form.id)
        kept.group_id, kept.responsible_id = None, milo.id
    with transaction(della.id):
        people.deactivate(della, milo, "left")
    for number in range(3):
        assert fill(client, form.token, message=f"Question {number}").status_code == 200
    assert count(Lead) == 3
    assert told("error:automation") == [("error:automation", "della", "admin")] * 2
    assert {one["problem"] for one in snapshots("error:automation")} == {
        "form_without_group",
        "deactivated_responsible",
    }
    with transaction(della.id):
        forms.update(della, db.session.get_one(Form, form.id), {"group_id": group_id})
    assert [one["problem"] for one in snapshots("error:automation_works")] == ["form_without_group"]
    with transaction(della.id):
        people.reactivate(della, milo)
    assert len(told("error:automation_works")) == 2


def test_a_form_has_a_group_and_a_way_to_answer(form) -> None:
    della = db.session.scalars(select(User).where(User.username == "della")).one()
    good = {"name": "Offer", "asked": ["email"], "needed": ["email"], "group_id": form.group_id}
    for wrong, field in (
        ({"group_id": None}, "group_id"),
        ({"asked": ["name"]}, "asked"),
        ({"needed": ["phone"]}, "needed"),
        ({"allowed_origins": "javascript:alert(1)"}, "allowed_origins"),
        ({"allowed_origins": "https://shop.example\nnot an address"}, "allowed_origins"),
        ({"allowed_origins": "shop"}, "allowed_origins"),
        ({"redirect_url": "javascript:alert(1)"}, "redirect_url"),
    ):
        with pytest.raises(UserError) as refused, transaction():
            forms.create(della, good | wrong)
        assert refused.value.field == field


def test_the_html_to_paste_holds_what_is_asked_and_escapes_it(client, form) -> None:
    with transaction():
        db.session.get_one(Form, form.id).consent_text = "<b>me</b>"
    builders.login(client, "della")
    page = client.get(f"/formview/show/{form.id}").get_data(as_text=True)
    assert f"/hooks/forms/{form.token}" in page
    preview = client.get(f"/formview/preview/{form.id}")
    assert "<b>me</b>" not in preview.get_data(as_text=True)
    assert "script-src" not in preview.headers["Content-Security-Policy"]
    assert 'name="email"' in preview.get_data(as_text=True)
