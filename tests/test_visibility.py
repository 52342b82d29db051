"""Whose records staff see decides every place: list, count, card, board, search, look-up, API, feed and export."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.models.people import User
from app.models.records import Transfer
from app.services.account import account_settings
from app.services.exports import exports
from app.services.records import lead_answers, leads
from app.transaction import transaction
from tests import builders

NAMES = ("milo", "wren", "finn", "nobody")
# Milo and Wren share a group that Rowan manages; Finn is in none; the lead of nobody is of the group's pipeline.
SEEN = {
    ("all", "milo"): {"milo", "wren", "finn", "nobody"},
    ("groups", "milo"): {"milo", "wren", "nobody"},
    ("groups", "rowan"): {"milo", "wren", "nobody"},
    ("groups", "finn"): {"finn"},
    ("own", "milo"): {"milo"},
    ("own", "rowan"): set(),
    ("own", "della"): {"milo", "wren", "finn", "nobody"},
}
Place = Callable[[Flask, FlaskClient, dict[str, int]], set[str]]


@pytest.fixture
def office(app: Flask) -> dict[str, int]:
    """Return the leads' ids by whose they are. Everybody but the admin was told when each came in."""
    with app.app_context():
        rowan = builders.make_user("Manager", username="rowan")
        people = {name: builders.make_user("Staff", username=name) for name in ("milo", "wren", "finn")}
        della = builders.make_user("Admin", username="della")
        group = builders.make_group("Sales Office", members=[people["milo"], people["wren"]], manager_id=rowan.id)
        stage = builders.make_stage(pipeline=builders.make_pipeline(group=group))
        made = {}
        for name in NAMES:
            contact = builders.make_contact(f"Client of {name}", responsible=people.get(name))
            company = builders.make_company(f"Firm of {name}", responsible=people.get(name))
            lead = builders.make_lead(
                f"Order of {name}", responsible=people.get(name), stage=stage, contact=contact, company=company
            )
            made[name] = lead.id
            everybody = builders.make_group(f"Told of {name}", members=[])
            everybody.users = [*people.values(), rowan]
            db.session.commit()
            with transaction(della.id):
                lead.responsible_id = None
                db.session.flush()
                lead_answers.arrive(della, lead, group_id=everybody.id)
            with transaction(della.id):
                lead.responsible_id = people[name].id if name in people else None
            db.session.query(User)
            everybody.users = []
            db.session.commit()
        return made


def named(text: str) -> set[str]:
    return {name for name in NAMES if f"Order of {name}" in text}


def listed(app: Flask, client: FlaskClient, ids: dict[str, int]) -> set[str]:
    page = client.get("/leadview/list/").get_data(as_text=True)
    count = re.search(r'<span class="fd-count">(\d+)</span>', page)
    assert count is not None
    assert int(count[1]) == len(named(page)), "the count is of what one sees"
    return named(page)


def carded(app: Flask, client: FlaskClient, ids: dict[str, int]) -> set[str]:
    return {name for name, lead_id in ids.items() if client.get(f"/leadview/show/{lead_id}").status_code == 200}


def on_the_board(app: Flask, client: FlaskClient, ids: dict[str, int]) -> set[str]:
    with app.app_context():
        pipeline_id = (
            db.session.query(User)
            .session.execute(db.text("SELECT s.pipeline_id FROM leads l JOIN stages s ON s.id = l.stage_id LIMIT 1"))
            .scalar_one()
        )
    page = client.get(f"/leadview/board/?pipeline={pipeline_id}").get_data(as_text=True)
    counts = client.get(f"/leadview/board/totals?pipeline={pipeline_id}").get_json()
    assert sum(int(one["count"]) for one in counts.values()) == len(named(page))
    return named(page)


def searched(app: Flask, client: FlaskClient, ids: dict[str, int]) -> set[str]:
    hits = client.get("/api/v1/search/records?q=order+of").get_json()
    return named(" ".join(hit["title"] for hit in hits["leads"]))


def searched_on_the_list(app: Flask, client: FlaskClient, ids: dict[str, int]) -> set[str]:
    return named(client.get("/leadview/list/?_flt_8_name=order").get_data(as_text=True))


def looked_up(app: Flask, client: FlaskClient, ids: dict[str, int]) -> set[str]:
    return named(" ".join(one["text"] for one in client.get("/lookup/leads?q=order").get_json()["results"]))


def of_the_api(app: Flask, client: FlaskClient, ids: dict[str, int]) -> set[str]:
    answer = client.get("/api/v1/leads/").get_json()
    assert answer["count"] == len(answer["result"])
    single = {name for name, lead_id in ids.items() if client.get(f"/api/v1/leads/{lead_id}").status_code == 200}
    assert single == named(str(answer["result"]))
    return single


def in_the_feed(app: Flask, client: FlaskClient, ids: dict[str, int]) -> set[str]:
    return named(client.get("/api/v1/center/feed?filter=leads&unread_first=false").get_data(as_text=True))


def exported(app: Flask, client: FlaskClient, ids: dict[str, int]) -> set[str]:
    client.post("/leadview/export")
    with app.app_context():
        last = db.session.query(Transfer.id).order_by(Transfer.id.desc()).limit(1).scalar()
        exports.write(last)
    file = client.get(f"/exports/{last}/download").data.decode("utf-8-sig")
    return named(" ".join(cell for row in csv.reader(io.StringIO(file)) for cell in row))


PLACES: tuple[Place, ...] = (
    listed,
    carded,
    on_the_board,
    searched,
    searched_on_the_list,
    looked_up,
    of_the_api,
    in_the_feed,
    exported,
)


@pytest.mark.parametrize(("setting", "username"), list(SEEN))
def test_every_place_shows_the_same_leads(
    app: Flask, client: FlaskClient, office: dict[str, int], setting: str, username: str
) -> None:
    with app.app_context(), transaction():
        della = db.session.query(User).filter_by(username="della").one()
        account_settings.change(della, {"record_visibility": setting})
    builders.login(client, username)
    expected = SEEN[setting, username]
    told = username != "della"  # the admin brought them in, and nobody hears of what they did themselves
    shown = {place.__name__: place(app, client, office) for place in PLACES if told or place is not in_the_feed}
    assert shown == dict.fromkeys(shown, expected)


@pytest.mark.parametrize(("kind", "prefix"), [("contact", "Client of"), ("company", "Firm of")])
def test_clients_and_firms_are_seen_by_the_same_setting(
    app: Flask, client: FlaskClient, office: dict[str, int], kind: str, prefix: str
) -> None:
    with app.app_context():
        builders.set_visibility("own")
    builders.login(client, "milo")
    resource = {"contact": "contacts", "company": "companies"}[kind]
    for address in (f"/{kind}view/list/", f"/api/v1/{resource}/", f"/lookup/{resource}?q={prefix[:4]}"):
        page = client.get(address).get_data(as_text=True)
        assert {name for name in NAMES if f"{prefix} {name}" in page} == {"milo"}, address


def test_a_lead_that_is_passed_on_leaves_the_center_of_who_may_not_open_it_any_more(
    app: Flask, client: FlaskClient, office: dict[str, int]
) -> None:
    with app.app_context():
        della = db.session.query(User).filter_by(username="della").one()
        with transaction():
            account_settings.change(della, {"record_visibility": "own"})
    builders.login(client, "milo")
    assert in_the_feed(app, client, office) == {"milo"}
    with app.app_context(), transaction():
        people = {user.username: user for user in db.session.query(User)}
        lead = db.session.get_one(leads.Lead, office["milo"])
        leads.update(people["della"], lead, {"responsible_id": people["wren"].id})
    assert in_the_feed(app, client, office) == set()
