"""Generated lists: bounded, eager, sorted only by what is offered, and each request with its own filters."""

from __future__ import annotations

import datetime as dt
import html
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from unittest.mock import patch

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from app import clock
from app.extensions import db
from app.models.crm import Lead
from app.models.people import User
from app.views.generated import interface
from tests import builders

Statements = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture
def staff(app: Flask, client: FlaskClient) -> int:
    with app.app_context():
        user_id = builders.make_user("Staff", username="milo").id
    builders.login(client, "milo")
    return int(user_id)


@pytest.mark.parametrize("screen", ["lead", "contact", "company", "task"])
def test_a_page_of_25_rows_takes_at_most_ten_statements(
    app: Flask, client: FlaskClient, staff: int, statements: Statements, screen: str
) -> None:
    with app.app_context():
        me = db.session.get_one(User, staff)
        for _ in range(25):
            person = builders.make_user("Staff")
            company = builders.make_company(responsible=person)
            contact = builders.make_contact(responsible=person, company=company)
            lead = builders.make_lead(responsible=person, contact_id=contact.id, company_id=company.id)
            builders.make_task(responsible=person, author=me, lead_id=lead.id, contact_id=contact.id)
    with statements() as sent:
        assert client.get(f"/{screen}view/list/").status_code == 200
    assert len(sent) <= 10, sent


@pytest.mark.parametrize("kind", ["leads", "contacts", "companies", "tasks", "users", "groups"])
def test_an_api_list_takes_at_most_six_statements(
    app: Flask, client: FlaskClient, staff: int, statements: Statements, kind: str
) -> None:
    with app.app_context():
        for _ in range(10):
            person = builders.make_user("Staff")
            builders.make_group(members=[person])
            builders.make_lead(responsible=person)
            builders.make_contact(responsible=person)
            builders.make_company(responsible=person)
            builders.make_task(responsible=person)
    with statements() as sent:
        assert client.get(f"/api/v1/{kind}/").status_code == 200
    assert len(sent) <= 6, sent


@pytest.mark.parametrize(
    "arguments",
    [
        "page_LeadView=abc",
        "page_LeadView=-1",
        "psize_LeadView=x",
        "page_LeadView=99999999999999999999",
        "landing_page_x=abc",
        "_flt_9_name=x",
        "_flt_0_stage=abc",
        "_flt_0_state=abc",
        "_flt_0_next_task=abc",
        "_flt_0_budget=abc",
        "_flt_0_created_at=yesterday",
    ],
)
def test_bad_list_arguments_are_answered_400(client: FlaskClient, staff: int, arguments: str) -> None:
    assert client.get(f"/leadview/list/?{arguments}").status_code == 400


def test_an_address_with_many_arguments_is_a_list_like_others(client: FlaskClient, staff: int) -> None:
    assert client.get(f"/leadview/list/?{'&'.join(f'a{number}=1' for number in range(150))}").status_code == 200
    for strange in ("_flt_0=1", "_flt_=1", "_flt_x=1"):
        assert client.get(f"/leadview/list/?{strange}").status_code == 200, strange
    for kind in ("text/html", "application/json"):
        no_text = client.get("/leadview/list/", environ_overrides={"QUERY_STRING": "a=\xff"}, headers={"Accept": kind})
        assert (no_text.status_code, no_text.mimetype) == (400, kind)


@pytest.mark.parametrize(
    "query",
    [
        "abc",
        "!",
        "(",
        "{}]",
        "(filters:!((col:password,opr:eq,value:x)))",
        "(filters:!((col:name,opr:boom,value:x)))",
        "(filters:!((col:budget,opr:gt,value:abc)))",
        "(filters:!((col:id,opr:eq,value:'1%20or%201')))",
        "(filters:!((col:id,opr:in,value:5)))",
        "(page:-1)",
        "(page:999,page_size:100)",
        "(page:x)",
        "[1]",
        '{"filters":[{"col":"name","opr":"ct","value":"\\ud800"}]}',
    ],
)
def test_bad_queries_of_programs_are_answered_400(client: FlaskClient, staff: int, query: str) -> None:
    answer = client.get("/api/v1/leads/", query_string={"q": query})
    assert answer.status_code == 400
    assert set(answer.get_json()["error"]) >= {"code", "message"}


def test_a_character_that_cannot_be_stored_is_found_nowhere(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        builders.make_lead("Only lead")
    page = client.get("/leadview/list/?_flt_0_name=%00")
    assert page.status_code == 200
    assert "Only lead" not in page.get_data(as_text=True)


def test_an_unknown_sort_column_is_never_asked_of_the_database(
    app: Flask, client: FlaskClient, staff: int, statements: Statements
) -> None:
    with app.app_context():
        builders.make_lead("Only lead")
    with statements() as seen:
        for column in ("responsible.password", "garbage", "sort_key", "id; drop table leads"):
            page = client.get("/leadview/list/", query_string={"_oc_LeadView": column, "_od_LeadView": "asc"})
            assert page.status_code == 200
            assert "Only lead" in page.get_data(as_text=True)
            answer = client.get("/api/v1/leads/", query_string={"q": f'{{"order_column": "{column}"}}'})
            assert answer.status_code == 400
    orders = [statement.split("ORDER BY", 1)[1] for statement in seen if "ORDER BY" in statement]
    assert not any("password" in order or "garbage" in order for order in orders)


def test_a_page_never_holds_more_than_a_hundred_rows(app: Flask, client: FlaskClient, staff: int) -> None:
    add_leads(app, 120)
    page = client.get("/leadview/list/?psize_LeadView=1000000").get_data(as_text=True)
    assert page.count('name="rowid"') <= 100
    assert page.count("/leadview/show/") <= 100
    answer = client.get("/api/v1/leads/?q=(page_size:1000000)").get_json()
    assert (answer["count"], len(answer["ids"]), len(answer["result"])) == (120, 100, 100)


def test_counting_stops_above_ten_thousand(app: Flask, client: FlaskClient, staff: int) -> None:
    add_leads(app, 30)
    with patch.object(interface, "COUNT_MAX", 20):
        assert client.get("/api/v1/leads/").get_json()["count"] == 21
    add_leads(app, 9_980)
    assert "10,000+" in client.get("/leadview/list/").get_data(as_text=True)


def test_rison_and_json_filters_page_and_sort(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        for number in range(5):
            builders.make_lead(f"100% Lead {number}", budget=number * 10)
        builders.make_lead("Other", budget=99)
    filters = "filters:!((col:name,opr:ct,value:'100%'),(col:budget,opr:gt,value:10))"
    rison = f"({filters},order_column:budget,order_direction:desc)"
    json = '{"filters":[{"col":"name","opr":"sw","value":"100%"}],"order_column":"budget","page_size":2,"page":1}'
    by_rison = client.get("/api/v1/leads/", query_string={"q": rison}).get_json()
    by_json = client.get("/api/v1/leads/", query_string={"q": json}).get_json()
    assert [row["budget"] for row in by_rison["result"]] == [40, 30, 20]
    assert by_rison["count"] == 3
    assert [row["budget"] for row in by_json["result"]] == [20, 30]
    assert by_json["count"] == 5


def test_filters_of_one_request_are_never_seen_by_another(app: Flask, staff: int) -> None:
    with app.app_context():
        for name in ("alpha", "beta", "gamma", "delta"):
            builders.make_lead(f"{name} lead")
    barrier = threading.Barrier(4)
    clients = [builders.login(app.test_client(), "milo") for _ in range(4)]

    def ask(number: int) -> list[str]:
        name = ("alpha", "beta", "gamma", "delta")[number]
        wrong = []
        barrier.wait(timeout=20)
        for _ in range(15):
            page = clients[number].get(f"/leadview/list/?_flt_0_name={name}").get_data(as_text=True)
            answer = clients[number].get(f"/api/v1/leads/?q=(filters:!((col:name,opr:ct,value:{name})))").get_json()
            others = {"alpha", "beta", "gamma", "delta"} - {name}
            if any(f"{other} lead" in page for other in others) or f"{name} lead" not in page:
                wrong.append("page")
            if [row["name"] for row in answer["result"]] != [f"{name} lead"]:
                wrong.append("api")
        return wrong

    with ThreadPoolExecutor(4) as pool:
        assert [wrong for wrongs in pool.map(ask, range(4)) for wrong in wrongs] == []


def test_a_relation_never_loads_its_whole_table_into_a_form(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        for number in range(40):
            builders.make_contact(f"Lookable {number}")
        lead_id = builders.make_lead(contact_id=builders.make_contact("Chosen One").id).id
    for url in ("/leadview/list/", "/leadview/add", f"/leadview/edit/{lead_id}"):
        page = client.get(url).get_data(as_text=True)
        assert "Lookable" not in page
        assert 'data-url="/lookup/contacts"' in page
    assert "Chosen One</option>" in client.get(f"/leadview/edit/{lead_id}").get_data(as_text=True)


def heads_of(client: FlaskClient, screen: str) -> list[str]:
    page = client.get(f"/{screen}view/list/").get_data(as_text=True)
    found = re.findall(r'<th scope="col"(?! class="col-)[^>]*>(.*?)</th>', page, re.S)
    return [" ".join(re.sub("<[^>]+>", " ", one).split()) for one in found]


def test_each_person_chooses_the_columns_of_their_lists(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        builders.make_lead("Some lead")
        builders.make_user("Staff", username="wren")
    usual = ["Name", "Stage", "Responsible", "Budget", "Contact", "Next task", "Updated"]
    assert heads_of(client, "lead") == usual
    client.post("/leadview/columns", data={"columns": ["tags", "stage"]})
    assert heads_of(client, "lead") == ["Name", "Stage", "Tags"]
    assert heads_of(builders.login(app.test_client(), "wren"), "lead") == usual
    client.post("/leadview/columns", data={"columns": ["password"]})
    assert heads_of(client, "lead") == ["Name", "Stage", "Tags"]
    client.post("/leadview/columns", data={"usual": "1"})
    assert heads_of(client, "lead") == usual


def tabs_of(client: FlaskClient, screen: str) -> dict[str, tuple[str, str]]:
    """The tabs above a list: count and address by words."""
    page = client.get(f"/{screen}view/list/").get_data(as_text=True)
    tabs = page.split('class="fd-tabs fd-tabs--lg"')[1].split("</nav>")[0]
    found = re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)(?:<span[^>]*>([^<]*)</span>)?</a>', tabs)
    return {words: (count, html.unescape(address)) for address, words, count in found}


def test_a_lists_views_say_how_many_they_hold_and_show_just_these(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        me, wren = db.session.get_one(User, staff), builders.make_user("Staff")
        won, open_stage = builders.make_stage("won"), builders.make_stage("open")
        builders.make_lead("Won one", stage=won, closed_at=clock.now())
        builders.make_lead("Won long ago", stage=won, closed_at=clock.now() - dt.timedelta(days=70))
        builders.make_lead("Idle one", stage=open_stage, responsible=me)
        late = builders.make_lead("Late one", stage=open_stage, responsible=wren)
        builders.make_task("Call", responsible=wren, lead_id=late.id, due_at=clock.now() - dt.timedelta(days=1))
        builders.make_task("Mine", responsible=me, due_at=clock.now() + dt.timedelta(days=1))
        builders.make_task("Finished", responsible=me, completed_at=clock.now())
    expected = {
        "Open": {"Idle one", "Late one"},
        "Mine": {"Idle one"},
        "No next task": {"Idle one"},
        "Late tasks": {"Late one"},
        "Won this month": {"Won one"},
    }
    tabs = tabs_of(client, "lead")
    for words, names in expected.items():
        count, address = tabs[words]
        page = client.get(address).get_data(as_text=True)
        assert count == str(len(names))
        assert {name for name in ("Won one", "Won long ago", "Idle one", "Late one") if f">{name}<" in page} == names
        assert tabs_of(client, "lead").keys() == tabs.keys()
    assert "Late · " in client.get(tabs["Late tasks"][1]).get_data(as_text=True)
    tasks = tabs_of(client, "task")
    assert (tasks["Mine"][0], tasks["My day"][0]) == ("1", "0")
    assert "Finished" not in client.get(tasks["Mine"][1]).get_data(as_text=True)
    add_leads(app, 120)
    assert tabs_of(client, "lead")["Open"][0] == "99+"


def test_a_next_task_that_the_viewer_may_not_open_is_not_shown(app: Flask, client: FlaskClient, staff: int) -> None:
    with app.app_context():
        wren = builders.make_user("Staff")
        lead = builders.make_lead("My lead", responsible=db.session.get_one(User, staff))
        due_at = clock.now() - dt.timedelta(days=1)
        builders.make_task("Secret call", responsible=wren, lead_id=lead.id, due_at=due_at)
    assert "Secret call" in client.get("/leadview/list/").get_data(as_text=True)
    counts = {words: count for words, (count, _) in tabs_of(client, "lead").items()}
    assert (counts["No next task"], counts["Late tasks"]) == ("0", "1")
    with app.app_context():
        builders.set_visibility("own")
    page = client.get("/leadview/list/").get_data(as_text=True)
    assert "My lead" in page
    assert "Secret call" not in page
    tabs = tabs_of(client, "lead")
    assert (tabs["No next task"][0], tabs["Late tasks"][0]) == ("1", "0"), "as the column shows it"
    assert "My lead" in client.get(tabs["No next task"][1]).get_data(as_text=True)
    assert "My lead" not in client.get(tabs["Late tasks"][1]).get_data(as_text=True)


def add_leads(app: Flask, number: int) -> None:
    with app.app_context():
        stage_id = builders.make_stage().id
        rows = [{"name": f"Many {i}", "sort_key": f"many {i}", "stage_id": stage_id} for i in range(number)]
        db.session.execute(insert(Lead), rows)
        db.session.commit()
