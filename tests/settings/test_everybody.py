"""Whatever people choose, whenever: nothing that is off comes, nothing comes twice, what was held comes out once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.extensions import db
from app.models.people import User
from app.services import reading
from app.services.settings import devices, telegram_links
from app.transaction import transaction
from tests import news
from tests.builders import make_user
from tests.push_services import PushService
from tests.telegram_api import TelegramApi

DESKTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
PHONE = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36"
NIGHT = [{"weekdays": [0, 1, 2, 3, 4, 5, 6], "from": "21:00", "to": "07:30"}]
NOON = [{"weekdays": [0, 1, 2, 3, 4, 5, 6], "from": "12:00", "to": "13:00"}]
CHANNELS = ("browser", "mobile", "telegram", "email")
ZONES = ("UTC", "Europe/Vienna", "America/New_York", "Asia/Kolkata")
# A plain day, and the nights in which clocks change.
STARTS = tuple(dt.datetime(*day, 11, tzinfo=dt.UTC) for day in ((2026, 11, 23), (2026, 10, 24), (2027, 3, 27)))

steps = st.lists(
    st.one_of(
        st.just(("news", None)),
        st.tuples(st.just("cell"), st.tuples(st.sampled_from(CHANNELS[:3]), st.booleans())),
        st.tuples(st.just("cell"), st.tuples(st.just("email"), st.sampled_from(["off", "now", "unread", "digest"]))),
        st.tuples(st.just("quiet"), st.sampled_from([[], NIGHT, NOON])),
        st.tuples(st.just("dnd"), st.sampled_from([None, 30, 300])),
        st.tuples(st.just("receive"), st.booleans()),
        st.tuples(st.just("hours"), st.sampled_from([[], [8], [6, "12:30", 22]])),
        st.tuples(st.just("wait"), st.sampled_from([1, 20, 70, 400])),
        st.just(("read", None)),
    ),
    min_size=4,
    max_size=14,
)


class Person:
    """Somebody whom every channel reaches, and what they chose."""

    def __init__(self, zone: str, push: PushService) -> None:
        self.user, self.boss = make_user("Staff", zone=zone), make_user("Manager")
        with transaction():
            for name, agent in (("desk", DESKTOP), ("phone", PHONE)):
                subscription = push.subscribe(f"{name}{self.user.id}").subscription
                devices.subscribe(self.user, subscription, user_agent=agent, installed=False)
            telegram_links.start(
                str(telegram_links.new_code(self.user, "frontdesk_bot")["code"]), 10_000 + self.user.id, "Ann"
            )
        self.cells: dict[str, Any] = dict.fromkeys(CHANNELS[:3], True) | {"email": "now"}
        self.receive, self.hours = True, True
        # Of each piece of news: the channels that have been on ever since.
        self.owed: dict[int, set[str]] = {}
        self.read: set[int] = set()

    def on(self, channel: str) -> bool:
        return self.receive and self.cells[channel] not in (False, "off")

    def choose(self, step: str, value: Any, now: dt.datetime) -> None:
        """Do one step; what is not on any more is not owed any more."""
        if step == "cell":
            self.cells[value[0]] = value[1]
            news.choose(self.user, matrix={"task_assigned": {value[0]: value[1]}})
        elif step == "quiet":
            news.choose(self.user, quiet_hours=value)
        elif step == "dnd":
            until = (now + dt.timedelta(minutes=value)).isoformat() if value else None
            news.choose(self.user, dnd_until=until)
        elif step == "receive":
            self.receive = value
            news.choose(self.user, receive=value)
        elif step == "hours":
            self.hours = bool(value)
            news.choose(self.user, digest={"hours": value, "weekdays": [0, 1, 2, 3, 4, 5, 6]})
        elif step == "news":
            self.owed[len(self.owed)] = set(CHANNELS)
            news.assign(self.user, self.boss, f"News number {len(self.owed) - 1}.")
        elif step == "read":
            with transaction():
                reading.mark_all_read(self.user.id)
            self.read |= set(self.owed)
        for channels in self.owed.values():
            channels -= {channel for channel in CHANNELS if not self.on(channel)}
            if self.cells["email"] == "digest" and not self.hours:
                channels.discard("email")


def sent_to(user: User) -> dict[tuple[int, str], int]:
    """How often each piece of news left by each channel: by itself, or in a brief or digest."""
    rows = db.session.execute(
        text(
            "SELECT n.number, d.channel, count(*) AS times FROM deliveries d JOIN ("
            "  SELECT d.id, d.notification_id FROM deliveries d WHERE d.notification_id IS NOT NULL"
            "  UNION ALL SELECT delivery_id, notification_id FROM delivery_items) part ON part.id = d.id"
            " JOIN (SELECT n.id, row_number() OVER (ORDER BY n.id) - 1 AS number FROM notifications n"
            "  WHERE n.user_id = :id) n ON n.id = part.notification_id"
            " WHERE d.user_id = :id AND d.state = 'sent' AND d.purpose IN ('notice', 'brief', 'digest')"
            " GROUP BY n.number, d.channel"
        ),
        {"id": user.id},
    )
    found = {(int(row.number), row.channel): int(row.times) for row in rows}
    db.session.rollback()
    return found


@given(script=steps, zone=st.sampled_from(ZONES), start=st.sampled_from(STARTS))
@example([("quiet", NIGHT), ("wait", 400), ("wait", 400), ("news", None), ("wait", 400)], "Europe/Vienna", STARTS[1])
@example([("dnd", 300), ("news", None), ("hours", []), ("dnd", None)], "UTC", STARTS[0])
@example([("cell", ("email", "digest")), ("news", None)], "UTC", STARTS[1])
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_nothing_that_is_off_comes_nothing_twice_and_what_was_held_once(
    context: Flask,
    at: Callable[[Any], None],
    push_service: PushService,
    telegram_api: TelegramApi,
    script: list[tuple[str, Any]],
    zone: str,
    start: dt.datetime,
) -> None:
    now = start
    at(now)
    person = Person(zone, push_service)

    def let_out() -> None:
        before = sent_to(person.user)
        news.prepare_digests()
        news.deliver_due()
        after = sent_to(person.user)
        for (number, channel), times in after.items():
            assert times == 1, (number, channel)
            if (number, channel) not in before:
                assert person.on(channel), f"{channel} is off"
                assert number not in person.read, "what was read came all the same"

    for step, value in script:
        if step == "wait":
            now += dt.timedelta(minutes=value)
            at(now)
        else:
            person.choose(step, value, now)
        let_out()
    for _ in range(8):  # three days: a digest may have to wait for the end of a week
        now += dt.timedelta(hours=9)
        at(now)
        let_out()
    sent = sent_to(person.user)
    for number, channels in person.owed.items():
        if number not in person.read:
            assert {channel for channel in channels if (number, channel) not in sent} == set(), (number, "never came")
    waiting = db.session.execute(
        text("SELECT count(*) FROM deliveries WHERE user_id = :id AND state IN ('pending', 'sending')"),
        {"id": person.user.id},
    ).scalar_one()
    assert waiting == 0, "what was held has come out or was refused"
