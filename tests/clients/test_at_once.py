"""Two who do something to the same talks at the same moment: none waits for ever, and both ends are right."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from app import clock
from app.extensions import db
from app.models.people import User
from app.models.talks import Talk, Widget
from app.services.people import hand_over_run, hand_overs, people
from app.services.talks import nps, talk_settings, talks
from app.transaction import transaction
from tests import builders, visiting
from tests.clients.colleagues import Colleague
from tests.locks import holding
from tests.visiting import Client, newest_talk

TEAM = {"wren": "Staff", "otto": "Staff", "mara": "Manager", "ada": "Admin"}
MoveClock = Callable[[dt.datetime | None], None]


@pytest.fixture
def team(context: Flask) -> dict[str, User]:
    builders.make_pipeline()
    found = {name: builders.make_user(role, username=name) for name, role in TEAM.items()}
    group = builders.make_group("Sales", members=[found["wren"], found["otto"]], manager_id=found["mara"].id)
    visiting.make_widget(group)
    return found


@pytest.fixture
def client_of(app: Flask) -> Callable[[str], Colleague]:
    return lambda name: Colleague(app, name)


@pytest.fixture
def visitor(app: Flask, team: dict[str, User]) -> Client:
    return Client(app, db.session.scalars(select(Widget.key)).one())


def at_once(app: Flask, chat_id: int, *acts: Callable[[], Any]) -> list[Any]:
    """Do all of it while somebody has the chat locked: each comes to it in this order, and none before the others."""
    with ThreadPoolExecutor(len(acts)) as pool, holding(app, chat_id) as holder:
        doing = []
        for number, act in enumerate(acts, 1):
            doing.append(pool.submit(act))
            holder.wait_until_waiting(number)
        holder.let_go()
        return [one.result(30) for one in doing]


def in_own_context(app: Flask, service: Callable[[], Any]) -> Callable[[], Any]:
    """As the beat and the worker do it."""

    def act() -> Any:
        with app.app_context():
            return service()

    return act


def committed(service: Callable[[], Any]) -> Callable[[], Any]:
    def act() -> Any:
        with transaction():
            return service()

    return act


def test_of_two_who_take_a_talk_one_has_it_and_the_other_is_told_who(
    app: Flask, visitor: Client, client_of: Callable[[str], Colleague], team: dict[str, User]
) -> None:
    chat_id = visitor.write("Hello")["message"]["chat_id"]
    path, wren, otto = f"/talks/{newest_talk().number}/take", client_of("wren"), client_of("otto")
    first, second = at_once(app, chat_id, lambda: wren.call("POST", path), lambda: otto.call("POST", path))
    assert (first.status_code, second.status_code) == (200, 409)
    assert second.get_json()["error"]["code"] == "taken"
    assert newest_talk().responsible_id == team["wren"].id


def test_of_two_who_close_a_talk_the_second_hears_that_it_is_closed_and_the_client_is_asked_once(
    app: Flask, visitor: Client, client_of: Callable[[str], Colleague]
) -> None:
    chat_id = visitor.write("Hello")["message"]["chat_id"]
    path, wren, otto = f"/talks/{newest_talk().number}/close", client_of("wren"), client_of("otto")
    first, second = at_once(app, chat_id, lambda: wren.call("POST", path), lambda: otto.call("POST", path))
    assert (first.status_code, second.status_code) == (202, 409)
    assert second.get_json()["error"]["code"] == "already_closing"
    lines = [one["body"] for one in wren.get(f"/chats/{chat_id}/messages")["messages"]]
    assert len([line for line in lines if "closed talk" in line]) == 1


def test_of_two_scores_from_two_tabs_the_first_counts_and_is_told_once(
    app: Flask, visitor: Client, client_of: Callable[[str], Colleague]
) -> None:
    chat_id = visitor.write("Hello")["message"]["chat_id"]
    number, wren = newest_talk().number, client_of("wren")
    wren.call("POST", f"/talks/{number}/take")
    assert wren.call("POST", f"/talks/{number}/close").status_code == 202
    tabs = (Client(app, visitor.key, visitor.token), Client(app, visitor.key, visitor.token))
    first, second = at_once(
        app,
        chat_id,
        lambda: tabs[0].ask("POST", "/survey", json={"number": number, "score": 3}),
        lambda: tabs[1].ask("POST", "/survey", json={"number": number, "score": 2}),
    )
    assert (first.status_code, second.status_code) == (200, 409)
    assert second.get_json()["error"]["code"] == "not_asking"
    assert newest_talk().score == 3
    (item,) = [item for item in client_of("mara").feed() if item["event"] == "nps:low_score"]
    assert (item["count"], "3 of 10" in item["title"]) == (1, True)


def test_a_score_that_comes_as_time_runs_out_is_kept(
    app: Flask, visitor: Client, client_of: Callable[[str], Colleague], team: dict[str, User], at: MoveClock
) -> None:
    chat_id = visitor.write("Hello")["message"]["chat_id"]
    number = newest_talk().number
    with transaction():
        talk_settings.save(team["ada"], {"nps_timeout_hours": 1})
    client_of("wren").call("POST", f"/talks/{number}/close")
    at(clock.now() + dt.timedelta(hours=2))

    score, unrated = {"number": number, "score": 9}, in_own_context(app, committed(nps.close_unrated))
    answer, closed = at_once(app, chat_id, lambda: visitor.ask("POST", "/survey", json=score), unrated)
    assert (answer.status_code, closed) == (200, 0)
    assert (newest_talk().state, newest_talk().score) == ("closed", 9)


def order_hand_over(team: dict[str, User], *parts: str) -> int:
    with transaction(team["ada"].id):
        return int(hand_overs.start(team["ada"], team["wren"], team["otto"].id, parts).id)


@pytest.fixture
def two_chats(app: Flask, visitor: Client, client_of: Callable[[str], Colleague]) -> tuple[int, int]:
    """Two chats whose open talks are Wren's, the second one's the older."""
    wren, other = client_of("wren"), Client(app, visitor.key)
    first = visitor.write("Hello")["message"]["chat_id"]
    wren.call("POST", f"/talks/{newest_talk().number}/close", without_survey=True)
    second = other.write("Hello")["message"]["chat_id"]
    wren.answer(second, "Good morning")
    visitor.write("One more thing")
    wren.answer(first, "Good morning")
    return first, second


def states() -> list[tuple[str, str | None]]:
    """State and responsible person of the newest talk of each chat."""
    db.session.expire_all()
    rows = db.session.execute(
        text(
            "SELECT DISTINCT ON (t.chat_id) t.state, u.username FROM talks t LEFT JOIN ab_user u"
            " ON u.id = t.responsible_id ORDER BY t.chat_id, t.number DESC"
        )
    )
    return [(row.state, row.username) for row in rows]


def close_silent(team: dict[str, User], at: MoveClock) -> Callable[[], Any]:
    with transaction():
        talk_settings.save(team["ada"], {"auto_close_hours": 5})
    at(clock.now() + dt.timedelta(hours=6))
    return committed(talks.close_silent)


def close_unrated(_team: dict[str, User], at: MoveClock) -> Callable[[], Any]:
    with transaction():
        asked = {"now": clock.now(), "hour": dt.timedelta(hours=1)}
        db.session.execute(
            text(
                "UPDATE talks SET state = 'closing', survey_seq = 0, survey_asked_at = :now - chat_id * :hour"
                " WHERE state = 'open'"
            ),
            asked,
        )
    at(clock.now() + dt.timedelta(days=9))
    return committed(nps.close_unrated)


def hand_over(team: dict[str, User], _at: MoveClock) -> Callable[[], Any]:
    order_id = order_hand_over(team, "talks")
    return lambda: hand_over_run.run(order_id)


def deactivate(team: dict[str, User], _at: MoveClock) -> Callable[[], Any]:
    admin_id, user_id = team["ada"].id, team["wren"].id

    def put_out() -> None:
        people.deactivate(db.session.get_one(User, admin_id), db.session.get_one(User, user_id), "has left")

    return committed(put_out)


@pytest.mark.parametrize("prepare", [hand_over, deactivate])
def test_a_talk_passed_on_while_its_person_leaves_stays_where_it_was_passed(
    app: Flask,
    visitor: Client,
    client_of: Callable[[str], Colleague],
    team: dict[str, User],
    at: MoveClock,
    prepare: Callable[..., Callable[[], Any]],
) -> None:
    chat_id = visitor.write("Hello")["message"]["chat_id"]
    number, wren, mara_id = newest_talk().number, client_of("wren"), team["mara"].id
    wren.call("POST", f"/talks/{number}/take")
    leave = in_own_context(app, prepare(team, at))
    passed, _ = at_once(app, chat_id, lambda: wren.call("POST", f"/talks/{number}/transfer", user_id=mara_id), leave)
    assert passed.status_code == 200
    assert newest_talk().responsible_id == mara_id


@pytest.mark.parametrize(
    ("prepare", "end"),
    [
        (close_silent, ("closed", "wren")),
        (close_unrated, ("closed", "wren")),
        (hand_over, ("open", "otto")),
        (deactivate, ("open", None)),
    ],
)
def test_whoever_changes_several_talks_keeps_nobody_waiting_who_has_the_first_of_their_chats(
    app: Flask,
    two_chats: tuple[int, int],
    team: dict[str, User],
    at: MoveClock,
    prepare: Callable[..., Callable[[], Any]],
    end: tuple[str, str | None],
) -> None:
    service, (first, second) = prepare(team, at), two_chats

    db.session.rollback()
    with ThreadPoolExecutor(1) as pool, holding(app, first) as holder:
        doing = pool.submit(in_own_context(app, service))
        holder.wait_until_waiting(1)
        holder.hold(second)  # Where that one had it already, each would wait for the other now.
        holder.let_go()
        doing.result(30)
    assert states() == [end, end]
    assert db.session.scalar(select(Talk.chat_id).order_by(Talk.number.desc()).limit(1)) == first


def test_a_message_sent_again_before_the_first_was_answered_is_there_once_and_both_are_answered_alike(
    app: Flask, visitor: Client, client_of: Callable[[str], Colleague]
) -> None:
    chat_id = visitor.write("Hello")["message"]["chat_id"]
    again = Client(app, visitor.key, visitor.token)
    sent = {"client_id": "same", "body": "Are you there?"}
    first, second = at_once(
        app,
        chat_id,
        lambda: visitor.ask("POST", "/messages", json=sent),
        lambda: again.ask("POST", "/messages", json=sent),
    )
    assert [answer.status_code for answer in (first, second)] == [201, 200]
    assert first.get_json()["message"]["id"] == second.get_json()["message"]["id"]
    path, wren = f"/chats/{chat_id}/messages", client_of("wren")
    answers = at_once(app, chat_id, *[lambda: wren.call("POST", path, client_id="mine", body="Yes, here I am")] * 2)
    assert sorted(answer.status_code for answer in answers) == [200, 201]
    assert len({answer.get_json()["message"]["id"] for answer in answers}) == 1
    assert [one["body"] for one in visitor.seen()] == ["Hello", "Are you there?", "Yes, here I am"]
