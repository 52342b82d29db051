"""Saved filters, tags, what is done with several records at once, and deleting with a way back."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.models.crm import Lead, Task
from app.models.people import User
from app.models.records import SavedFilter
from tests import builders


@pytest.fixture
def rowan(app: Flask, client: FlaskClient) -> int:
    with app.app_context():
        user_id = builders.make_user("Manager", username="rowan").id
    builders.login(client, "rowan")
    return int(user_id)


@pytest.fixture
def two(app: Flask, rowan: int) -> list[int]:
    with app.app_context():
        user = db.session.get_one(User, rowan)
        return [int(builders.make_lead(name, responsible=user).id) for name in ("Gravel bike", "Cargo bike")]


def act(client: FlaskClient, action: str, rows: list[int], **asked: object) -> str:
    data = {"action": action, "rowid": rows, **{f"{action}-{name}": str(value) for name, value in asked.items()}}
    answer = client.post("/leadview/action_post", data=data, follow_redirects=True)
    assert answer.status_code == 200
    return html.unescape(answer.get_data(as_text=True))


def test_many_selected_records_are_found_as_quickly_as_one(
    app: Flask, client: FlaskClient, rowan: int, statements: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    """What is selected is read before anything is asked about it: an action without its answer does no more."""
    counts = []
    with app.app_context():
        user = db.session.get_one(User, rowan)
        ids = [builders.make_lead(responsible=user).id for _ in range(20)]
    for rows in (ids[:2], ids):
        with statements() as sent:
            client.post("/leadview/action_post", data={"action": "assign", "rowid": rows})
        counts.append(len(sent))
    assert counts[0] == counts[1]


def stored(app: Flask, ids: list[int]) -> list[Lead]:
    with app.app_context():
        leads = [db.session.get_one(Lead, lead_id) for lead_id in ids]
        for lead in leads:
            _ = lead.tags, lead.stage
        return leads


def test_selected_leads_are_assigned_moved_and_tagged(app: Flask, client: FlaskClient, two: list[int]) -> None:
    with app.app_context():
        wren, won = builders.make_user("Staff").id, builders.make_stage("won").id
    assert "Assigned" in act(client, "assign", two, responsible=wren)
    assert "Moved" in act(client, "stage", two, stage=won)
    assert "Tagged" in act(client, "tag", two, tag="VIP")
    act(client, "tag", two[:1], tag=" vip ")
    leads = stored(app, two)
    assert {lead.responsible_id for lead in leads} == {wren}
    assert {lead.stage.kind for lead in leads} == {"won"}
    assert all(lead.closed_at for lead in leads)
    assert [[tag.name for tag in lead.tags] for lead in leads] == [["VIP"], ["VIP"]]
    assert "Gravel" in client.get("/leadview/list/?_flt_0_tags=1").get_data(as_text=True)


def test_what_a_bulk_action_needs_is_asked_for(app: Flask, client: FlaskClient, two: list[int]) -> None:
    page = client.get("/leadview/list/").get_data(as_text=True)
    for action in ("assign", "stage", "tag"):
        assert f'id="bulk-LeadView-{action}"' in page
    assert "Responsible: " in act(client, "assign", two)
    assert "Stage: " in act(client, "stage", two, stage=999999)
    assert "Tag: " in act(client, "tag", two, tag="x" * 41)
    assert all(not lead.tags for lead in stored(app, two))


def test_deleting_can_be_undone_with_all_that_hung_on_it(app: Flask, client: FlaskClient, two: list[int]) -> None:
    with app.app_context():
        task = builders.make_task(responsible=builders.make_user(), lead_id=two[0]).id
    act(client, "tag", two, tag="VIP")
    client.post(f"/leadview/note/{two[0]}", data={"body": "Keep me"})
    page = act(client, "remove", two)
    assert "2 deleted" in page
    assert client.get(f"/leadview/show/{two[0]}").status_code == 404
    with app.app_context():
        assert db.session.get_one(Task, task).lead_id is None
    way_back = re.findall(r'action="(/leadview/restore/\w+)"', page)[0]
    with app.app_context():
        builders.make_user("Manager", username="della")
    other = builders.login(app.test_client(), "della")
    assert other.post(way_back).status_code == 404
    assert "2 brought back" in client.post(way_back, follow_redirects=True).get_data(as_text=True)
    assert client.post(way_back).status_code == 404
    leads = stored(app, two)
    assert [lead.name for lead in leads] == ["Gravel bike", "Cargo bike"]
    assert [tag.name for tag in leads[0].tags] == ["VIP"]
    with app.app_context():
        assert db.session.get_one(Task, task).lead_id == two[0]
    assert "Keep me" in client.get(f"/leadview/show/{two[0]}").get_data(as_text=True)


def test_one_that_may_not_be_deleted_keeps_all(app: Flask, client: FlaskClient, two: list[int]) -> None:
    with app.app_context():
        milo = builders.make_user("Staff", username="milo")
        own = builders.make_lead(responsible=milo).id
    staff = builders.login(app.test_client(), "milo")
    page = act(staff, "remove", [own, two[0]])
    assert "may delete this lead" in page
    assert client.get(f"/leadview/show/{own}").status_code == 200


def test_a_filter_is_saved_under_a_name_for_its_person_only(app: Flask, client: FlaskClient, two: list[int]) -> None:
    query = "_flt_0_name=Gravel&page_LeadView=3"
    answer = client.post("/leadview/views", data={"name": "Gravel ones", "query": query})
    assert answer.headers["Location"] == "/leadview/list/?_flt_0_name=Gravel"
    page = client.get("/leadview/list/?_flt_0_name=Gravel").get_data(as_text=True)
    assert re.search(r'aria-current="page">Gravel ones<', page)
    again = client.post("/leadview/views", data={"name": "Gravel ones", "query": query}, follow_redirects=True)
    assert "of this name already" in again.get_data(as_text=True)
    for wrong in ({"name": "", "query": query}, {"name": "x" * 61, "query": query}, {"name": "All", "query": ""}):
        client.post("/leadview/views", data=wrong)
    with app.app_context():
        assert db.session.query(SavedFilter).count() == 1
        builders.make_user("Staff", username="milo")
    other = builders.login(app.test_client(), "milo")
    assert "Gravel ones" not in other.get("/leadview/list/").get_data(as_text=True)
    assert other.post("/leadview/views/1/forget").status_code == 404
    assert client.post("/leadview/views/1/forget").status_code == 302
    with app.app_context():
        assert db.session.query(SavedFilter).count() == 0


def test_tags_of_a_card_come_and_go(app: Flask, client: FlaskClient, two: list[int]) -> None:
    client.post(f"/leadview/tags/{two[0]}", data={"tag": "<Big>"})
    page = client.get(f"/leadview/show/{two[0]}").get_data(as_text=True)
    assert "&lt;Big&gt;" in page
    client.post(f"/leadview/tags/{two[0]}", data={"tag": ""})
    client.post(f"/leadview/tags/{two[0]}/remove/1")
    assert stored(app, two)[0].tags == []


def test_bulk_actions_leave_hidden_records_out(app: Flask, client: FlaskClient, two: list[int]) -> None:
    with app.app_context():
        builders.set_visibility("own")
        builders.make_user("Staff", username="milo")
    staff = builders.login(app.test_client(), "milo")
    for action, asked in (("tag", {"tag": "mine"}), ("remove", {}), ("assign", {"responsible": 1})):
        act(staff, action, two, **asked)
    assert [lead.tags for lead in stored(app, two)] == [[], []]


def test_leads_change_their_pipeline_on_purpose_only(app: Flask, client: FlaskClient, two: list[int]) -> None:
    with app.app_context():
        other = builders.make_pipeline("Repairs")
        other_id, talking = other.id, builders.make_stage("won", pipeline=other).id
        before = [lead.stage_id for lead in db.session.query(Lead).order_by(Lead.id)]
    refused = client.put(f"/api/v1/leads/{two[0]}", json={"stage_id": talking})
    assert refused.status_code == 422
    assert refused.get_json()["error"]["field"] == "stage_id"
    assert "another pipeline, Repairs" in refused.get_json()["error"]["message"]
    assert "another pipeline, Repairs" in act(client, "stage", two, stage=talking)
    with app.app_context():
        assert [lead.stage_id for lead in db.session.query(Lead).order_by(Lead.id)] == before
    act(client, "pipeline", two, pipeline=other_id)
    with app.app_context():
        moved = [lead.stage for lead in db.session.query(Lead)]
        assert {(stage.pipeline_id, stage.name) for stage in moved} == {(other_id, "New")}
