"""A mail server that is down, busy or refuses: tries are spaced out, then the delivery is failed, shown, sent again."""

from __future__ import annotations

import contextvars
import datetime as dt
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.extensions import db
from app.models.people import User
from app.services import delivery, reading, trace
from app.services.people.people import demote
from app.services.tasks import tasks
from app.transaction import transaction
from tests import builders
from tests.bad_moments.queued import work_off
from tests.mailboxes import SmtpServer

LADDER_SECONDS = (30, 120, 600, 3600, 21600)
NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
MoveClock = Callable[[dt.datetime | None], None]


@pytest.fixture
def people(context: Flask, at: MoveClock) -> tuple[User, User]:
    """A manager who gives tasks and a staff member who gets them; it is noon."""
    at(NOON)
    return builders.make_user("Manager", first_name="Rowan"), builders.make_user("Staff", email="milo@example.com")


def assign(people: tuple[User, User], words: str = "Call Basil Hedge") -> None:
    manager, staff = people
    with transaction(manager.id):
        tasks.create(manager, {"text": words, "due_at": NOON + dt.timedelta(days=3), "responsible_id": staff.id})


def mails() -> list[tuple[str, int, dt.datetime]]:
    """State, tries and next try of each mail, the oldest first."""
    rows = db.session.execute(
        text("SELECT state, attempts, not_before FROM deliveries WHERE channel = 'email' ORDER BY id")
    )
    return [tuple(row) for row in rows]


def beat_and_work(at: MoveClock, moment: dt.datetime) -> int:
    """Let the beat look at this moment and the worker do what it queued; return how many mails were queued."""
    at(moment)
    found = delivery.sweep()
    work_off()
    db.session.rollback()
    return found


def email_in_trace(staff: User) -> tuple[str, str]:
    channels = trace.of_item(staff.id, 1)["channels"]
    return next((channel["state"], channel["text"]) for channel in channels if channel["channel"] == "email")


def find_and_send_again(client: FlaskClient, admin: str) -> None:
    """See the failed delivery in the log, and send it again, as an admin does."""
    builders.login(client, admin)
    page = client.get("/deliveryview/list/").get_data(as_text=True)
    assert "Failed" in page
    assert "connection refused" in page
    form = {"action": "send_again", "rowid": ["1"]}
    assert client.post("/deliveryview/action_post", data=form).status_code == 302


def test_a_dead_mail_server_is_tried_on_the_ladder_then_failed_shown_and_sent_again(
    people: tuple[User, User], smtp: SmtpServer, at: MoveClock, client: FlaskClient
) -> None:
    smtp.stop()
    assign(people)
    assert work_off() == 1
    moment = NOON
    for tries, wait in enumerate(LADDER_SECONDS, 1):
        state, attempts, next_try = mails()[0]
        assert (state, attempts) == ("pending", tries)
        assert wait <= (next_try - moment).total_seconds() < wait + 5
        assert email_in_trace(people[1]) == (
            "pending",
            f"Not yet: Mail server 127.0.0.1:{smtp.port}: connection refused. The next try is planned",
        )
        assert beat_and_work(at, next_try - dt.timedelta(seconds=5)) == 0
        moment = next_try + dt.timedelta(seconds=1)
        assert beat_and_work(at, moment) == 1
    assert mails()[0][:2] == ("failed", 6)
    assert email_in_trace(people[1])[0] == "failed"
    assert beat_and_work(at, moment + dt.timedelta(days=30)) == 0

    admin = builders.make_user("Admin").username
    smtp.start()
    # Not in the test's own context: requests would share one `g`.
    contextvars.Context().run(find_and_send_again, client, admin)
    delivery.sweep()
    work_off()
    db.session.rollback()
    assert mails()[0][:2] == ("sent", 1)
    assert email_in_trace(people[1])[0] == "sent"
    assert [mail["To"] for mail in smtp.mails] == ["milo@example.com"]


def test_a_server_that_comes_back_gets_the_mail_once(
    people: tuple[User, User], smtp: SmtpServer, at: MoveClock
) -> None:
    smtp.stop()
    assign(people)
    work_off()
    smtp.start()
    assert beat_and_work(at, NOON + dt.timedelta(seconds=40)) == 1
    assert beat_and_work(at, NOON + dt.timedelta(days=1)) == 0
    assert [state for state, *_ in mails()] == ["sent"]
    assert len(smtp.mails) == 1


def test_a_batch_stops_at_the_first_lost_connection_and_the_rest_counts_as_not_tried(
    people: tuple[User, User], smtp: SmtpServer, at: MoveClock
) -> None:
    smtp.stop()
    for number in range(4):
        assign(people, f"Task {number}")
    delivery.deliver("email", [1, 2, 3, 4])
    db.session.rollback()
    assert [(state, attempts) for state, attempts, _ in mails()] == [("pending", 1), *[("pending", 0)] * 3]
    smtp.start()
    at(NOON + dt.timedelta(seconds=40))
    delivery.sweep()
    work_off()
    db.session.rollback()
    assert [state for state, *_ in mails()] == ["sent"] * 4
    assert len(smtp.mails) == 4


def test_a_busy_mailbox_climbs_the_ladder_and_the_others_of_the_batch_go_out(
    people: tuple[User, User], smtp: SmtpServer
) -> None:
    smtp.refuse = "452 4.2.2 Mailbox full"
    assign(people, "First")
    work_off()
    smtp.refuse = ""
    assign(people, "Second")
    work_off()
    assert [(state, attempts) for state, attempts, _ in mails()] == [("pending", 1), ("sent", 1)]


def test_a_mail_refused_for_good_is_not_tried_again(people: tuple[User, User], smtp: SmtpServer, at: MoveClock) -> None:
    smtp.refuse = "554 5.7.1 No"
    assign(people)
    work_off()
    assert mails()[0][:2] == ("failed", 1)
    assert beat_and_work(at, NOON + dt.timedelta(days=2)) == 0


def test_what_was_read_while_the_server_was_down_is_not_sent_any_more(
    people: tuple[User, User], smtp: SmtpServer, at: MoveClock
) -> None:
    smtp.stop()
    assign(people)
    work_off()
    with transaction():
        reading.mark_all_read(people[1].id)
    smtp.start()
    assert beat_and_work(at, NOON + dt.timedelta(minutes=1)) == 0
    assert (mails()[0][0], email_in_trace(people[1])) == ("cancelled", ("cancelled", "Skipped: you had read it before"))
    assert smtp.mails == []


def test_whoever_was_deactivated_meanwhile_gets_nothing(
    people: tuple[User, User], smtp: SmtpServer, at: MoveClock
) -> None:
    smtp.stop()
    assign(people)
    work_off()
    with transaction():
        people[1].active = False
        db.session.merge(people[1])
    smtp.start()
    assert beat_and_work(at, NOON + dt.timedelta(minutes=1)) == 1
    assert mails()[0][0] == "skipped"
    assert smtp.mails == []


def test_whoever_has_another_address_meanwhile_gets_nothing_at_the_old_one(
    people: tuple[User, User], smtp: SmtpServer, at: MoveClock
) -> None:
    smtp.stop()
    assign(people)
    work_off()
    with transaction():
        people[1].email = "milo@elsewhere.example"
        db.session.merge(people[1])
    smtp.start()
    assert beat_and_work(at, NOON + dt.timedelta(minutes=1)) == 1
    assert mails()[0][0] == "skipped"
    assert email_in_trace(people[1]) == ("skipped", "Skipped: the address has changed since")
    assert smtp.mails == []


def test_whoever_became_a_free_user_meanwhile_gets_nothing_that_is_not_for_them(
    people: tuple[User, User], smtp: SmtpServer, at: MoveClock
) -> None:
    smtp.stop()
    assign(people)
    work_off()
    with transaction():
        demote(builders.make_user("Admin"), db.session.get_one(User, people[1].id))
    smtp.start()
    beat_and_work(at, NOON + dt.timedelta(minutes=1))
    assert smtp.mails == []
