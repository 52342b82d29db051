"""Chats in digests and briefs: held and collected like every other kind of news, told once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.extensions import db
from app.models.people import User
from app.services import digests
from app.services.account import account
from app.services.chats import chat_trace, chats
from app.transaction import transaction
from tests import chatting, news
from tests.builders import make_user

EVERY_DAY = [0, 1, 2, 3, 4, 5, 6]
NIGHT = [{"weekdays": EVERY_DAY, "from": "21:00", "to": "07:30"}]
EVENING = dt.datetime(2026, 11, 23, 22, 30, tzinfo=dt.UTC)
MORNING = dt.datetime(2026, 11, 24, 7, 30, tzinfo=dt.UTC)
At = Callable[[Any], None]


@pytest.fixture
def pair(context: Flask, at: At) -> tuple[User, User, int]:
    """Ann writes to Ben, who is asleep and wants no digests; it is 22:30."""
    at(EVENING)
    ann, ben = make_user(first_name="Ann", last_name="Ash"), make_user(username="ben")
    news.choose(ben, quiet_hours=NIGHT, digest={"hours": [], "weekdays": []})
    return ann, ben, chatting.direct(ann, ben)


def write(author: User, chat_id: int, body: str = "Hello", **values: Any) -> dict[str, Any]:
    message = chatting.say(author, chat_id, body, **values)
    chatting.decide(chat_id)
    return message


def go_on(at: At, moment: dt.datetime) -> None:
    at(moment)
    news.prepare_digests()
    news.deliver_due()


def mail_line(user: User, chat_id: int) -> str:
    lines = chat_trace.of_chat(user.id, chat_id)["channels"]
    return next(line["text"] for line in lines if line["channel"] == "email")


def test_what_colleagues_write_in_quiet_hours_comes_in_the_one_brief_with_the_rest(
    pair: tuple[User, User, int], at: At
) -> None:
    ann, ben, chat_id = pair
    group_id = chatting.group(ann, [ben], "Fleet")
    write(ann, chat_id, "Are you up?")
    write(ann, chat_id, "Never mind, <b>tomorrow</b>")
    write(ann, group_id, "@ben can you take Saturday?")
    news.assign(ben, ann, "Night task")
    assert mail_line(ben, chat_id) == "Held, one brief at tomorrow 07:30"
    go_on(at, MORNING - dt.timedelta(seconds=1))
    assert news.kept_mails(ben.email) == []
    go_on(at, MORNING)
    (mail,) = news.kept_mails(ben.email)
    assert mail.subject == "While it was quiet: 3 unread"
    for words in ("2 messages from Ann Ash", "Never mind, <b>tomorrow</b>", "You are mentioned in Fleet", "Night task"):
        assert words in mail.text
    assert "<b>tomorrow</b>" not in mail.html
    assert mail_line(ben, chat_id) == "Sent in the brief of 07:30"


def test_a_brief_holds_no_texts_where_admins_want_none_in_mails(pair: tuple[User, User, int], at: At) -> None:
    ann, ben, chat_id = pair
    with transaction():
        account.set_setting("message_texts", "hidden")
    write(ann, chat_id, "A secret between us")
    news.assign(ben, ann, "A secret task")
    go_on(at, MORNING)
    (mail,) = news.kept_mails(ben.email)
    assert mail.subject == "While it was quiet: 2 unread"
    assert "secret" not in mail.text + mail.html


def test_after_the_brief_a_chat_is_told_again_only_when_it_was_read(pair: tuple[User, User, int], at: At) -> None:
    ann, ben, chat_id = pair
    write(ann, chat_id)
    go_on(at, MORNING)
    write(ann, chat_id, "Good morning")
    go_on(at, MORNING + dt.timedelta(minutes=30))
    assert len(news.kept_mails(ben.email)) == 1
    chatting.read(ben, chat_id, 2)
    write(ann, chat_id, "Lunch?")
    go_on(at, MORNING + dt.timedelta(minutes=60))
    assert [mail.subject for mail in news.kept_mails(ben.email)][1:] == ["1 message from Ann Ash"]


@pytest.mark.parametrize("change", ["read", "mute", "delete"])
def test_what_was_read_muted_or_deleted_in_the_night_makes_no_brief(
    pair: tuple[User, User, int], at: At, change: str
) -> None:
    from app.services.chats import message_changes

    ann, ben, chat_id = pair
    message = write(ann, chat_id)
    with transaction():
        if change == "mute":
            chats.set_mine(ben.id, chat_id, {"mute": "all"})
        elif change == "delete":
            message_changes.delete(ann.id, message["id"])
    if change == "read":
        chatting.read(ben, chat_id, 1)
    go_on(at, MORNING)
    assert news.kept_mails(ben.email) == []


def test_a_message_that_waited_when_quiet_hours_began_joins_the_brief(pair: tuple[User, User, int], at: At) -> None:
    ann, ben, chat_id = pair
    at(EVENING.replace(hour=20, minute=50))
    write(ann, chat_id, "Before the night")
    go_on(at, EVENING.replace(hour=21, minute=6))
    assert news.kept_mails(ben.email) == []
    assert mail_line(ben, chat_id) == "Held, one brief at tomorrow 07:30"
    news.assign(ben, ann, "In the night")
    go_on(at, MORNING)
    (mail,) = news.kept_mails(ben.email)
    assert "Before the night" in mail.text
    assert "In the night" in mail.text


def test_a_digest_holds_chats_with_news_since_the_last_one_and_their_newest_line(
    pair: tuple[User, User, int], at: At
) -> None:
    ann, ben, chat_id = pair
    news.choose(
        ben,
        quiet_hours=[],
        digest={"hours": ["08:00"], "weekdays": EVERY_DAY},
        matrix={"chat_direct": {"email": "digest"}},
    )
    at(EVENING)
    write(ann, chat_id, "The frame is ready")
    assert mail_line(ben, chat_id) == "Set to digest: part of the next one if still unread"
    go_on(at, MORNING)
    assert news.kept_mails(ben.email) == []
    go_on(at, MORNING.replace(hour=8, minute=0))
    (first,) = news.kept_mails(ben.email)
    assert first.subject == "Your digest: 1 unread"
    assert "1 message from Ann Ash" in first.text
    assert "The frame is ready" in first.text
    assert mail_line(ben, chat_id) == "Sent in the digest of 08:00"
    # Nothing new: still unread, but told.
    tomorrow = MORNING.replace(hour=8, minute=0) + dt.timedelta(days=1)
    go_on(at, tomorrow)
    assert len(news.kept_mails(ben.email)) == 1
    write(ann, chat_id, "And paid")
    go_on(at, tomorrow + dt.timedelta(days=1))
    assert "2 messages from Ann Ash" in news.kept_mails(ben.email)[1].text


def test_what_was_read_before_the_digest_and_answered_at_once_after_it_is_told_once(
    pair: tuple[User, User, int], at: At
) -> None:
    ann, ben, chat_id = pair
    news.choose(ben, quiet_hours=[], digest={"hours": ["08:00"], "weekdays": EVERY_DAY})
    news.choose(ben, matrix={"chat_direct": {"email": "digest"}})
    write(ann, chat_id, "One")
    chatting.read(ben, chat_id, 1)
    news.choose(ben, matrix={"chat_direct": {"email": "now"}})
    write(ann, chat_id, "Two")
    news.deliver_due()
    go_on(at, MORNING.replace(hour=8, minute=0))
    assert [mail.subject for mail in news.kept_mails(ben.email)] == ["1 message from Ann Ash"]


def test_a_digest_due_by_the_end_of_the_night_takes_what_was_held_and_no_brief_comes(
    pair: tuple[User, User, int], at: At
) -> None:
    ann, ben, chat_id = pair
    write(ann, chat_id, "Held for the brief")
    news.choose(ben, digest={"hours": ["06:00"], "weekdays": EVERY_DAY})
    other = chatting.group(ann, [ben], "Fleet")
    write(ann, other, "@ben held for the digest")
    assert mail_line(ben, other) == "Held: part of the next digest if still unread"
    for moment in (MORNING.replace(hour=6, minute=0), MORNING):
        go_on(at, moment)
    (mail,) = news.kept_mails(ben.email)
    assert mail.subject == "Your digest: 2 unread"
    assert "Held for the brief" in mail.text
    assert "held for the digest" in mail.text


def test_a_digest_asked_for_holds_chats_that_an_earlier_one_held(pair: tuple[User, User, int], at: At) -> None:
    ann, ben, chat_id = pair
    news.choose(ben, quiet_hours=[], digest={"hours": ["08:00"], "weekdays": EVERY_DAY})
    news.choose(ben, matrix={"chat_direct": {"email": "digest"}})
    write(ann, chat_id, "Still unread")
    go_on(at, MORNING.replace(hour=8, minute=0))
    at(MORNING.replace(hour=9))
    with transaction():
        assert digests.send_now(ben.id)
    news.deliver_due()
    assert ["Still unread" in mail.text for mail in news.kept_mails(ben.email)] == [True, True]


def test_collecting_the_chats_of_many_people_costs_as_many_statements_as_of_one(
    context: Flask, at: At, statements
) -> None:
    at(EVENING)
    ann, others = make_user(), [make_user() for _ in range(30)]
    for user in others:
        news.choose(
            user, digest={"hours": ["23:00"], "weekdays": EVERY_DAY}, matrix={"chat_direct": {"email": "digest"}}
        )
    counted = []
    for number, people in enumerate((others[:1], others[1:])):
        for user in people:
            write(ann, chatting.direct(ann, user))
        at(EVENING.replace(hour=23) + dt.timedelta(days=number))
        news.prepare_digests()
        ids = [row.id for row in db.session.execute(text("SELECT id FROM deliveries WHERE state = 'pending'"))]
        assert len(ids) == len(people)
        from app.services import delivery

        with statements() as sent:
            with transaction():
                claimed = delivery.claim(ids)
            delivery._recheck(claimed)
        counted.append(len(sent))
        assert all(len(one.found.chats) == 1 for one in claimed)
    assert counted[0] == counted[1]


def test_a_brief_for_an_address_that_has_changed_goes_nowhere_and_the_next_digest_has_it_all(
    pair: tuple[User, User, int], at: At
) -> None:
    ann, ben, chat_id = pair
    before = ben.email
    write(ann, chat_id, "Are you up?")
    news.assign(ben, make_user("Manager"), "Night task")
    with transaction():
        db.session.merge(ben).email = "ben@elsewhere.example"
    go_on(at, MORNING)
    assert news.kept_mails(before) == []
    assert ("brief", "email", "skipped", "address_changed") in news.outcomes(ben)
    news.choose(ben, digest={"hours": ["08:00"], "weekdays": EVERY_DAY})
    go_on(at, MORNING + dt.timedelta(minutes=31))
    (mail,) = news.kept_mails("ben@elsewhere.example")
    assert mail.subject == "Your digest: 2 unread"
    assert "Are you up?" in mail.text
    assert "Night task" in mail.text


def test_a_brief_that_falls_into_do_not_disturb_waits_on_with_its_chats(pair: tuple[User, User, int], at: At) -> None:
    ann, ben, chat_id = pair
    write(ann, chat_id, "In the night")
    with transaction():  # set by another way than the settings, which would move the brief
        db.session.execute(
            text("UPDATE user_settings SET dnd_until = :until WHERE user_id = :id"),
            {"until": MORNING + dt.timedelta(hours=2), "id": ben.id},
        )
    go_on(at, MORNING)
    assert news.kept_mails(ben.email) == []
    go_on(at, MORNING + dt.timedelta(hours=2))
    (mail,) = news.kept_mails(ben.email)
    assert "In the night" in mail.text
