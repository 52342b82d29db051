"""Whose records staff see: all (default), their groups', or their own; the same for lists, cards, look-ups and API."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import access
from app.errors import NotFound
from app.extensions import db
from app.models.people import Group, User
from app.models.records import CardShare
from app.services.people import rights
from app.transaction import transaction
from tests import builders, visiting
from tests.clients.colleagues import Colleague


@pytest.fixture
def office(app: Flask) -> dict[str, int]:
    """Milo and Wren share a group managed by Rowan; Finn is in none. Each has a lead, and one lead is nobody's."""
    with app.app_context():
        rowan = builders.make_user("Manager", username="rowan")
        people = {name: builders.make_user("Staff", username=name) for name in ("milo", "wren", "finn")}
        builders.make_user("Admin", username="della")
        builders.make_user("Free", username="otto")
        group = builders.make_group("Sales Office", members=[people["milo"], people["wren"]], manager_id=rowan.id)
        stage = builders.make_stage(pipeline=builders.make_pipeline(group=group))
        leads = {name: builders.make_lead(name, responsible=person).id for name, person in people.items()}
        leads["nobody"] = builders.make_lead("nobody", stage=stage).id
        return leads


SEEN = {
    ("all", "milo"): {"milo", "wren", "finn", "nobody"},
    ("groups", "milo"): {"milo", "wren", "nobody"},
    ("groups", "finn"): {"finn"},
    ("groups", "rowan"): {"milo", "wren", "nobody"},
    ("groups", "della"): {"milo", "wren", "finn", "nobody"},
    ("own", "milo"): {"milo"},
    ("own", "rowan"): set(),
    ("own", "della"): {"milo", "wren", "finn", "nobody"},
}


@pytest.mark.parametrize(("setting", "username"), list(SEEN))
def test_list_card_lookup_and_api_agree(
    app: Flask, client: FlaskClient, office: dict[str, int], setting: str, username: str
) -> None:
    with app.app_context():
        builders.set_visibility(setting)
    builders.login(client, username)
    expected = SEEN[setting, username]
    assert {row["name"] for row in client.get("/api/v1/leads/").get_json()["result"]} == expected
    assert {row["text"] for row in client.get("/lookup/leads").get_json()["results"]} == expected
    page = client.get("/leadview/list/").get_data(as_text=True)
    for name, lead_id in office.items():
        assert (f"/leadview/show/{lead_id}" in page) == (name in expected)
        status = 200 if name in expected else 404
        assert client.get(f"/leadview/show/{lead_id}").status_code == status
        assert client.get(f"/api/v1/leads/{lead_id}").status_code == status
        assert client.put(f"/api/v1/leads/{lead_id}", json={"currency": "USD"}).status_code == status


def test_missing_and_forbidden_look_the_same(app: Flask, client: FlaskClient, office: dict[str, int]) -> None:
    with app.app_context():
        builders.set_visibility("own")
    builders.login(client, "milo")
    forbidden = client.get(f"/api/v1/leads/{office['finn']}")
    missing = client.get("/api/v1/leads/999999")
    assert forbidden.get_data() == missing.get_data()
    assert forbidden.status_code == missing.status_code == 404


def test_who_set_a_task_keeps_seeing_it(app: Flask, client: FlaskClient, office: dict[str, int]) -> None:
    with app.app_context():
        builders.set_visibility("own")
        users = {user.username: user for user in db.session.query(User)}
        task_id = builders.make_task(responsible=users["finn"], author=users["milo"]).id
    assert builders.login(client, "milo").get(f"/taskview/show/{task_id}").status_code == 200
    assert builders.login(app.test_client(), "finn").get(f"/taskview/show/{task_id}").status_code == 200
    assert builders.login(app.test_client(), "wren").get(f"/taskview/show/{task_id}").status_code == 404


def test_free_users_and_people_without_a_role_see_no_record(app: Flask, office: dict[str, int]) -> None:
    with app.app_context():
        free = db.session.query(User).filter_by(username="otto").one()
        for person in (free, builders.make_user(None)):
            assert access.is_free(person)
            for load, record_id in (
                (access.access_lead, office["nobody"]),
                (access.access_task, 1),
                (access.access_group, 1),
            ):
                with pytest.raises(NotFound):
                    load(person, record_id)


def test_a_role_by_a_group_counts(app: Flask) -> None:
    with app.app_context():
        group = builders.make_group()
        group.roles = [builders.make_role("Staff")]
        db.session.commit()
        person = builders.make_user("Free", groups=[group])
        assert not access.is_free(person)
        assert access.role_names(person) == {"Free", "Staff"}


@pytest.mark.parametrize("record_id", [0, -1, 2**31, 2**80])
def test_an_impossible_id_is_not_found(app: Flask, record_id: int) -> None:
    with app.app_context():
        admin = builders.make_user("Admin")
        with pytest.raises(NotFound):
            access.access_lead(admin, record_id)


def test_calls_are_seen_by_who_talked_by_whose_client_it_is_and_nobodys_by_the_lines_group(
    app: Flask, office: dict[str, int]
) -> None:
    with app.app_context():
        builders.set_visibility("own")
        users = {user.username: user for user in db.session.query(User)}
        group = db.session.query(Group).one()
        calls = {
            "milo talked to finn's client": builders.make_call(responsible=users["finn"], user_id=users["milo"].id).id,
            "nobody's, of the office's line": builders.make_call(line_id=builders.make_line(group).id).id,
            "nobody's, of a line without a group": builders.make_call(line_id=builders.make_line().id).id,
        }
    seen = {
        name: [
            builders.login(app.test_client(), name).get(f"/api/v1/calls/{call_id}").status_code == 200
            for call_id in calls.values()
        ]
        for name in ("milo", "wren", "finn", "della", "otto")
    }
    assert seen == {
        "milo": [True, True, True],
        "wren": [False, True, True],
        "finn": [True, False, True],
        "della": [True, True, True],
        "otto": [False, False, False],
    }


def test_a_role_without_the_right_to_see_mails_or_calls_opens_its_own_mails_only(context: Flask) -> None:
    role = builders.make_role("Lookers")
    role.permissions = rights.permissions_of(["contacts.see"])
    db.session.commit()
    rita = builders.make_user("Lookers")
    client = builders.make_contact(responsible=rita).id
    own = builders.make_mail(builders.make_mailbox(owner=rita))
    of_a_client = builders.make_mail(builders.make_mailbox(group=builders.make_group()), contact_id=client)
    call = builders.make_call(responsible=rita, contact_id=client, user_id=rita.id)
    loads = [(access.access_mail, own.id), (access.access_mail, of_a_client.id), (access.access_call, call.id)]

    def opened() -> list[bool]:
        found = []
        for load, record_id in loads:
            try:
                found.append(load(rita, record_id).id == record_id)
            except NotFound:
                found.append(False)
        return found

    assert opened() == [True, False, False]
    role.permissions = rights.permissions_of(["contacts.see", "mails.see", "calls.see"])
    db.session.commit()
    assert opened() == [True, True, True]


def test_who_only_looked_at_a_talk_does_so_no_more_once_people_see_only_their_own(app: Flask) -> None:
    with app.app_context():
        group = builders.make_group(members=[builders.make_user("Staff", username="ann")])
        builders.make_user("Staff", username="wren")
        visitor = visiting.Client(app, visiting.make_widget(group).key)
    chat_id = visitor.write("Is it there?")["message"]["chat_id"]
    number = Colleague(app, "ann").get(f"/chats/{chat_id}")["result"]["talk"]["number"]
    looker = Colleague(app, "wren")
    assert looker.call("GET", f"/chats/{chat_id}").status_code == 200
    with app.app_context():
        wren = db.session.query(User).filter_by(username="wren").one()
        assert access.access_talk(wren, number).number == number
        builders.set_visibility("own")  # the place of who looks is taken a moment later
        with pytest.raises(NotFound):
            access.access_talk(wren, number)


def test_a_shared_card_opens_no_other_kinds_card_of_the_same_number(app: Flask, office: dict[str, int]) -> None:
    with app.app_context():
        contact, company = builders.make_contact().id, builders.make_company().id
        assert contact == company == office["milo"]
        otto_id = db.session.query(User.id).filter_by(username="otto").scalar()
        with transaction():
            db.session.add(CardShare(user_id=otto_id, subject_type="lead", subject_id=office["milo"]))
    otto = builders.login(app.test_client(), "otto")
    kinds = ("lead", "contact", "company")
    opened = [otto.get(f"/{kind}view/show/{office['milo']}").status_code for kind in kinds]
    assert opened[0] == 200
    assert not {200, 302} & set(opened[1:])


def test_saved_answers_are_ones_own_and_the_shared_ones(app: Flask, office: dict[str, int]) -> None:
    with app.app_context():
        users = {user.username: user for user in db.session.query(User)}
        private = builders.make_answer(users["wren"], "Discount", shared=False).id
        builders.make_answer(users["rowan"], "Opening hours")
    for name, expected in (("wren", {"Discount", "Opening hours"}), ("milo", {"Opening hours"})):
        client = builders.login(app.test_client(), name)
        listed = client.get("/api/v1/saved-answers/").get_json()["result"]
        assert {row["name"] for row in listed} == expected
        status = client.get(f"/api/v1/saved-answers/{private}").status_code
        assert status == (200 if name == "wren" else 404)
