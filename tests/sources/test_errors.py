"""What the account could not do by itself: told once per cause with its cure, and told when it is over."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from app import clock
from app.extensions import db
from app.models.people import User
from app.models.webhooks import Webhook
from app.services import render
from app.services.account import channel_health, webhooks
from app.services.clients import messengers, widgets
from app.services.people import people
from app.services.records import pipelines
from app.services.talks import talk_settings, talks
from app.services.tasks import tasks
from app.transaction import transaction
from tests import builders, news
from tests.stored import items, snapshots, told
from tests.visiting import Client, make_messenger, make_widget, newest_talk

BEGUN, OVER = "error:automation", "error:automation_works"


@pytest.fixture
def ada(context: Flask) -> User:
    """The only admin, of an account with one pipeline without a group."""
    builders.make_pipeline()
    return builders.make_user("Admin", username="ada", email="ada@example.com")


def words(tag: str = BEGUN, rule: str = "admin") -> tuple[str, str, str]:
    """The newest notice of a kind as an admin reads it: title, body, address."""
    line = render.headline(tag, rule, snapshots(tag)[-1])
    return line.title, line.body, line.url


def silent_talks(app: Flask, count: int, hours: int = 5) -> None:
    """Answered talks that are closed by themselves after so many hours of silence."""
    widget = make_widget(builders.make_group("Sales", members=[builders.make_user("Staff")]))
    for _ in range(count):
        Client(app, widget.key).write("Hello")
    with transaction():
        talk_settings.save(db.session.scalars(select(User).where(User.username == "ada")).one(),
                           {"auto_close_hours": hours})  # fmt: skip
        db.session.execute(text("UPDATE talks SET waiting_since = NULL"))


def close_silent() -> int:
    with transaction():
        return talks.close_silent()


def test_a_chat_whose_clients_nobody_is_told_of_is_told_once_and_solved_by_a_group(app, ada) -> None:
    widget = make_widget()
    for _ in range(3):
        Client(app, widget.key).write("Hello")
    assert items("ada").count((BEGUN, 1, True)) == 1, "three clients are one notice"
    title, body, url = words()
    assert title == "The website chat Shop has no group"
    assert "Choose a group" in body
    assert url == f"/widgetview/edit/{widget.id}"
    group = builders.make_group("Sales", members=[builders.make_user("Staff")])
    with transaction():
        widgets.update(ada, widget, {"group_id": group.id})
    assert (OVER, 1, True) in items("ada")
    assert words(OVER)[0] == "Solved: The website chat Shop has no group"
    Client(app, widget.key).write("Hello")
    assert len(told(BEGUN)) == 1


def test_a_group_that_has_people_again_is_seen_by_the_next_client(app, ada) -> None:
    wren = builders.make_user("Staff", username="wren")
    widget = make_widget(builders.make_group("Sales", members=[wren]))
    with transaction():
        people.deactivate(ada, wren)
    Client(app, widget.key).write("Hello")
    assert [data["problem"] for data in snapshots(BEGUN)] == ["widget_without_group"]
    with transaction():
        people.reactivate(ada, db.session.get_one(User, wren.id))
    Client(app, widget.key).write("Hello")
    assert told(OVER) == [(OVER, "ada", "admin")]


def test_a_group_for_the_pipeline_solves_all_doors_at_once(app, ada) -> None:
    Client(app, make_widget().key).write("Hello")
    messenger = make_messenger()
    messengers.receive(messenger, messengers.Incoming("c1", "m1", "Hi", "Basil"))
    assert [data["problem"] for data in snapshots(BEGUN)] == ["widget_without_group", "messenger_without_group"]
    group = builders.make_group("Sales", members=[builders.make_user("Staff")])
    with transaction():
        pipelines.update(ada, pipelines.every()[0], {"group_id": group.id})
    assert len(told(OVER)) == 2


def test_clients_of_somebody_deactivated_go_to_the_group_and_are_told_once(app, ada) -> None:
    wren = builders.make_user("Staff", username="wren")
    group = builders.make_group("Sales", members=[builders.make_user("Staff", username="milo")])
    form = builders.make_form(group)
    for number in range(2):
        builders.make_contact(f"Client {number}", email=f"c{number}@example.org", responsible=wren)
    with transaction():
        people.deactivate(ada, wren)
    for number in range(2):
        sent = {"email": f"c{number}@example.org", "name": "X", "message": f"Hello {number}"}
        assert app.test_client().post(f"/hooks/forms/{form.token}", json=sent).status_code == 200
    assert told(BEGUN) == [(BEGUN, "ada", "admin")]
    assert "who is deactivated" in words()[0]
    assert words()[2] == f"/contactview/list/?_flt_0_responsible={wren.id}"
    with transaction():
        people.reactivate(ada, db.session.get_one(User, wren.id))
    assert told(OVER) == [(OVER, "ada", "admin")]


def test_a_talk_that_cannot_be_closed_holds_up_no_other_and_is_told(app, ada, at, monkeypatch) -> None:
    silent_talks(app, 2)
    broken = newest_talk().number
    close = talks._close

    def closes(talk: Any, *rest: Any, **values: Any) -> None:
        close(talk, *rest, **values)
        if talk.number == broken:
            raise RuntimeError("the question cannot be put")

    monkeypatch.setattr(talks, "_close", closes)
    at(clock.now() + dt.timedelta(hours=6))
    assert [close_silent() for _ in range(3)] == [1, 0, 0]
    assert newest_talk().state == "open", "nothing of what failed is kept"
    assert items("ada").count((BEGUN, 1, True)) == 1, "failing every half minute is one notice"
    title, body, url = words()
    assert title == f"Talk {broken} could not be closed by itself"
    assert url == f"/center/?chat={newest_talk().chat_id}"
    monkeypatch.undo()
    assert close_silent() == 1
    assert (OVER, 1, True) in items("ada")


def test_a_follow_up_that_fails_loses_no_score(app, ada, monkeypatch) -> None:
    group = builders.make_group("Sales", members=[builders.make_user("Staff", username="wren")])
    visitor = Client(app, make_widget(group).key)
    visitor.write("Hello")
    with transaction():
        talk_settings.save(ada, {"nps_on": True, "nps_follow_up": True})
        talks.close(ada, newest_talk().number)
    monkeypatch.setattr(tasks, "check", lambda *_: (_ for _ in ()).throw(RuntimeError("no type")))
    number = newest_talk().number
    assert visitor.ask("POST", "/survey", json={"number": number, "score": 2}).status_code == 200
    assert newest_talk().score == 2
    assert snapshots(BEGUN)[0]["problem"] == "follow_up_failed"
    assert words()[2] == f"/center/?chat={newest_talk().chat_id}"


def test_low_scores_for_somebody_deactivated_go_to_admins_who_are_told_why(app, ada) -> None:
    mara = builders.make_user("Manager", username="mara")
    group = builders.make_group("Sales", members=[builders.make_user("Staff")])
    visitor = Client(app, make_widget(group).key)
    visitor.write("Hello")
    with transaction():
        talk_settings.save(ada, {"nps_on": True, "nps_responsible_id": mara.id})
        talks.close(ada, newest_talk().number)
        people.deactivate(ada, mara)
    assert visitor.ask("POST", "/survey", json={"number": newest_talk().number, "score": 2}).status_code == 200
    assert ("nps:low_score", "ada", "responsible") in told()
    assert words()[2] == "/scores/settings"
    with transaction():
        talk_settings.save(ada, {"nps_responsible_id": None})
    assert told(OVER) == [(OVER, "ada", "admin")]


def test_a_webhook_that_is_on_again_is_told_to_the_other_admins(ada) -> None:
    bo = builders.make_user("Admin", username="bo")
    webhook = builders.make_webhook("http://127.0.0.1:9/", active=False, disabled_reason="It answered 503")
    with transaction():
        webhooks.update(bo, db.session.get_one(Webhook, webhook.id), {"active": True})
    assert told("error:webhook_works") == [("error:webhook_works", "ada", "admin")]
    assert words("error:webhook_works")[2] == f"/webhookview/show/{webhook.id}"


def refused(number: int, author: User) -> User:
    """Somebody whose address the mail server refuses for good."""
    person = builders.make_user("Staff", username=f"p{number}", email=f"p{number}@gone.example")
    news.assign(person, author)
    news.deliver_due()
    return person


def test_a_refused_address_is_told_with_the_cure_and_solved_by_another(ada, smtp: Any) -> None:
    smtp.refuse = "550 5.1.1 no such mailbox"
    person = refused(1, ada)
    assert told("error:mail_undelivered") == [
        ("error:mail_undelivered", "ada", "admin"),
        ("error:mail_undelivered", "p1", "concerned"),
    ]
    title, body, url = words("error:mail_undelivered")
    assert "are refused" in title
    assert "correct it" in body
    assert url == f"/userview/show/{person.id}"
    assert words("error:mail_undelivered", "concerned")[2] == "/profile/#notifications"
    smtp.refuse = ""
    with transaction():
        people.update_user(ada, db.session.get_one(User, person.id), {"email": "p1@example.com"})
    assert told("error:mail_resumed") == [("error:mail_resumed", "p1", "concerned")]
    assert ("error:mail_undelivered", 1, False) in items("ada"), "who corrected it needs no notice of it"
    news.assign(person, ada)
    news.deliver_due()
    assert smtp.recipients == ["p1@example.com"]


def test_a_mail_server_that_refuses_everybody_is_one_notice_not_a_storm(ada, smtp: Any) -> None:
    smtp.refuse = "550 5.1.1 no such mailbox"
    for number in range(8):
        refused(number, ada)
    admins = [who for _, who, rule in told("error:mail_undelivered") if rule == "admin"]
    assert len(admins) == 5, "four people, then that it is many"
    assert "Mails to 5 people are refused" in {
        render.headline("error:mail_undelivered", "admin", data).title for data in snapshots("error:mail_undelivered")
    }
    assert len([rule for _, _, rule in told("error:mail_undelivered") if rule == "concerned"]) == 8


def test_a_lost_connection_has_the_channel_tested_at_once(ada, smtp: Any, at) -> None:
    at(dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC))
    channel_health.check_due()
    smtp.stop()
    at(clock.now() + dt.timedelta(minutes=2))
    news.assign(builders.make_user("Staff"), ada)
    news.deliver_due()
    channel_health.check_due()
    assert told("error:channel_down") == [("error:channel_down", "ada", "admin")]
    title, body, url = words("error:channel_down")
    assert title == "Email does not work"
    assert "connection refused. Nothing is lost" in body
    assert url == "/channels/"


def test_a_mail_server_that_refuses_our_sender_is_a_dead_channel(ada, smtp: Any, app: Flask) -> None:
    smtp.refuse_sender = "553 5.7.1 not your address"
    channel_health.check_due()
    assert told("error:channel_down") == [("error:channel_down", "ada", "admin")]
    assert "Sender refused" in words("error:channel_down")[1]


def test_all_words_say_what_happened_and_what_to_do(context: Flask) -> None:
    for problem in ("form_without_group", "widget_without_group", "messenger_without_group", "line_without_group",
                    "deactivated_responsible", "deactivated_owner", "deactivated_score_manager", "auto_close_failed",
                    "follow_up_failed", "report_without_recipients"):  # fmt: skip
        line = render.headline(BEGUN, "admin", {"problem": problem, "name": "X", "person": "Y", "url": "/x"})
        assert "X" in line.title, problem
        assert len(line.body) > 20, problem
        assert line.url == "/x"


def test_nothing_is_wrong_where_a_rule_works(app, ada, at) -> None:
    silent_talks(app, 1)
    at(clock.now() + dt.timedelta(hours=6))
    assert close_silent() == 1
    assert told("error:%") == []
