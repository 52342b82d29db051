"""Quiet hours and *do not disturb*: held, not dropped, and out once."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.catalogue import KINDS
from app.extensions import db
from app.models.notifications import FeedItem
from app.models.people import User
from app.services import delivery, reading, trace
from app.transaction import transaction
from tests import news
from tests.builders import make_user
from tests.mailboxes import SmtpServer

NIGHT = [{"weekdays": [0, 1, 2, 3, 4, 5, 6], "from": "21:00", "to": "07:30"}]
EVENING = dt.datetime(2026, 11, 23, 22, 30, tzinfo=dt.UTC)
MORNING = dt.datetime(2026, 11, 24, 7, 30, tzinfo=dt.UTC)


@pytest.fixture
def sleeper(context: Flask, at: Callable[[Any], None]) -> User:
    """Somebody in UTC, asleep, without digests; it is 22:30."""
    at(EVENING)
    user = make_user("Staff")
    news.choose(user, quiet_hours=NIGHT, digest={"hours": [], "weekdays": []})
    return user


def email_of(user: User) -> dict[str, Any]:
    item = db.session.query(FeedItem).filter_by(user_id=user.id).order_by(FeedItem.id.desc()).first()
    return next(one for one in trace.of_item(user.id, item.id)["channels"] if one["channel"] == "email")


def test_what_comes_in_quiet_hours_comes_as_one_brief_at_their_end(sleeper: User, at: Callable[[Any], None]) -> None:
    boss = make_user("Manager")
    for number in range(3):
        news.assign(sleeper, boss, f"Night task {number}")
        news.deliver_due()
    assert news.kept_mails(sleeper.email) == []
    assert email_of(sleeper)["text"] == "Held, one brief at tomorrow 07:30"
    at(MORNING - dt.timedelta(seconds=1))
    news.deliver_due()
    assert news.kept_mails(sleeper.email) == []
    at(MORNING)
    news.deliver_due()
    (mail,) = news.kept_mails(sleeper.email)
    assert mail.subject == "While it was quiet: 3 unread"
    assert all(f"Night task {number}" in mail.text for number in range(3))
    assert email_of(sleeper)["text"] == "Sent in the brief of 07:30"
    at(MORNING + dt.timedelta(hours=1))
    news.deliver_due()
    assert len(news.kept_mails(sleeper.email)) == 1


def test_what_is_read_meanwhile_is_not_in_the_brief(sleeper: User, at: Callable[[Any], None]) -> None:
    news.assign(sleeper, make_user("Manager"))
    with transaction():
        reading.mark_all_read(sleeper.id)
    at(MORNING)
    news.deliver_due()
    assert news.kept_mails(sleeper.email) == []
    assert news.outcomes(sleeper) == [("brief", "email", "skipped", "already_read")]


def test_a_digest_that_is_due_by_then_takes_it_along_and_no_brief_comes(
    sleeper: User, at: Callable[[Any], None]
) -> None:
    news.choose(sleeper, digest={"hours": ["06:00"], "weekdays": [0, 1, 2, 3, 4, 5, 6]})
    news.assign(sleeper, make_user("Manager"))
    assert email_of(sleeper)["text"] == "Held: part of the next digest if still unread"
    for moment in (MORNING - dt.timedelta(minutes=90), MORNING):
        at(moment)
        news.prepare_digests()
        news.deliver_due()
    (mail,) = news.kept_mails(sleeper.email)
    assert mail.subject == "Your digest: 1 unread"


def test_a_digest_that_is_set_later_takes_the_brief_in(sleeper: User, at: Callable[[Any], None]) -> None:
    news.assign(sleeper, make_user("Manager"))
    news.choose(sleeper, digest={"hours": ["06:00"], "weekdays": [0, 1, 2, 3, 4, 5, 6]})
    for moment in (MORNING - dt.timedelta(minutes=90), MORNING):
        at(moment)
        news.prepare_digests()
        news.deliver_due()
    assert [mail.subject for mail in news.kept_mails(sleeper.email)] == ["Your digest: 1 unread"]
    assert ("brief", "email", "skipped", "digest") in news.outcomes(sleeper)


@pytest.mark.parametrize(
    "change", ["state = 'sending', attempts = 1", "channel = 'telegram', address = '5'"], ids=["under way", "elsewhere"]
)
def test_a_digest_takes_nothing_out_of_a_brief_that_is_being_sent_or_goes_elsewhere(
    sleeper: User, at: Callable[[Any], None], change: str
) -> None:
    news.assign(sleeper, make_user("Manager"))
    news.choose(sleeper, digest={"hours": ["06:00"], "weekdays": [0, 1, 2, 3, 4, 5, 6]})
    with transaction():
        db.session.execute(text(f"UPDATE deliveries SET {change} WHERE purpose = 'brief'"))
    at(MORNING - dt.timedelta(minutes=90))
    assert news.prepare_digests() == 1
    rows = db.session.execute(
        text("SELECT d.purpose, d.skip_reason FROM deliveries d JOIN delivery_items i ON i.delivery_id = d.id")
    )
    assert [tuple(row) for row in rows] == [("brief", None)]


def test_ending_do_not_disturb_early_brings_the_brief_at_once(context: Flask, at: Callable[[Any], None]) -> None:
    noon = EVENING.replace(hour=12)
    at(noon)
    user = make_user("Staff")
    news.choose(user, dnd_until=(noon + dt.timedelta(hours=4)).isoformat(), digest={"hours": [], "weekdays": []})
    news.assign(user, make_user("Manager"))
    at(noon + dt.timedelta(hours=1))
    news.deliver_due()
    assert news.kept_mails(user.email) == []
    news.choose(user, dnd_until=None)
    news.deliver_due()
    assert len(news.kept_mails(user.email)) == 1


def test_a_mail_that_was_waiting_when_quiet_hours_began_is_held_with_the_rest(
    sleeper: User, at: Callable[[Any], None]
) -> None:
    at(EVENING.replace(hour=20, minute=50))
    news.choose(sleeper, matrix={"task_assigned": {"email": "unread"}})
    news.assign(sleeper, make_user("Manager"), "Before the night")
    at(EVENING.replace(hour=21, minute=6))
    news.deliver_due()
    assert news.kept_mails(sleeper.email) == []
    news.assign(sleeper, make_user("Manager"), "In the night")
    at(MORNING)
    news.deliver_due()
    (mail,) = news.kept_mails(sleeper.email)
    assert "Before the night" in mail.text
    assert "In the night" in mail.text


def test_a_brief_that_falls_into_do_not_disturb_waits_on_with_what_comes_then(
    sleeper: User, at: Callable[[Any], None]
) -> None:
    news.assign(sleeper, make_user("Manager"), "In the night")
    with transaction():  # set by another way than the settings, which would move the brief
        db.session.execute(
            text("UPDATE user_settings SET dnd_until = :until WHERE user_id = :id"),
            {"until": MORNING + dt.timedelta(hours=2), "id": sleeper.id},
        )
    at(MORNING)
    news.deliver_due()
    news.assign(sleeper, make_user("Manager"), "In the morning")
    assert news.kept_mails(sleeper.email) == []
    at(MORNING + dt.timedelta(hours=2))
    news.deliver_due()
    (mail,) = news.kept_mails(sleeper.email)
    assert "In the night" in mail.text
    assert "In the morning" in mail.text


def briefs(user: User) -> list[tuple[str, int, dt.datetime]]:
    """State, tries and time of somebody's briefs, the oldest first."""
    rows = db.session.execute(
        text(
            "SELECT state, attempts, not_before FROM deliveries WHERE purpose = 'brief' AND user_id = :id ORDER BY id"
        ),
        {"id": user.id},
    )
    return [tuple(row) for row in rows]


def test_news_that_is_held_for_a_shorter_time_moves_the_open_brief(sleeper: User) -> None:
    boss = make_user("Manager")
    news.assign(sleeper, boss)
    with transaction():  # by another way than the settings, which would move the brief
        db.session.execute(
            text("UPDATE user_settings SET quiet_hours = CAST(:hours AS jsonb) WHERE user_id = :id"),
            {"hours": json.dumps([NIGHT[0] | {"to": "05:00"}]), "id": sleeper.id},
        )
    news.assign(sleeper, boss)
    assert briefs(sleeper) == [("pending", 0, MORNING.replace(hour=5, minute=0))]


@pytest.mark.parametrize("over", ["sent again by hand", "given back"])
def test_a_brief_that_was_tried_once_takes_nothing_more_in(
    sleeper: User, at: Callable[[Any], None], smtp: SmtpServer, over: str
) -> None:
    boss, first = make_user("Manager"), make_user("Staff")
    news.choose(first, quiet_hours=NIGHT, digest={"hours": [], "weekdays": []})
    for person in (first, sleeper):
        news.assign(person, boss, "In the night")
    at(MORNING)
    smtp.stop()
    # The connection is lost at the first one's brief, and the other is given back.
    news.deliver_due()
    assert briefs(first)[0][:2] == briefs(sleeper)[0][:2] == ("pending", 1)
    if over == "sent again by hand":
        with transaction():
            db.session.execute(text("UPDATE deliveries SET state = 'failed', attempts = 6"))
        for delivery_id in db.session.scalars(text("SELECT id FROM deliveries WHERE purpose = 'brief'")).all():
            with transaction():
                assert delivery.send_again(delivery_id)
    news.choose(sleeper, dnd_until=(MORNING + dt.timedelta(hours=2)).isoformat())
    news.assign(sleeper, boss, "In the morning")
    assert [attempts for _, attempts, _ in briefs(sleeper)] == [1, 0]


def test_only_urgent_kinds_break_through() -> None:
    assert {kind.tag for kind in KINDS.values() if kind.urgent} <= {
        "limit:exceeded",
        "error:channel_down",
        "nps:low_score",
        "call:ringing",
    }


actions = st.lists(
    st.one_of(
        st.tuples(st.just("news"), st.integers(0, 2)),
        st.tuples(st.just("cell"), st.sampled_from(["off", "now", "unread", "digest"])),
        st.tuples(st.just("quiet"), st.sampled_from([[], NIGHT, [{"from": "12:00", "to": "13:00"}]])),
        st.tuples(st.just("dnd"), st.sampled_from([None, 30, 300])),
        st.tuples(st.just("receive"), st.booleans()),
        st.tuples(st.just("hours"), st.sampled_from([[], [8], [6, "12:30", 22]])),
        st.tuples(st.just("wait"), st.sampled_from([1, 20, 70, 400])),
        st.tuples(st.just("read"), st.just(None)),
    ),
    min_size=3,
    max_size=14,
)


@given(steps=actions)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_whatever_people_choose_nothing_comes_twice_and_nothing_that_is_off(
    context: Flask, at: Callable[[Any], None], steps: list[tuple[str, Any]]
) -> None:
    now = EVENING.replace(hour=11)
    at(now)
    user, boss = make_user("Staff"), make_user("Manager")
    cell, receive, told, read = "now", True, 0, set()
    sent: dict[str, int] = {}

    def let_out(allowed: bool) -> None:
        before = len(news.kept_mails(user.email))
        news.prepare_digests()
        news.deliver_due()
        for mail in news.kept_mails(user.email)[before:]:
            assert allowed, "a mail came although mails were off"
            for number in range(told):
                if f"News number {number}." in mail.text:
                    sent[str(number)] = sent.get(str(number), 0) + 1
                    assert number not in read, "what was read came all the same"

    for step, value in steps:
        if step == "news":
            news.assign(user, boss, f"News number {told}.")
            told += 1
        elif step == "cell":
            cell = value
            news.choose(user, matrix={"task_assigned": {"email": value}})
        elif step == "quiet":
            news.choose(user, quiet_hours=value)
        elif step == "dnd":
            news.choose(user, dnd_until=(now + dt.timedelta(minutes=value)).isoformat() if value else None)
        elif step == "receive":
            receive = value
            news.choose(user, receive=value)
        elif step == "hours":
            news.choose(user, digest={"hours": value, "weekdays": [0, 1, 2, 3, 4, 5, 6]})
        elif step == "read":
            with transaction():
                reading.mark_all_read(user.id)
            read = set(range(told))
        else:
            now += dt.timedelta(minutes=value)
            at(now)
        let_out(cell != "off" and receive)
    assert all(times == 1 for times in sent.values()), sent
    at(now + dt.timedelta(days=2))
    let_out(cell != "off" and receive)
    assert all(times == 1 for times in sent.values()), sent
    waiting = db.session.execute(
        text("SELECT count(*) FROM deliveries WHERE user_id = :id AND state IN ('pending', 'sending')"), {"id": user.id}
    ).scalar_one()
    assert waiting == 0, "what was held has come out or was refused"
