"""The channels' self-test: told once when one fails, once when it is back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from flask import Flask

from app.extensions import db
from app.models.notifications import FeedItem
from app.models.people import User
from app.services.account import channel_health
from tests import news
from tests.builders import make_user

NOON = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)


def told(user: User) -> list[tuple[str, int]]:
    db.session.expire_all()
    items = db.session.query(FeedItem).filter_by(user_id=user.id, subject_type="channel").order_by(FeedItem.id)
    return [(item.event_tag, item.count) for item in items]


def test_a_dead_channel_is_told_once_and_its_recovery_too(context: Flask, smtp: Any, at: Callable[[Any], None]) -> None:
    at(NOON)
    admin, staff = make_user("Admin"), make_user("Staff")
    channel_health.check_due()
    assert told(admin) == []
    smtp.stop()
    at(NOON + dt.timedelta(minutes=30))
    channel_health.check_due()
    assert told(admin) == [], "its hour has not come"
    for minutes in (61, 67, 73):
        at(NOON + dt.timedelta(minutes=minutes))
        channel_health.check_due()
    assert told(admin) == [("error:channel_down", 1)]
    assert told(staff) == []
    email = next(one for one in channel_health.overview() if one["channel"] == "email")
    assert "connection refused" in str(email["problem"])
    smtp.start()
    for minutes in (79, 85):
        at(NOON + dt.timedelta(minutes=minutes))
        channel_health.check_due()
    assert told(admin) == [("error:channel_up", 1)]


def test_a_mail_that_finds_the_server_dead_has_the_channel_tested_with_the_next_look(
    context: Flask, smtp: Any, at: Callable[[Any], None]
) -> None:
    at(NOON)
    admin, staff = make_user("Admin"), make_user("Staff")
    channel_health.check_due()
    smtp.stop()
    news.assign(staff, make_user("Manager"))
    at(NOON + dt.timedelta(minutes=5))
    channel_health.check_due()
    assert told(admin) == [], "nobody knows yet"
    news.deliver_due()
    channel_health.check_due()
    assert told(admin) == [("error:channel_down", 1)]
