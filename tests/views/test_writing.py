"""Writes of generated screens go through services: refused input stays in the form and changes nothing."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_appbuilder.models.sqla.interface import SQLAInterface

from app import clock
from app.extensions import db
from app.models.crm import Company, Lead, Task
from app.models.people import Group, User
from app.views.generated.base import Screen
from app.views.generated.interface import ScreenInterface
from tests import builders


@pytest.fixture
def staff(app: Flask, client: FlaskClient) -> int:
    with app.app_context():
        user = builders.make_user("Staff", username="milo")
        user_id = user.id
    builders.login(client, "milo")
    return user_id


def test_a_record_is_added_changed_and_deleted_by_its_screen(app: Flask, client: FlaskClient, staff: int) -> None:
    added = client.post("/companyview/add", data={"name": " Spoke  & Sons ", "website": "spoke.example"})
    assert added.status_code == 302
    with app.app_context():
        company = db.session.query(Company).one()
        assert (company.name, company.website) == ("Spoke & Sons", "https://spoke.example")
        company_id = company.id
    changed = client.post(f"/companyview/edit/{company_id}", data={"name": "Spoke", "responsible": str(staff)})
    assert changed.status_code == 302
    with app.app_context():
        company = db.session.get_one(Company, company_id)
        assert (company.name, company.responsible_id) == ("Spoke", staff)
    assert client.post(f"/companyview/delete/{company_id}").status_code == 302
    with app.app_context():
        assert db.session.query(Company).count() == 0


def test_a_form_leads_back_to_the_page_that_opened_it(client: FlaskClient, staff: int) -> None:
    client.get("/contactview/list/")
    client.get("/companyview/add", headers={"Referer": "http://localhost/dashboard/?period=7d"})
    assert client.post("/companyview/add", data={"name": "Spoke"}).location == "http://localhost/dashboard/?period=7d"
    client.get("/contactview/list/")
    client.get("/companyview/add", headers={"Referer": "https://elsewhere.example/dashboard/"})
    assert client.post("/companyview/add", data={"name": "Hub"}).location.endswith("/contactview/list/")


def test_a_refused_edit_keeps_the_typed_text_names_the_field_and_changes_nothing(
    app: Flask, client: FlaskClient, staff: int
) -> None:
    with app.app_context():
        company_id = builders.make_company("Spoke", responsible=db.session.get_one(User, staff)).id
    page = client.post(
        f"/companyview/edit/{company_id}", data={"name": "Typed name", "website": "javascript:alert(1)", "phone": "1"}
    ).get_data(as_text=True)
    assert "An address like https://example.com is needed" in page
    assert 'value="Typed name"' in page
    assert "javascript:alert(1)" in page
    # A later commit must not save the refused edit either.
    client.post("/appearance/theme", data={"theme": "dark"})
    with app.app_context():
        assert db.session.get_one(Company, company_id).name == "Spoke"


def test_a_refused_api_edit_names_the_field_and_changes_nothing(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        company_id = builders.make_company("Spoke", responsible=db.session.get_one(User, staff)).id
    answer = client.put(f"/api/v1/companies/{company_id}", json={"name": "Other", "website": "ftp://x"})
    assert answer.status_code == 422
    assert answer.get_json()["error"]["field"] == "website"
    with app.app_context():
        assert db.session.get_one(Company, company_id).name == "Spoke"


def test_a_duplicate_is_a_field_error_on_the_page_and_in_the_api_without_sql(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        builders.make_group("Sales Office")
        builders.make_user("Admin", username="della")
    builders.login(client, "della")
    page = client.post("/groupview/add", data={"name": "Sales Office", "zone": "UTC"})
    answer = client.post("/api/v1/groups/", json={"name": "Sales Office"})
    assert page.status_code == 200
    assert "There is a group of this name already" in page.get_data(as_text=True)
    assert answer.status_code == 422
    error = answer.get_json()["error"]
    assert (error["code"], error["field"]) == ("taken", "name")
    for text in (page.get_data(as_text=True), answer.get_data(as_text=True)):
        assert not [leak for leak in ("INSERT", "uq_ab_group", "psycopg") if leak in text]
    with app.app_context():
        assert db.session.query(Group).count() == 1


def test_an_unticked_box_of_a_needed_boolean_can_be_saved(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        task_id = builders.make_task(responsible=db.session.get_one(User, staff), all_day=True).id
    due = (clock.now() + dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    form = {"text": "Call Ada", "responsible": str(staff), "due_at": due, "type": "call"}
    assert client.post(f"/taskview/edit/{task_id}", data=form).status_code == 302
    with app.app_context():
        assert db.session.get_one(Task, task_id).all_day is False


def test_a_due_date_is_typed_and_shown_in_ones_own_zone(app: Flask, client: FlaskClient, staff: int) -> None:
    tomorrow = (clock.now() + dt.timedelta(days=1)).date()
    with app.app_context():
        db.session.get_one(User, staff).zone = "Asia/Tokyo"  # nine hours ahead, all year round
        db.session.commit()
    form = {"text": "Call Ada", "responsible": str(staff), "due_at": f"{tomorrow}T21:30", "type": "call"}
    assert client.post("/taskview/add", data=form).status_code == 302
    with app.app_context():
        task = db.session.query(Task).one()
        assert task.due_at == dt.datetime.combine(tomorrow, dt.time(12, 30), dt.UTC)
        task_id = task.id
    assert f'value="{tomorrow}T21:30"' in client.get(f"/taskview/edit/{task_id}").get_data(as_text=True)


def test_a_form_can_be_filled_by_its_address_with_what_one_may_see(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        builders.set_visibility("own")
        own = builders.make_lead("Own lead", responsible=db.session.get_one(User, staff)).id
        foreign = builders.make_lead("Foreign lead", responsible=builders.make_user("Staff")).id
    assert "Own lead</option>" in client.get(f"/taskview/add?lead={own}&text=Call").get_data(as_text=True)
    for odd in (foreign, "abc", "", "99999999999"):
        page = client.get(f"/taskview/add?lead={odd}&due_at=garbage")
        assert page.status_code == 200
        assert "Foreign lead" not in page.get_data(as_text=True)


def test_fab_never_writes_itself() -> None:
    for hook in ("pre_add", "pre_update", "pre_delete", "post_add", "post_update", "post_delete"):
        assert getattr(Screen, hook).__module__.startswith("flask_appbuilder"), f"{hook} is not to be used"
    interface = ScreenInterface(Lead)
    for call in ("add", "edit", "delete", "delete_all"):
        assert getattr(type(interface), call) is not getattr(SQLAInterface, call)
        with pytest.raises(NotImplementedError):
            getattr(interface, call)(Lead())


def test_a_posted_id_of_a_record_one_may_not_open_is_no_choice(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        builders.set_visibility("own")
        other = builders.make_user("Staff")
        foreign = builders.make_company("Foreign", responsible=other).id
        own = builders.make_company("Mine", responsible=db.session.get_one(User, staff)).id
    for company_id, status in ((foreign, 200), (own, 302)):
        page = client.post("/contactview/add", data={"name": "Ada", "company": str(company_id)})
        assert page.status_code == status
    assert client.post("/api/v1/contacts/", json={"name": "Bea", "company_id": foreign}).status_code == 422
    assert client.post("/api/v1/contacts/", json={"name": "Bea", "company_id": own}).status_code == 201


def test_a_get_never_deletes(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        company_id = builders.make_company(responsible=db.session.get_one(User, staff)).id
    client.get(f"/companyview/delete/{company_id}")
    with app.app_context():
        assert db.session.get(Company, company_id) is not None


def test_staff_delete_only_what_they_are_responsible_for(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        company_id = builders.make_company(responsible=builders.make_user("Staff")).id
    page = client.post(f"/companyview/delete/{company_id}", follow_redirects=True)
    assert "Only who is responsible" in page.get_data(as_text=True)
    assert client.delete(f"/api/v1/companies/{company_id}").status_code == 403
    with app.app_context():
        assert db.session.get(Company, company_id) is not None


def test_the_list_offers_to_delete_only_what_one_may_delete(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        own = builders.make_company(responsible=db.session.get_one(User, staff)).id
        other = builders.make_company(responsible=builders.make_user("Staff")).id
    page = client.get("/companyview/list/").get_data(as_text=True)
    assert f"/companyview/delete/{own}" in page
    assert f"/companyview/delete/{other}" not in page
