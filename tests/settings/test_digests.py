"""Digests at own hours: exactly once, only what is still unread, late ones caught up once."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import text

from app.extensions import db
from app.models.channels import PausedAddress
from app.models.notifications import FeedItem
from app.models.people import User
from app.services import digests, reading
from app.services.account import lost_addresses
from app.transaction import transaction
from tests import news
from tests.builders import make_user

VIENNA = "Europe/Vienna"
MONDAY = dt.date(2026, 11, 23)


def local(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute), ZoneInfo(VIENNA)).astimezone(dt.UTC)


@pytest.fixture
def rowan(context: Flask, at: Callable[[Any], None]) -> User:
    """Somebody in Vienna whose mails all come as a digest at 08:30 on working days; it is Monday, 07:00."""
    at(local(MONDAY, 7))
    user = make_user("Staff", zone=VIENNA)
    news.choose(user, matrix={"task_assigned": {"email": "digest"}})
    news.prepare_digests()
    return user


def test_a_digest_holds_what_is_unread_and_goes_once(rowan: User, at: Callable[[Any], None]) -> None:
    boss = make_user("Manager")
    for number in range(7):
        news.assign(rowan, boss, f"Task number {number}")
    assert news.prepare_digests() == 0
    at(local(MONDAY, 8, 30))
    assert news.prepare_digests() == 1
    news.deliver_due()
    (mail,) = news.kept_mails(rowan.email)
    assert mail.subject == "Your digest: 7 unread"
    assert [f"Task number {number}" in mail.text for number in range(7)] == [False, False, True, True, True, True, True]
    assert "See all 7" in mail.text
    assert "See all 7" in mail.html
    assert mail.headers["List-Unsubscribe"].startswith("<http")
    assert "late" not in mail.text
    at(local(MONDAY, 8, 45))
    news.prepare_digests()
    at(local(MONDAY + dt.timedelta(days=1), 8, 30))
    news.prepare_digests()
    news.deliver_due()
    assert len(news.kept_mails(rowan.email)) == 1, "what was in a digest does not come again"


def test_nothing_unread_no_mail(rowan: User, at: Callable[[Any], None]) -> None:
    news.assign(rowan, make_user("Manager"))
    item = db.session.query(FeedItem).filter_by(user_id=rowan.id).one()
    with transaction():
        reading.mark_read(rowan.id, [item.id])
    at(local(MONDAY, 8, 30))
    news.prepare_digests()
    news.deliver_due()
    assert news.kept_mails(rowan.email) == []
    assert news.outcomes(rowan) == []


def test_what_is_read_between_preparing_and_sending_is_left_out(rowan: User, at: Callable[[Any], None]) -> None:
    boss = make_user("Manager")
    news.assign(rowan, boss, "Read in time")
    news.assign(rowan, boss, "Still unread")
    at(local(MONDAY, 8, 30))
    news.prepare_digests()
    first = db.session.query(FeedItem).filter_by(user_id=rowan.id).order_by(FeedItem.id).first()
    with transaction():
        reading.mark_read(rowan.id, [first.id])
    news.deliver_due()
    (mail,) = news.kept_mails(rowan.email)
    assert "Still unread" in mail.text
    assert "Read in time" not in mail.text


def test_what_was_switched_off_meanwhile_does_not_come(rowan: User, at: Callable[[Any], None]) -> None:
    news.assign(rowan, make_user("Manager"))
    at(local(MONDAY, 8, 30))
    news.prepare_digests()
    news.choose(rowan, matrix={"task_assigned": {"email": "off"}})
    news.deliver_due()
    assert news.kept_mails(rowan.email) == []
    assert news.outcomes(rowan) == [("digest", "email", "skipped", "preference_off")]


def test_a_mail_that_waits_becomes_part_of_the_digest_when_its_cell_changes(
    rowan: User, at: Callable[[Any], None]
) -> None:
    news.choose(rowan, matrix={"task_assigned": {"email": "unread"}})
    news.assign(rowan, make_user("Manager"))
    news.choose(rowan, matrix={"task_assigned": {"email": "digest"}})
    at(local(MONDAY, 7, 20))
    news.deliver_due()
    assert news.outcomes(rowan) == [("notice", "email", "skipped", "digest")]
    at(local(MONDAY, 8, 30))
    news.prepare_digests()
    news.deliver_due()
    assert len(news.kept_mails(rowan.email)) == 1


def test_windows_that_were_slept_over_are_caught_up_once_and_say_so(rowan: User, at: Callable[[Any], None]) -> None:
    news.assign(rowan, make_user("Manager"))
    at(local(MONDAY + dt.timedelta(days=2), 10))
    assert news.prepare_digests() == 1
    assert news.prepare_digests() == 0
    news.deliver_due()
    (mail,) = news.kept_mails(rowan.email)
    assert "due at 08:30 and comes late" in " ".join(mail.text.split())


def test_several_hours_a_day_split_the_day(rowan: User, at: Callable[[Any], None]) -> None:
    boss = make_user("Manager")
    shown = news.choose(rowan, digest={"hours": [8, "12:15", 17], "weekdays": [0]})
    assert shown["next_digest_at"] == local(MONDAY, 8).isoformat()
    for hour, minute, words in ((8, 0, "In the morning"), (12, 15, "At noon")):
        news.assign(rowan, boss, words)
        at(local(MONDAY, hour, minute))
        news.prepare_digests()
        news.deliver_due()
    first, second = news.kept_mails(rowan.email)
    assert ("In the morning" in first.text, "At noon" in first.text) == (True, False)
    assert ("In the morning" in second.text, "At noon" in second.text) == (False, True)


@pytest.mark.parametrize(("day", "instants"), [(dt.date(2026, 10, 25), 1), (dt.date(2027, 3, 28), 1)])
def test_on_the_days_of_the_clock_change_one_digest_goes(
    context: Flask, at: Callable[[Any], None], day: dt.date, instants: int
) -> None:
    start = dt.datetime.combine(day, dt.time(0), ZoneInfo(VIENNA)).astimezone(dt.UTC)
    at(start - dt.timedelta(hours=2))
    rowan, boss = make_user("Staff", zone=VIENNA), make_user("Manager")
    news.choose(rowan, digest={"hours": ["02:30"], "weekdays": [6]}, matrix={"task_assigned": {"email": "digest"}})
    news.prepare_digests()
    for step in range(30):
        at(start + dt.timedelta(minutes=15 * step))
        news.assign(rowan, boss, f"Quarter {step}")
        news.prepare_digests()
        news.deliver_due()
    assert len(news.kept_mails(rowan.email)) == instants


def test_two_beats_write_one_digest(rowan: User, app: Flask, at: Callable[[Any], None]) -> None:
    news.assign(rowan, make_user("Manager"))
    at(local(MONDAY, 8, 30))
    start = threading.Barrier(2)

    def beat() -> None:
        with app.app_context():
            start.wait(5)
            with transaction():
                digests.prepare_due()

    beats = [threading.Thread(target=beat) for _ in range(2)]
    for one in beats:
        one.start()
    for one in beats:
        one.join()
    count = db.session.execute(text("SELECT count(*) FROM deliveries WHERE purpose = 'digest'")).scalar_one()
    assert count == 1


def test_preparing_for_more_people_costs_no_more_statements(
    context: Flask, at: Callable[[Any], None], statements: Callable[[], Any]
) -> None:
    counts = []
    for people in (1, 25):
        at(local(MONDAY, 7))
        boss = make_user("Manager")
        for _ in range(people):
            user = make_user("Staff", zone=VIENNA)
            news.choose(user, matrix={"task_assigned": {"email": "digest"}})
            news.assign(user, boss)
        news.prepare_digests()
        at(local(MONDAY, 8, 30))
        with statements() as sent:
            assert news.prepare_digests() >= people
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_a_person_who_moves_gets_the_digest_by_the_new_clock(rowan: User, at: Callable[[Any], None]) -> None:
    news.assign(rowan, make_user("Manager"))
    with transaction():
        rowan.zone = "America/New_York"
    news.prepare_digests()
    mails = []
    for moment in (local(MONDAY, 8, 30), dt.datetime(2026, 11, 23, 13, 30, tzinfo=dt.UTC)):
        at(moment)
        news.prepare_digests()
        news.deliver_due()
        mails.append(len(news.kept_mails(rowan.email)))
    assert mails == [0, 1]


def test_what_came_while_the_address_was_paused_is_in_the_first_digest_after_it(
    rowan: User, at: Callable[[Any], None]
) -> None:
    news.assign(rowan, make_user("Manager"), "Call Basil")
    with transaction():
        paused = PausedAddress(address=rowan.email.lower(), reason="no such user", since=local(MONDAY, 7))
        db.session.add(paused)
    at(local(MONDAY, 8, 30))
    news.prepare_digests()
    news.deliver_due()
    assert news.kept_mails(rowan.email) == []
    with transaction():
        assert lost_addresses.resume_mail(rowan)
    at(local(MONDAY + dt.timedelta(days=1), 8, 30))
    news.prepare_digests()
    news.deliver_due()
    (mail,) = news.kept_mails(rowan.email)
    assert "Call Basil" in mail.text
