"""Clients write, colleagues take, answer and close: by REST, as programs do."""

from __future__ import annotations

import datetime as dt
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app import clock
from app.errors import TooMany
from app.extensions import db
from app.jobs.periodic import PERIODIC_JOBS
from app.models.calls import Call
from app.models.crm import Contact, Lead, Task
from app.models.people import Group, User
from app.models.talks import Talk, Widget
from app.services.account import account_settings
from app.services.clients import client_members, visitor_flood
from app.services.people import groups
from app.services.records import history, notes, tags
from app.services.talks import nps, talk_clock, talk_settings, talks
from app.services.tasks import task_types
from app.transaction import transaction
from tests import builders, visiting
from tests.clients.colleagues import Colleague
from tests.visiting import Client, newest_talk


@pytest.fixture
def team(context: Flask) -> dict[str, User]:
    """A manager with a group of two, and an admin."""
    builders.make_pipeline()
    people = {name: builders.make_user(role, username=name) for name, role in TEAM.items()}
    group = builders.make_group("Sales", members=[people["wren"], people["otto"]], manager_id=people["mara"].id)
    visiting.make_widget(group)
    return people


TEAM = {"wren": "Staff", "otto": "Staff", "mara": "Manager", "ada": "Admin"}


@pytest.fixture
def visitor(app: Flask, team: dict[str, User]) -> Client:
    return Client(app, db.session.scalars(select(Widget.key)).one())


def test_the_first_message_of_an_unknown_client_makes_a_contact_a_lead_and_a_talk(visitor, client_of) -> None:
    said = visitor.write("Do you have the red one?")
    talk = newest_talk()
    assert (talk.state, talk.responsible_id) == ("open", None)
    assert talk.waiting_since is not None
    assert said["talk"]["number"] == talk.number
    lead = db.session.scalars(select(Lead)).one()
    assert lead.contact_id == talk.contact_id
    assert lead.responsible_id is None
    (item,) = client_of("wren").feed()
    assert item["event"] == "lead:incoming"
    assert "the red one" in item["body"]
    assert item["unread"]
    assert client_of("mara").feed() == []


def test_a_repeat_answers_the_first_message(visitor) -> None:
    first = visitor.write("Hello", client_id="same")
    again = visitor.ask("POST", "/messages", json={"client_id": "same", "body": "Hello"})
    assert again.status_code == 200
    assert again.get_json()["message"]["id"] == first["message"]["id"]
    assert len(visitor.seen()) == 1


def test_a_known_address_finds_the_contact(visitor, team) -> None:
    known = builders.make_contact("Basil Hedge", email="basil@example.org")
    visitor.hello()
    visitor.ask("POST", "/contact", json={"email": "Basil@example.org"})
    visitor.write("It is me")
    assert newest_talk().contact_id == known.id
    assert db.session.scalar(select(func.count(Lead.id))) == 0


def test_an_address_left_later_joins_the_known_contact(visitor, team) -> None:
    known = builders.make_contact("Basil Hedge", email="basil@example.org")
    visitor.write("Hello")
    assert visitor.ask("POST", "/contact", json={"email": "basil@example.org"}).status_code == 200
    assert newest_talk().contact_id == known.id
    assert db.session.scalar(select(func.count(Contact.id))) == 1


def test_what_hung_on_the_provisional_contact_goes_to_the_known_one(visitor, team) -> None:
    """Notes were left behind on a contact that was gone, and mails and calls belonged to nobody."""
    known = builders.make_contact("Basil Hedge", email="basil@example.org")
    visitor.write("Hello")
    provisional = db.session.get_one(Contact, newest_talk().contact_id)
    line = builders.make_line()
    with transaction():
        notes.add(team["wren"], history.subject_of(provisional), "Sounds like the baker")
        tags.tag(team["wren"], provisional, "VIP")
        call = Call(line_id=line.id, external_id="c1", direction="incoming", status="missed", contact_id=provisional.id)
        call.phone, call.started_at = "+436601234567", clock.now()
        db.session.add(call)
    call_id = call.id
    assert visitor.ask("POST", "/contact", json={"email": "basil@example.org"}).status_code == 200
    db.session.expire_all()
    assert [note.body for note in notes.of(history.subject_of(known))] == ["Sounds like the baker"]
    assert [tag.name for tag in db.session.get_one(Contact, known.id).tags] == ["VIP"]
    assert db.session.get_one(Call, call_id).contact_id == known.id


def test_taking_settles_the_others_notices(visitor, client_of, team) -> None:
    visitor.write("Hello")
    number = newest_talk().number
    taken = client_of("wren").call("POST", f"/talks/{number}/take")
    assert taken.status_code == 200
    assert taken.get_json()["result"]["responsible_id"] == team["wren"].id
    (item,) = client_of("otto").feed()
    assert not item["unread"]
    assert item["body"].startswith("Taken by Pat")
    assert item["actions"] == []
    assert db.session.scalars(select(Lead)).one().responsible_id == team["wren"].id


def test_who_takes_second_is_told_who_was_faster(visitor, client_of) -> None:
    visitor.write("Hello")
    number = newest_talk().number
    assert client_of("wren").call("POST", f"/talks/{number}/take").status_code == 200
    refused = client_of("otto").call("POST", f"/talks/{number}/take")
    assert refused.status_code == 409
    assert "Pat" in refused.get_json()["error"]["message"]
    assert client_of("wren").call("POST", f"/talks/{number}/take").status_code == 200


def test_of_two_who_take_at_the_same_moment_one_wins(visitor, client_of) -> None:
    visitor.write("Hello")
    number, both = newest_talk().number, [client_of("wren"), client_of("otto")]
    start = threading.Barrier(2)

    def take(colleague: Colleague) -> Any:
        start.wait(10)
        return colleague.call("POST", f"/talks/{number}/take")

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(take, both))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (lost,) = [answer.get_json()["error"] for answer in answers if answer.status_code == 409]
    assert lost["code"] == "taken"
    assert "Pat" in lost["message"]


def test_a_talk_taken_while_its_lead_is_accepted_has_one_winner(visitor, client_of) -> None:
    visitor.write("Hello")
    number, lead_id = newest_talk().number, db.session.scalars(select(Lead.id)).one()
    start = threading.Barrier(2)

    def post(colleague: Colleague, path: str) -> int:
        start.wait(10)
        return int(colleague.call("POST", path).status_code)

    both = ((client_of("wren"), f"/talks/{number}/take"), (client_of("otto"), f"/leads/{lead_id}/accept"))
    with ThreadPoolExecutor(2) as pool:
        found = [pool.submit(post, colleague, path) for colleague, path in both]
    assert sorted(one.result() for one in found) == [200, 409]
    db.session.expire_all()
    assert newest_talk().responsible_id == db.session.scalars(select(Lead.responsible_id)).one()


def test_two_first_messages_at_once_make_one_chat_and_one_talk(visitor) -> None:
    visitor.hello()
    start = threading.Barrier(2)

    def write(words: str) -> int:
        start.wait(10)
        return visitor.ask("POST", "/messages", json={"client_id": words, "body": words}).status_code

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(write, ("one", "two"))) == [201, 201]
    assert len(visitor.seen()) == 2
    assert db.session.scalar(select(func.count(Talk.number))) == 1


def test_the_first_answer_takes_the_talk_and_ends_the_waiting(visitor, client_of, team) -> None:
    chat_id = visitor.write("Hello")["message"]["chat_id"]
    wren = client_of("wren")
    assert wren.get("/center/feed")["counters"]["waiting"] == 1
    wren.answer(chat_id, "Yes, we do")
    talk = newest_talk()
    assert talk.responsible_id == team["wren"].id
    assert talk.waiting_since is None
    counters = wren.get("/center/feed")["counters"]
    assert (counters["waiting"], counters["longest_waiting_at"]) == (0, None)
    assert [one["body"] for one in visitor.seen()] == ["Hello", "Yes, we do"]


def test_reading_is_not_answering(visitor, client_of) -> None:
    said = visitor.write("Hello")["message"]
    wren = client_of("wren")
    wren.get(f"/chats/{said['chat_id']}")
    assert wren.call("POST", f"/chats/{said['chat_id']}/read", seq=said["seq"]).status_code == 200
    assert wren.get("/center/feed")["counters"]["waiting"] == 1
    assert wren.call("POST", f"/talks/{newest_talk().number}/no-answer-needed").status_code == 200
    assert wren.get("/center/feed")["counters"]["waiting"] == 0


def test_a_note_never_reaches_the_client(visitor, client_of) -> None:
    chat_id = visitor.write("Hello")["message"]["chat_id"]
    wren = client_of("wren")
    wren.answer(chat_id, "He never pays", note=True)
    wren.answer(chat_id, "How can I help?")
    shown = visitor.ask("GET", "/messages").get_data(as_text=True) + str(visitor.hello())
    assert "never pays" not in shown
    assert "How can I help?" in shown
    assert "took this talk" not in shown
    assert "has this talk now" not in shown
    for address in ("@example.com", "wren", "person"):
        assert address not in shown
    assert any(one["note"] for one in wren.get(f"/chats/{chat_id}/messages")["messages"])


def test_closing_asks_for_a_score_and_a_low_one_is_told(visitor, client_of, team) -> None:
    chat_id = visitor.write("Hello")["message"]["chat_id"]
    wren = client_of("wren")
    wren.answer(chat_id, "Hi")
    number = newest_talk().number
    closed = wren.call("POST", f"/talks/{number}/close")
    assert closed.status_code == 202
    assert closed.get_json()["result"]["state"] == "closing"
    assert wren.call("POST", f"/talks/{number}/close").status_code == 409
    assert visitor.hello()["talk"]["survey"]["number"] == number
    for score in (0, 11, "9", None):
        assert visitor.ask("POST", "/survey", json={"number": number, "score": score}).status_code == 422
    assert visitor.ask("POST", "/survey", json={"number": number + 1, "score": 4}).status_code == 404
    answer = visitor.ask("POST", "/survey", json={"number": number, "score": 4, "comment": "Too slow"})
    assert answer.status_code == 200
    assert answer.get_json()["thanks"]
    assert visitor.ask("POST", "/survey", json={"number": number, "score": 9}).status_code == 409
    talk = newest_talk()
    assert (talk.state, talk.score, talk.comment) == ("closed", 4, "Too slow")
    (item,) = [item for item in client_of("mara").feed() if item["event"] == "nps:low_score"]
    assert "4 of 10" in item["title"]
    assert "Too slow" in item["body"]
    assert any(item["event"] == "nps:low_score" for item in wren.feed())
    assert not any(item["event"] == "nps:low_score" for item in client_of("otto").feed())


def test_a_message_after_closing_opens_the_next_talk(visitor, client_of) -> None:
    chat_id = visitor.write("Hello")["message"]["chat_id"]
    wren = client_of("wren")
    wren.answer(chat_id, "Hi")
    first = newest_talk().number
    wren.call("POST", f"/talks/{first}/close", without_survey=True)
    assert newest_talk().state == "closed"
    assert visitor.write("One more thing")["talk"]["number"] > first
    assert len(wren.get(f"/talks/{newest_talk().number}")["result"]["history"]) == 2


def test_digits_score_and_other_text_reopens(visitor, client_of) -> None:
    chat_id = visitor.write("Hello")["message"]["chat_id"]
    wren = client_of("wren")
    wren.answer(chat_id, "Hi")
    number = newest_talk().number
    wren.call("POST", f"/talks/{number}/close")
    visitor.write("wait, one question")
    assert (newest_talk().number, newest_talk().state) == (number, "open")
    wren.answer(chat_id, "Yes?")
    wren.call("POST", f"/talks/{number}/close")
    assert newest_talk().state == "closed", "a talk asks once"


@pytest.mark.parametrize(
    ("written", "score"),
    [("9", 9), ("9/10", 9), ("9!", 9), ("10", 10), (" 10 / 10 ", 10), ("0", None), ("11", None), ("9 bikes", None)],
)
def test_what_counts_as_a_score(written: str, score: int | None) -> None:
    assert nps.score_of(written) == score


def test_a_late_number_still_scores(visitor, client_of, at, team) -> None:
    chat_id = visitor.write("Hello")["message"]["chat_id"]
    wren = client_of("wren")
    wren.answer(chat_id, "Hi")
    number = newest_talk().number
    with transaction():
        talk_settings.save(
            db.session.scalars(select(User).where(User.username == "ada")).one(), {"nps_timeout_hours": 1}
        )
    wren.call("POST", f"/talks/{number}/close")
    at(clock.now() + dt.timedelta(hours=2))
    with transaction():
        assert nps.close_unrated() == 1
    assert newest_talk().state == "closed"
    assert newest_talk().score is None
    visitor.write("8/10")
    assert (newest_talk().number, newest_talk().score) == (number, 8)


def test_an_unanswered_talk_is_told_to_the_group_and_then_to_the_manager(visitor, client_of, at) -> None:
    visitor.write("Hello")
    start = clock.now()
    at(start + dt.timedelta(minutes=6))
    with transaction():
        assert talk_clock.tell_unanswered() == 1
    with transaction():
        assert talk_clock.tell_unanswered() == 0
    assert any(item["event"] == "talk:unanswered" for item in client_of("otto").feed())
    assert client_of("mara").feed() == []
    at(start + dt.timedelta(minutes=16))
    with transaction():
        assert talk_clock.tell_unanswered() == 1
    assert any(item["event"] == "talk:unanswered" for item in client_of("mara").feed())


def test_silent_talks_close_by_themselves_unless_the_client_waits(visitor, client_of, at, team) -> None:
    chat_id = visitor.write("Hello")["message"]["chat_id"]
    with transaction():
        talk_settings.save(team["ada"], {"auto_close_hours": 5})
    at(clock.now() + dt.timedelta(hours=6))
    with transaction():
        assert talks.close_silent() == 0
    client_of("wren").answer(chat_id, "Hi")
    at(clock.now() + dt.timedelta(hours=6))
    with transaction():
        assert talks.close_silent() == 1
    assert newest_talk().state == "closed"


def test_the_tab_clients_has_mine_unassigned_and_all_open(visitor, client_of, app) -> None:
    visitor.write("Hello")
    other = Client(app, visitor.key)
    other.write("Me too")
    wren, mara = client_of("wren"), client_of("mara")
    assert len(wren.feed("clients_unassigned")) == 2
    assert wren.feed("clients_mine") == []
    wren.call("POST", f"/talks/{newest_talk().number}/take")
    assert len(wren.feed("clients_mine")) == 1
    assert len(wren.feed("clients_unassigned")) == 1
    assert len(mara.feed("clients_open")) == 2
    assert len(mara.feed("clients")) == 2


def test_a_transfer_tells_the_new_one(visitor, client_of, team) -> None:
    chat_id = visitor.write("Hello")["message"]["chat_id"]
    wren = client_of("wren")
    wren.answer(chat_id, "Hi")
    number = newest_talk().number
    assert wren.call("POST", f"/talks/{number}/transfer", user_id=999999).status_code == 422
    assert wren.call("POST", f"/talks/{number}/transfer", user_id=team["otto"].id).status_code == 200
    item = next(item for item in client_of("otto").feed() if item["kind"] == "chat")
    assert item["unread"]
    assert item["chat"]["talk"]["responsible_id"] == team["otto"].id


def test_a_free_user_who_is_asked_reads_and_writes_notes_only(visitor, client_of, team) -> None:
    chat_id = visitor.write("Hello")["message"]["chat_id"]
    number = newest_talk().number
    free = builders.make_user("Free", username="freda")
    freda, wren = client_of("freda"), client_of("wren")
    assert freda.call("GET", f"/talks/{number}").status_code == 404
    assert freda.call("GET", f"/chats/{chat_id}").status_code == 404
    asked = wren.call("POST", f"/talks/{number}/ask", user_id=free.id, question="Do we have red?")
    assert asked.status_code == 200, asked.get_data(as_text=True)
    assert freda.get(f"/talks/{number}")["result"]["can"]["close"] is False
    assert freda.call("POST", f"/talks/{number}/take").status_code == 403
    refused = freda.call("POST", f"/chats/{chat_id}/messages", client_id="x1", body="Yes!")
    assert refused.status_code == 403
    friend = builders.make_user("Free")
    for colleague in (freda, wren):
        let_in = colleague.call("POST", f"/chats/{chat_id}/members", user_ids=[friend.id])
        assert (let_in.status_code, let_in.get_json()["error"]["code"]) == (409, "client_chat")
    freda.answer(chat_id, "We have", note=True)
    assert [one["body"] for one in visitor.seen()] == ["Hello"]


def test_a_free_user_who_may_answer_never_gets_the_talk(visitor, client_of, team) -> None:
    chat_id = visitor.write("Hello")["message"]["chat_id"]
    free = builders.make_user("Free", username="freda")
    freda, wren, number = client_of("freda"), client_of("wren"), newest_talk().number
    assert wren.call("POST", f"/talks/{number}/take").status_code == 200
    assert wren.call("POST", f"/talks/{number}/ask", user_id=free.id, question="Red?", answer=True).status_code == 200
    freda.answer(chat_id, "We have red ones")
    wren.call("POST", f"/talks/{number}/close", without_survey=True)
    freda.answer(chat_id, "And blue ones")
    assert newest_talk().number > number
    assert newest_talk().responsible_id == team["wren"].id


def test_tokens_are_checked(visitor, app) -> None:
    visitor.write("Hello")
    head, _, signature = visitor.token.rpartition(".")
    forged = Client(app, visitor.key, f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}")
    assert forged.ask("POST", "/hello").status_code == 401
    elsewhere = Client(app, visiting.make_widget().key, visitor.token)
    assert elsewhere.ask("POST", "/hello").status_code == 403
    assert Client(app, "nothing").ask("POST", "/hello").status_code == 404
    foreign = visitor.ask("POST", "/hello", headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert foreign.get_json()["error"]["code"] == "foreign_origin"
    for body, status in ((b"[]", 400), (b"{", 400), (b"[" * 100_000, 400), (b'{"a": "%s"}' % (b"x" * 300_000), 413)):
        answer = visitor.ask("POST", "/messages", data=body, content_type="application/json")
        assert (answer.status_code, set(answer.get_json()["error"]) >= {"code", "message"}) == (status, True), body[:9]
    too_long = visitor.ask("POST", "/messages", json={"client_id": "l", "body": "x" * 10_001})
    assert too_long.status_code == 422
    assert len(visitor.seen()) == 1


def test_who_is_asked_reads_that_talk_and_nothing_before_it(visitor, client_of, team) -> None:
    chat_id = visitor.write("My secret wish is a tandem")["message"]["chat_id"]
    kept = visitor.ask("POST", "/files", data={"file": (io.BytesIO(b"a tandem"), "wish.txt")}).get_json()["id"]
    wish = visitor.write("Like this", file_ids=[kept])["message"]["id"]
    wren, first = client_of("wren"), newest_talk().number
    wren.call("POST", f"/talks/{first}/close", without_survey=True)
    visitor.write("Which saddle fits?")
    free = builders.make_user("Free", username="gina")
    second = newest_talk().number
    assert wren.call("POST", f"/talks/{second}/ask", user_id=free.id, question="Do you know?").status_code == 200
    gina = client_of("gina")
    for path in ("", "?around_seq=1", "?before_seq=3", "?after_seq=0"):
        read = [message["body"] for message in gina.get(f"/chats/{chat_id}/messages{path}")["messages"]]
        assert not [body for body in read if "tandem" in body or f"talk {first}" in body], path
    assert "Which saddle fits?" in [one["body"] for one in gina.get(f"/chats/{chat_id}/messages")["messages"]]
    assert gina.get("/search?q=tandem")["messages"] == []
    for colleague, status in ((gina, 404), (wren, 200)):
        assert colleague.call("GET", f"/files/{kept}").status_code == status
        assert colleague.call("POST", f"/chats/messages/{wish}/reactions", emoji="👍", on=True).status_code == status
    assert gina.call("GET", f"/talks/{first}").status_code == 404
    assert [talk["number"] for talk in gina.get(f"/talks/{second}")["result"]["history"]] == [second]
    assert [talk["number"] for talk in wren.get(f"/talks/{second}")["result"]["history"]] == [second, first]


def test_a_talk_is_found_by_its_number_by_who_may_see_it(visitor, client_of, team) -> None:
    chat_id = visitor.write("Hello")["message"]["chat_id"]
    number = newest_talk().number
    client_of("wren").call("POST", f"/talks/{number}/take")
    for words in (str(number), f"%23{number}"):
        (found,) = client_of("otto").get(f"/search?q={words}")["clients"]
        assert (found["chat_id"], found["talk"], found["seq"]) == (chat_id, number, 1)
    builders.set_visibility("own")
    assert client_of("otto").get(f"/search?q={number}")["clients"] == []


def test_a_low_score_makes_a_task_where_the_account_wants_it(visitor, client_of, team) -> None:
    with transaction():
        talk_settings.save(team["ada"], {"nps_follow_up": True})
    visitor.write("Hello")
    number, wren = newest_talk().number, client_of("wren")
    wren.call("POST", f"/talks/{number}/take")
    assert wren.call("POST", f"/talks/{number}/close").status_code == 202
    twice = wren.call("POST", f"/talks/{number}/close")
    assert (twice.status_code, twice.get_json()["error"]["code"]) == (409, "already_closing")
    for score in (0, 11, "9", True, None):
        assert visitor.ask("POST", "/survey", json={"number": number, "score": score}).status_code == 422
    assert visitor.ask("POST", "/survey", json={"number": number, "score": 3}).status_code == 200
    again = visitor.ask("POST", "/survey", json={"number": number, "score": 9})
    assert (again.status_code, newest_talk().score) == (409, 3)
    (task,) = db.session.scalars(select(Task))
    assert (task.type, task.responsible_id, task.contact_id) == ("call", team["wren"].id, newest_talk().contact_id)
    assert f"talk {number}" in task.text


def test_a_low_score_makes_a_task_also_where_admins_have_other_types_of_tasks(visitor, client_of, team) -> None:
    with transaction():
        talk_settings.save(team["ada"], {"nps_follow_up": True})
        task_types.ensure_defaults()
        db.session.execute(text("DELETE FROM task_types WHERE key = 'call'"))
    visitor.write("Hello")
    number, wren = newest_talk().number, client_of("wren")
    wren.call("POST", f"/talks/{number}/take")
    wren.call("POST", f"/talks/{number}/close")
    assert visitor.ask("POST", "/survey", json={"number": number, "score": 3}).status_code == 200
    (task,) = db.session.scalars(select(Task))
    assert (task.type, task.responsible_id) == ("todo", team["wren"].id)


def test_with_own_records_only_a_taken_talk_is_hidden(visitor, client_of) -> None:
    builders.set_visibility("own")
    chat_id = visitor.write("Hello")["message"]["chat_id"]
    number = newest_talk().number
    client_of("wren").call("POST", f"/talks/{number}/take")
    otto = client_of("otto")
    assert otto.call("GET", f"/talks/{number}").status_code == 404
    assert otto.call("GET", f"/chats/{chat_id}/messages").status_code == 404
    assert otto.get("/center/feed")["counters"]["waiting"] == 0


def test_with_own_records_only_who_was_told_hears_and_reads_no_more_of_a_taken_talk(visitor, client_of, team) -> None:
    visitor.write("Hello")
    known = newest_talk()
    with transaction():
        # A known client whom nobody serves: the whole group is in the chat until somebody takes the talk.
        db.session.get_one(Talk, known.number).state = "closed"
    chat_id = visitor.write("My order is late")["message"]["chat_id"]
    otto, wren = client_of("otto"), client_of("wren")
    said = otto.get(f"/chats/{chat_id}/messages")["messages"]
    builders.set_visibility("own")
    assert otto.call("GET", f"/chats/{chat_id}/messages").status_code == 200
    wren.call("POST", f"/talks/{newest_talk().number}/take")
    wren.answer(chat_id, "The courier has lost it", note=True)
    assert otto.call("GET", f"/chats/{chat_id}").status_code == 404
    assert otto.call("GET", f"/chats/{chat_id}/messages").status_code == 404
    assert otto.call("GET", f"/chats/{chat_id}/messages/{said[-1]['id']}/trace").status_code == 404
    assert [item for item in otto.feed("clients") if item["chat"]["id"] == chat_id] == []
    assert otto.get("/search?q=courier")["messages"] == []
    assert wren.call("GET", f"/chats/{chat_id}/messages").status_code == 200


def test_a_stricter_setting_takes_away_what_was_only_looked_at(visitor, app, client_of, team, monkeypatch) -> None:
    monkeypatch.setattr(client_members, "PART_AT_ONCE", 1)
    wren, otto, chat_ids = client_of("wren"), client_of("otto"), []
    for one in (visitor, Client(app, visitor.key)):
        chat_ids.append(one.write("Hello")["message"]["chat_id"])
        wren.call("POST", f"/talks/{newest_talk().number}/take")
        assert otto.call("GET", f"/chats/{chat_ids[-1]}/messages").status_code == 200
    with transaction():
        account_settings.change(team["ada"], {"record_visibility": "own"})
    (go_on,) = (job.run for job in PERIODIC_JOBS if job.name == "what may not be seen any more")
    for _ in range(2):
        db.session.remove()
        go_on()
    for chat_id in chat_ids:
        assert otto.call("GET", f"/chats/{chat_id}/messages").status_code == 404
        assert client_of("ada").call("GET", f"/chats/{chat_id}/messages").status_code == 200


def test_who_leaves_the_group_keeps_nothing_of_its_clients(visitor, client_of, team) -> None:
    builders.set_visibility("groups")
    chat_id = visitor.write("Hello")["message"]["chat_id"]
    client_of("wren").call("POST", f"/talks/{newest_talk().number}/take")
    otto = client_of("otto")
    assert otto.call("GET", f"/chats/{chat_id}/messages").status_code == 200
    assert [item["event"] for item in otto.feed()] == ["lead:incoming"]
    with transaction():
        groups.update(team["ada"], db.session.scalars(select(Group)).one(), {"member_ids": [team["wren"].id]})
    assert otto.call("GET", f"/chats/{chat_id}/messages").status_code == 404
    assert otto.feed() == []
    assert client_of("wren").call("GET", f"/chats/{chat_id}/messages").status_code == 200


def test_who_leaves_the_group_waits_with_it_for_no_client_any_more(visitor, client_of, team) -> None:
    builders.set_visibility("groups")
    visitor.write("Hello")
    with transaction():
        # A known client whom nobody serves: the whole group is in the chat until somebody takes the talk.
        db.session.get_one(Talk, newest_talk().number).state = "closed"
    chat_id = visitor.write("My order is late")["message"]["chat_id"]
    otto, wren = client_of("otto"), client_of("wren")
    for colleague in (otto, wren):
        assert colleague.call("GET", f"/chats/{chat_id}/messages").status_code == 200
    with transaction():
        groups.update(team["ada"], db.session.scalars(select(Group)).one(), {"member_ids": [team["wren"].id]})
    assert otto.call("GET", f"/chats/{chat_id}/messages").status_code == 404
    assert [item for item in otto.feed() if item.get("chat", {}).get("id") == chat_id] == []
    assert wren.call("GET", f"/chats/{chat_id}/messages").status_code == 200


def test_groups_without_people_leave_clients_to_admins(context, app, client_of) -> None:
    builders.make_pipeline()
    builders.make_user("Admin", username="ada")
    Client(app, visiting.make_widget().key).write("Hello")
    assert [item["event"] for item in client_of("ada").feed()] == ["lead:incoming", "error:automation"]


def test_the_team_sees_the_page_on_which_the_client_writes(visitor, client_of) -> None:
    wren = client_of("wren")
    visitor.write("Hello", page_url="https://shop.example/bikes/7")
    number = visiting.newest_talk().number
    assert wren.get(f"/talks/{number}")["result"]["page_url"] == "https://shop.example/bikes/7"
    visitor.write("And this?", page_url="javascript:alert(1)")
    assert wren.get(f"/talks/{number}")["result"]["page_url"] == "https://shop.example/bikes/7"


def test_too_many_new_clients_at_once_wait_and_are_asked_to_try_again(visitor, app) -> None:
    visitor.hello()
    with ExitStack() as stack:
        for _ in range(visitor_flood.BEGINNINGS_AT_ONCE):
            stack.enter_context(visitor_flood.turn())
        with pytest.raises(TooMany), visitor_flood.turn(patience=0.01):
            pass
    assert visitor.write("Hello")["message"]["seq"] == 1
