"""What admins keep for the CRM: pipelines, their stages and the types of tasks."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.extensions import db
from app.models.crm import Lead, Pipeline, Stage, Task, TaskType
from app.models.notifications import Event
from app.services.records import pipelines
from app.transaction import transaction
from tests import builders


@pytest.fixture
def admin(app: Flask, client: FlaskClient) -> FlaskClient:
    with app.app_context():
        builders.make_user("Admin", username="ada")
        with transaction():
            pipelines.ensure_default()
    return builders.login(client, "ada")


def stage_id(app: Flask, name: str, pipeline: str = "Sales") -> int:
    with app.app_context():
        found = select(Stage.id).join(Pipeline).where(Stage.name == name, Pipeline.name == pipeline)
        return int(db.session.scalars(found).one())


def names(app: Flask, pipeline: str = "Sales") -> list[str]:
    with app.app_context():
        found = select(Stage.name).join(Pipeline).where(Pipeline.name == pipeline).order_by(Stage.position)
        return list(db.session.scalars(found))


def lead_in(app: Flask, stage: int, **values: Any) -> int:
    with app.app_context():
        return int(builders.make_lead(stage=db.session.get_one(Stage, stage), **values).id)


def test_a_new_stage_stands_behind_those_of_its_kind_and_can_be_moved(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        pipeline = db.session.scalars(select(Pipeline.id)).one()
    form = {"pipeline": pipeline, "name": "Test ride", "kind": "open", "colour": "6"}
    answer = admin.post("/stageview/add", data=form)
    assert answer.headers["Location"] == f"/pipelineview/show/{pipeline}"
    assert names(app) == ["Incoming", "New", "Talking", "Offer sent", "Negotiation", "Test ride", "Won", "Lost"]
    admin.post(f"/stageview/move/{stage_id(app, 'Test ride')}/up")
    assert names(app)[4:6] == ["Test ride", "Negotiation"]
    admin.post(f"/stageview/move/{stage_id(app, 'Lost')}/down")
    assert names(app)[-1] == "Lost"
    page = admin.get(f"/pipelineview/show/{pipeline}").get_data(as_text=True)
    assert '<span class="fd-stage" data-c="6">Test ride</span>' in page


def test_a_stage_with_leads_goes_only_when_its_leads_have_somewhere_to_go(app: Flask, admin: FlaskClient) -> None:
    talking, new, won = (stage_id(app, name) for name in ("Talking", "New", "Won"))
    lead = lead_in(app, talking)
    answer = admin.post(f"/stageview/delete/{talking}")
    assert answer.headers["Location"] == f"/stageview/remove/{talking}"
    assert "Talking" in names(app)
    page = admin.get(f"/stageview/remove/{talking}").get_data(as_text=True)
    assert f'<option value="{new}">' in page
    assert f'<option value="{won}">' not in page, "a lead must not be won by deleting a stage"
    refused = admin.post(f"/stageview/remove/{talking}", data={"target": won})
    assert "Choose one of the stages that are offered" in refused.get_data(as_text=True)
    assert "Talking" in names(app)
    admin.post(f"/stageview/remove/{talking}", data={"target": new})
    assert "Talking" not in names(app)
    with app.app_context():
        assert db.session.get_one(Lead, lead).stage_id == new
        event = db.session.scalars(select(Event).filter_by(subject_type="lead", subject_id=lead)).one()
        assert (event.tag, event.data["old"], event.data["new"]) == ("lead:stage", "Talking", "New")


def test_each_pipeline_keeps_an_open_a_won_and_a_lost_stage(app: Flask, admin: FlaskClient) -> None:
    won = stage_id(app, "Won")
    page = admin.post(f"/stageview/delete/{won}", follow_redirects=True).get_data(as_text=True)
    assert "The last won stage of a pipeline stays" in page
    form = {"name": "Won", "kind": "lost", "colour": "won"}
    assert "The last won stage" in admin.post(f"/stageview/edit/{won}", data=form).get_data(as_text=True)
    assert "Won" in names(app)


def test_what_a_stage_with_leads_means_stays(app: Flask, admin: FlaskClient) -> None:
    talking = stage_id(app, "Talking")
    lead_in(app, talking)
    form = {"name": "Talking", "kind": "won", "colour": "2"}
    page = admin.post(f"/stageview/edit/{talking}", data=form).get_data(as_text=True)
    assert "This stage has leads; what it means cannot change any more" in page
    assert admin.post(f"/stageview/edit/{talking}", data=form | {"kind": "incoming"}).status_code == 302


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"name": "talking"}, "has a stage of this name already"),
        ({"name": "  "}, "This field is needed"),
        ({"kind": "perhaps"}, "Not a valid choice"),
        ({"colour": "red; background: url(x)"}, "Not a valid choice"),
        ({"pipeline": "999999"}, "Choose an existing one"),
    ],
)
def test_a_stage_is_checked(app: Flask, admin: FlaskClient, form: dict[str, str], message: str) -> None:
    with app.app_context():
        pipeline = str(db.session.scalars(select(Pipeline.id)).one())
    good = {"pipeline": pipeline, "name": "Test ride", "kind": "open", "colour": "6"}
    assert message in admin.post("/stageview/add", data=good | form).get_data(as_text=True)
    assert len(names(app)) == 7


def test_the_last_pipeline_stays_and_another_hands_its_leads_over(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        first = db.session.scalars(select(Pipeline.id)).one()
    assert "The last pipeline stays" in admin.post(f"/pipelineview/delete/{first}", follow_redirects=True).get_data(
        as_text=True
    )
    admin.post("/pipelineview/add", data={"name": "Repairs", "currency": "usd"})
    assert names(app, "Repairs") == names(app)
    won, offer = stage_id(app, "Won", "Repairs"), stage_id(app, "Offer sent", "Repairs")
    leads = lead_in(app, won), lead_in(app, offer)
    with app.app_context():
        repairs = db.session.scalars(select(Pipeline).filter_by(name="Repairs")).one()
        assert repairs.currency == "USD"
        second = repairs.id
    assert admin.post(f"/pipelineview/delete/{second}").headers["Location"] == f"/pipelineview/remove/{second}"
    admin.post(f"/pipelineview/remove/{second}", data={"target": first})
    with app.app_context():
        assert [db.session.get_one(Lead, lead).stage.name for lead in leads] == ["Won", "Offer sent"]
        assert db.session.scalars(select(Pipeline.id)).all() == [first]


def test_a_new_lead_is_in_its_pipelines_currency(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        pipeline = db.session.scalars(select(Pipeline.id)).one()
    admin.post(f"/pipelineview/edit/{pipeline}", data={"name": "Sales", "currency": "chf"})
    assert admin.post("/api/v1/leads/", json={"name": "Tandem"}).get_json()["result"]["currency"] == "CHF"
    page = admin.get("/leadview/add").get_data(as_text=True)
    assert 'value="CHF"' in page
    wrong = admin.post(f"/pipelineview/edit/{pipeline}", data={"name": "Sales", "currency": "€"})
    assert "Three letters like EUR are needed" in wrong.get_data(as_text=True)


def test_a_task_type_is_offered_as_soon_as_it_is_made_and_its_tasks_get_another_one(
    app: Flask, admin: FlaskClient
) -> None:
    admin.post("/tasktypeview/add", data={"name": "Site visit", "colour": "7"})
    assert '<option value="site_visit">Site visit</option>' in admin.get("/taskview/add").get_data(as_text=True)
    due = "2030-05-04T10:00:00+00:00"
    task = admin.post("/api/v1/tasks/", json={"text": "Measure", "due_at": due, "type": "site_visit"}).get_json()
    assert task["result"]["type"] == "site_visit"
    listed = admin.get("/taskview/list/?_flt_0_type=site_visit").get_data(as_text=True)
    assert '<span class="fd-stage" data-c="7">Site visit</span>' in listed
    assert "Measure" in listed
    with app.app_context():
        kinds = {one.key: one.id for one in db.session.scalars(select(TaskType))}
    assert list(kinds) == ["todo", "call", "meeting", "mail", "offer", "site_visit"]
    visit = kinds["site_visit"]
    assert admin.post(f"/tasktypeview/delete/{visit}").headers["Location"] == f"/tasktypeview/remove/{visit}"
    admin.post(f"/tasktypeview/remove/{visit}", data={"target": kinds["meeting"]})
    with app.app_context():
        assert db.session.get_one(Task, task["id"]).type == "meeting"
        assert db.session.get(TaskType, visit) is None


def test_a_task_has_the_first_type_unless_said_otherwise(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        call = builders.make_task_type("Survey").id
    for _ in range(5):
        admin.post(f"/tasktypeview/move/{call}/up")
    body = {"text": "Ask", "due_at": "2030-05-04T10:00:00+00:00"}
    assert admin.post("/api/v1/tasks/", json=body).get_json()["result"]["type"] == "survey"
    refused = admin.post("/api/v1/tasks/", json=body | {"type": "party"})
    assert (refused.status_code, refused.get_json()["error"]["field"]) == (422, "type")
