"""Handing over: numbers before, all of it to one colleague, history stays, nothing in a circle."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import clock
from app.extensions import db
from app.models.crm import Contact, Lead, Task
from app.models.people import User
from app.services import feed
from app.services.clients import door_faults
from app.services.people import hand_over_run
from app.transaction import transaction
from tests import builders, chatting, visiting
from tests.visiting import Client

ALL = ["leads", "contacts", "companies", "tasks", "talks", "chats"]


@pytest.fixture
def house(app: Flask, client: FlaskClient) -> dict[str, int]:
    with app.app_context():
        della = builders.make_user("Admin", username="della", first_name="Della", last_name="Cruz")
        sam = builders.make_user("Staff", username="sam", first_name="Sam", last_name="Okafor")
        ann = builders.make_user("Staff", username="ann", first_name="Ann", last_name="Vale")
        lead = builders.make_lead("Tandem", responsible=sam)
        builders.make_lead("Old one", responsible=sam, closed_at=clock.now())
        contact = builders.make_contact("Basil Hedge", responsible=sam)
        builders.make_company("Hedge Couriers", responsible=sam)
        task = builders.make_task("Call Basil", responsible=sam, author=della)
        builders.make_task("Done", responsible=sam, completed_at=clock.now())
        chat = chatting.group(sam, [della], name="Wheels")
        Client(app, visiting.make_widget().key).write("Is it there?")
        db.session.execute(text("UPDATE talks SET responsible_id = :id"), {"id": sam.id})
        db.session.commit()
        found = {"della": della.id, "sam": sam.id, "ann": ann.id, "lead": lead.id, "contact": contact.id}
        found |= {"task": task.id, "chat": chat}
    builders.login(client, "della")
    return found


def hand_over(client: FlaskClient, house: dict[str, int], to: Any = "ann", parts: Any = ALL) -> Any:
    target = house.get(to, to)
    return client.post(f"/userview/handover/{house['sam']}", data={"to": target, "parts": parts})


def run(app: Flask) -> None:
    with app.app_context():
        hand_over_run.run(1)
        db.session.remove()


def test_everything_open_goes_to_the_other_one_and_history_stays(
    app: Flask, client: FlaskClient, house: dict[str, int]
) -> None:
    page = client.get(f"/userview/handover/{house['sam']}").get_data(as_text=True)
    assert [page.split(f'value="{part}"')[1].split('t-num">')[1][0] for part in ALL] == ["1"] * 6
    assert hand_over(client, house).status_code == 302
    assert "under way" in client.get(f"/userview/show/{house['sam']}").get_data(as_text=True)
    run(app)
    with app.app_context():
        lead, task = db.session.get_one(Lead, house["lead"]), db.session.get_one(Task, house["task"])
        assert (lead.responsible_id, task.responsible_id, task.author_id) == (
            house["ann"],
            house["ann"],
            house["della"],
        )
        assert db.session.get_one(Contact, house["contact"]).responsible_id == house["ann"]
        assert db.session.query(Lead).filter_by(name="Old one").one().responsible_id == house["sam"]
        assert db.session.query(Task).filter_by(text="Done").one().responsible_id == house["sam"]
        assert db.session.execute(text("SELECT responsible_id FROM talks")).scalar_one() == house["ann"]
        members = db.session.execute(
            text("SELECT user_id, role FROM chat_members WHERE chat_id = :id AND left_at IS NULL ORDER BY user_id"),
            {"id": house["chat"]},
        ).all()
        assert [tuple(row) for row in members] == [(house["della"], "member"), (house["ann"], "owner")]
        items = [item for item in feed.page(db.session(), house["ann"]).items if item["event"] == "lead:handed_over"]
        assert items[0]["title"] == "What Sam Okafor had is yours now"
        assert "1 open leads" in items[0]["body"]
    card = client.get(f"/leadview/show/{house['lead']}").get_data(as_text=True)
    assert "made Ann Vale responsible" in card
    assert "before: Sam Okafor" in card
    page = client.get(f"/userview/show/{house['sam']}").get_data(as_text=True)
    assert "handed everything chosen over to Ann Vale" in page
    assert "What this person has" not in page
    assert client.get(f"/userview/handover/{house['sam']}/progress/1").get_json() == {
        "state": "done",
        "done": 6,
        "total": 6,
    }


def test_only_what_is_ticked_goes(app: Flask, client: FlaskClient, house: dict[str, int]) -> None:
    assert hand_over(client, house, parts=["tasks"]).status_code == 302
    run(app)
    with app.app_context():
        assert db.session.get_one(Lead, house["lead"]).responsible_id == house["sam"]
        assert db.session.get_one(Task, house["task"]).responsible_id == house["ann"]


def test_a_deactivated_colleague_can_be_handed_over_and_their_clients_are_no_problem_any_more(
    app: Flask, client: FlaskClient, house: dict[str, int]
) -> None:
    client.post(f"/userview/deactivate/{house['sam']}", data={"deactivated_reason": "has left"})
    with app.app_context():
        with transaction():
            door_faults.note_deactivated(db.session.get_one(User, house["sam"]))
            assert door_faults.settle_deactivated() == 0, "the contact is still theirs"
        assert tags_of(house["della"]) == ["error:automation"]
    assert hand_over(client, house, parts=["leads", "contacts"]).status_code == 302
    run(app)
    with app.app_context():
        assert db.session.get_one(Lead, house["lead"]).responsible_id == house["ann"]
        assert tags_of(house["della"]) == ["error:automation_works"]


def tags_of(user_id: int) -> list[str]:
    """What the center tells somebody of the account's rules about Sam's clients."""
    items = feed.page(db.session(), user_id).items
    return [item["event"] for item in items if item["event"].startswith("error:") and "Sam Okafor" in item["title"]]


def test_a_hand_over_that_was_killed_goes_on_where_it_was(
    app: Flask, client: FlaskClient, house: dict[str, int]
) -> None:
    hand_over(client, house)
    with app.app_context():
        db.session.execute(
            text(
                "UPDATE hand_overs SET state = 'running', done = 1, counts = '{\"leads\": 1}',"
                " changed_at = clock_timestamp() - interval '2 minutes'"
            )
        )
        db.session.execute(
            text("UPDATE leads SET responsible_id = :ann WHERE id = :id"), {"ann": house["ann"], "id": house["lead"]}
        )
        db.session.commit()
        hand_over_run.sweep()
    run(app)
    with app.app_context():
        row = db.session.execute(text("SELECT state, done, counts FROM hand_overs")).one()
        assert (row.state, row.done, row.counts["leads"], row.counts["tasks"]) == ("done", 6, 1, 1)


def test_wrong_targets_are_refused_beside_the_field_and_nothing_goes(
    app: Flask, client: FlaskClient, house: dict[str, int]
) -> None:
    with app.app_context():
        free, gone = builders.make_user("Free").id, builders.make_user("Staff", active=False).id
    cases = [
        ("", "Choose a colleague"),
        (house["sam"], "Choose somebody else"),
        (free, "A free user cannot be responsible"),
        (gone, "is deactivated"),
        (999999, "Choose an existing"),
    ]
    for target, words in cases:
        answer = hand_over(client, house, to=target)
        assert answer.status_code == 422, words
        page = answer.get_data(as_text=True)
        assert words in page.split('id="to-error"')[1].split("</span>")[0], words
    nothing = hand_over(client, house, parts=[])
    assert nothing.status_code == 422
    assert "Choose what to hand over" in nothing.get_data(as_text=True)
    with app.app_context():
        assert db.session.execute(text("SELECT count(*) FROM hand_overs")).scalar_one() == 0
        assert db.session.get_one(User, house["sam"]).active


def test_nothing_goes_round_in_a_circle(app: Flask, client: FlaskClient, house: dict[str, int]) -> None:
    with app.app_context():
        builders.make_lead("Ann's", responsible=db.session.get_one(User, house["ann"]))
    assert hand_over(client, house).status_code == 302
    answer = client.post(f"/userview/handover/{house['ann']}", data={"to": house["sam"], "parts": ["leads"]})
    assert answer.status_code == 422
    assert "go round in a circle" in answer.get_data(as_text=True)
    again = hand_over(client, house)
    assert "is under way" in again.get_data(as_text=True)
    assert again.status_code == 422
