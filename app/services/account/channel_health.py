"""Whether each channel works: a self-test every hour, told to admins once when it fails and once when it is back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from flask import current_app
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.catalogue import Channel, Rule
from app.channels import telegram, webpush
from app.channels.email import mail
from app.errors import SendError
from app.extensions import db
from app.models.channels import ChannelHealth
from app.services import audience
from app.services.notify import Subject, record_event
from app.transaction import transaction

EVERY = dt.timedelta(hours=1)
# While a channel is down its recovery should not take an hour to be noticed.
WHILE_DOWN = dt.timedelta(minutes=5)
HEALTH_URL = "/channels/"
# Every way out of the house, and whose test speaks for it.
SHOWN = {
    Channel.EMAIL.value: Channel.EMAIL.value,
    Channel.BROWSER.value: Channel.BROWSER.value,
    Channel.MOBILE.value: Channel.BROWSER.value,
    Channel.TELEGRAM.value: Channel.TELEGRAM.value,
    "mailbox": None,
    "messenger": None,
    "webhook": None,
}


def check_due() -> int:
    """Test the channels whose hour has come, one after another; nothing is open in the database meanwhile.

    Returns 0: there is never a next piece to do at once.
    """
    now = clock.now()
    known = {row.channel: row for row in db.session.scalars(db.select(ChannelHealth))}
    due = [channel for channel in TESTS if _is_due(known.get(channel), now)]
    db.session.rollback()
    for channel in due:
        _keep(channel, _problem(channel))
    return 0


def suspect(channel: str) -> None:
    """Test a channel with the next minute's look, not with its hour: a connection has just failed."""
    tested_as = SHOWN.get(channel)
    if tested_as is not None:
        db.session.execute(
            text("UPDATE channel_health SET checked_at = NULL WHERE channel = :channel AND down_since IS NULL"),
            {"channel": tested_as},
        )


def check_now() -> None:
    """Test all channels at once, for somebody who has just repaired one; what is found is told as ever."""
    for channel in TESTS:
        _keep(channel, _problem(channel))


def overview() -> list[dict[str, Any]]:
    """Return per channel: what the self-test said, the last success, what waits and since when, and what failed.

    ``configured`` is None where a channel tests nothing of its own. Phones share the test of browsers.
    """
    rows = db.session.execute(
        text(
            "SELECT c.channel, h.checked_at, h.problem, h.down_since,"
            " (SELECT d.finished_at FROM deliveries d WHERE d.channel = c.channel AND d.state = 'sent'"
            "  ORDER BY d.id DESC LIMIT 1) AS last_sent_at,"
            " (SELECT count(*) FROM deliveries d WHERE d.channel = c.channel AND d.state = 'pending'"
            "  AND d.not_before <= :now) AS waiting,"
            " (SELECT min(not_before) FROM deliveries d WHERE d.channel = c.channel AND d.state = 'pending'"
            "  AND d.not_before <= :now) AS waiting_since,"
            " (SELECT count(*) FROM deliveries d WHERE d.channel = c.channel AND d.state = 'failed'"
            "  AND d.finished_at > :day) AS failed_in_a_day"
            " FROM unnest(CAST(:channels AS text[]), CAST(:tested_as AS text[])) WITH ORDINALITY"
            "  AS c(channel, tested_as, place)"
            " LEFT JOIN channel_health h ON h.channel = c.tested_as ORDER BY c.place"
        ),
        {
            "now": clock.now(),
            "day": clock.now() - dt.timedelta(days=1),
            "channels": list(SHOWN),
            "tested_as": list(SHOWN.values()),
        },
    )
    set_up = {
        Channel.EMAIL.value: bool(current_app.config["MAIL_SERVER"]),
        Channel.BROWSER.value: webpush.is_configured(),
        Channel.MOBILE.value: webpush.is_configured(),
        Channel.TELEGRAM.value: telegram.is_configured(),
    }
    return [{**row._mapping, "configured": set_up.get(row.channel)} for row in rows]


def _is_due(known: ChannelHealth | None, now: dt.datetime) -> bool:
    if known is None or known.checked_at is None or known.checked_at > now:
        return True
    return now - known.checked_at >= (WHILE_DOWN if known.down_since else EVERY)


def _problem(channel: str) -> str | None:
    try:
        TESTS[channel]()
    except SendError as error:
        return error.reason
    return None


def _keep(channel: str, problem: str | None) -> None:
    """Store what was found. The row is locked: two beats tell once."""
    now = clock.now()
    with transaction():
        db.session.execute(insert(ChannelHealth).values(channel=channel).on_conflict_do_nothing())
        row = db.session.get_one(ChannelHealth, channel, with_for_update=True, populate_existing=True)
        row.checked_at, row.problem = now, problem
        if problem and row.down_since is None:
            row.down_since = now
            _tell("error:channel_down", channel, problem)
        elif not problem and row.down_since is not None:
            row.down_since = None
            _tell("error:channel_up", channel, "")


def _tell(tag: str, channel: str, problem: str) -> None:
    data = {"text": channel, "channel": channel, "problem": problem, "url": HEALTH_URL}
    told = dict.fromkeys(audience.admins(), Rule.ADMIN)
    record_event(tag, None, Subject("channel", list(TESTS).index(channel) + 1), data, told=told)


def _test_email() -> None:
    if current_app.config["MAIL_SERVER"]:
        with mail.connect() as connection:
            connection.check()


def _test_telegram() -> None:
    if telegram.is_configured():
        telegram.call("get_me")


def _test_push() -> None:
    if webpush.is_configured():
        try:
            webpush.public_key()
        except (ValueError, TypeError) as error:
            raise SendError("VAPID_PRIVATE_KEY is no key for Web Push") from error


# Push services cannot be asked without a subscription: our own key is what can be wrong on our side.
TESTS: Mapping[str, Callable[[], None]] = {
    Channel.EMAIL.value: _test_email,
    Channel.TELEGRAM.value: _test_telegram,
    Channel.BROWSER.value: _test_push,
}
