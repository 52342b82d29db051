"""Why did I *not* get …? Asked for a kind, a channel and a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import clock
from app.extensions import db
from app.models.crm import Task
from app.models.people import User
from app.services import missed, reading
from app.services.tasks import tasks
from app.transaction import transaction
from tests import chatting, news
from tests.builders import login, make_user

NOON = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def said(user: User, row: str, channel: str = "email", **span: Any) -> list[tuple[str, str]]:
    found = missed.of_person(user, row, channel, **span)["found"]
    return [(one["title"], one["channels"][0]["text"]) for one in found]


def test_each_no_is_said_with_its_reason(context: Flask, at: Callable[[Any], None]) -> None:
    at(NOON)
    user, boss = make_user("Staff"), make_user("Manager")
    news.assign(user, boss, "Sent")
    news.deliver_due()
    at(NOON + HOUR)
    news.choose(user, matrix={"task_assigned": {"email": "off"}})
    news.assign(user, boss, "Off")
    at(NOON + 2 * HOUR)
    news.choose(user, matrix={"task_assigned": {"email": "unread"}})
    news.assign(user, boss, "Read in time")
    with transaction():
        reading.mark_all_read(user.id)
    at(NOON + 3 * HOUR)
    news.choose(user, dnd_until=(NOON + 5 * HOUR).isoformat(), digest={"hours": [], "weekdays": []})
    news.assign(user, boss, "Held")
    assert said(user, "task_assigned") == [
        ("New task: Held", "Held, one brief at 17:00"),
        ("New task: Read in time", "Skipped: you had read it before"),
        ("New task: Off", "Skipped: switched off in your settings"),
        ("New task: Sent", f"Sent to {user.email}"),
    ]
    span = {"since": NOON + 30 * dt.timedelta(minutes=1), "until": NOON + HOUR + dt.timedelta(minutes=1)}
    assert [title for title, _ in said(user, "task_assigned", **span)] == ["New task: Off"]
    assert said(user, "task_assigned", "telegram")[-1][1] == "Skipped: nothing linked"
    assert said(user, "task_expired") == []


def test_what_one_did_oneself_was_told_to_nobody(context: Flask) -> None:
    user = make_user("Staff")
    task_id = news.assign(user, user, "My own idea")
    with transaction(user.id):
        tasks.complete(user, db.session.get_one(Task, task_id))
    for channel in ("email", "center"):
        assert [words for _, words in said(user, "task_completed", channel)] == ["Not told: you did it yourself"]


def test_nobody_sees_what_others_got(context: Flask) -> None:
    user, other, boss = make_user("Staff"), make_user("Staff"), make_user("Manager")
    news.assign(other, boss, "Not yours")
    assert said(user, "task_assigned") == []


def test_chats_say_what_became_of_their_messages(context: Flask, at: Callable[[Any], None]) -> None:
    at(NOON)
    user, other = make_user("Staff"), make_user("Staff")
    direct, group = chatting.direct(other, user), chatting.group(other, [user], "Workshop")
    for chat_id in (direct, group):
        chatting.say(other, chat_id, "Hello")
        chatting.decide(chat_id)
    at(clock.now() + dt.timedelta(minutes=16))
    news.deliver_due()
    ((title, words),) = said(user, "chat_direct")
    assert title.endswith("1 message")
    assert words == f"Sent to {user.email}"
    (written,) = [words for title, words in said(user, "chat_group") if "message" in title]
    assert written == "Skipped: switched off in your settings"
    assert said(other, "chat_direct") == [], "one's own message is no news"


def test_of_more_than_fits_the_newest_are_shown_and_it_says_so(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missed, "SHOWN", 2)
    user, boss = make_user("Staff"), make_user("Manager")
    more = []
    for number in range(3):
        news.assign(user, boss, f"Task {number}")
        more.append(missed.of_person(user, "task_assigned")["more"])
    assert more == [False, False, True]
    assert [title for title, _ in said(user, "task_assigned")] == ["New task: Task 2", "New task: Task 1"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("row=nonsense", "row"),
        ("row=task_assigned&channel=pigeon", "channel"),
        ("row=task_assigned&since=yesterday", "since"),
        ("row=task_assigned&since=2020-01-01T00:00:00Z", "since"),
        ("row=task_assigned&until=2020-01-01T00:00:00Z", "until"),
    ],
)
def test_a_question_that_is_none_names_the_field(app: Flask, client: FlaskClient, query: str, field: str) -> None:
    with app.app_context():
        username = make_user("Staff").username
    login(client, username)
    answer = client.get(f"/api/v1/me/missed?{query}")
    assert answer.status_code in (400, 422)
    assert answer.json["error"]["field"] == field


def test_the_number_of_statements_does_not_grow_with_what_happened(
    context: Flask, statements: Callable[[], Any]
) -> None:
    user, boss = make_user("Staff"), make_user("Manager")
    sent: list[int] = []
    # What is read once per process is no part of it.
    said(user, "task_assigned")
    for more in (1, 9):
        for number in range(more):
            news.assign(user, boss, f"Task {number}")
        with statements() as seen:
            assert said(user, "task_assigned")
        sent.append(len(seen))
    assert sent[0] == sent[1]
