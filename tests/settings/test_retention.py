"""Old notices, traces and keys go by themselves, in batches; what is still wanted stays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app import clock
from app.extensions import db
from app.jobs.beat import run_job
from app.jobs.periodic import PERIODIC_JOBS
from app.services import reading
from app.services.account import account, retention
from app.transaction import transaction
from tests import news
from tests.builders import make_user

START = dt.datetime(2026, 7, 1, 12, 0, tzinfo=dt.UTC)


def clean_up() -> None:
    """What the beat does."""
    for job in PERIODIC_JOBS:
        if job.name in ("old notices", "old delivery traces", "old idempotency keys"):
            run_job(job)


def count(what: str) -> int:
    db.session.rollback()
    return int(db.session.execute(text(f"SELECT count(*) FROM {what}")).scalar_one())


@pytest.mark.parametrize("read", [True, False])
def test_notices_go_after_90_days_read_or_not(context: Flask, at: Callable[[Any], None], read: bool) -> None:
    at(START)
    user, boss = make_user("Staff"), make_user("Manager")
    news.assign(user, boss)
    if read:
        with transaction():
            reading.mark_all_read(user.id)
    at(START + dt.timedelta(days=89))
    news.assign(user, boss, "A new one")
    clean_up()
    assert count("feed_items") == 2
    at(START + dt.timedelta(days=91))
    clean_up()
    assert (count("feed_items"), count("notifications"), count("events WHERE tag = 'task:assigned'")) == (1, 1, 2)


def test_an_item_that_comes_again_keeps_only_its_newer_notices(context: Flask, at: Callable[[Any], None]) -> None:
    at(START)
    user, boss = make_user("Staff"), make_user("Manager")
    task_id = news.assign(user, boss)
    at(START + dt.timedelta(days=80))
    with transaction():
        db.session.execute(text("UPDATE feed_items SET at = :now"), {"now": clock.now()})
    at(START + dt.timedelta(days=91))
    clean_up()
    assert (count("feed_items"), count("notifications")) == (1, 0)
    assert count(f"tasks WHERE id = {task_id}") == 1


def test_what_is_to_come_back_later_stays(context: Flask, at: Callable[[Any], None]) -> None:
    at(START)
    user = make_user("Staff")
    news.assign(user, make_user("Manager"))
    with transaction():
        reading.remind(user.id, [1], START + dt.timedelta(days=200))
    at(START + dt.timedelta(days=120))
    clean_up()
    assert count("feed_items") == 1


def test_traces_go_after_the_accounts_days_but_never_what_waits(context: Flask, at: Callable[[Any], None]) -> None:
    at(START)
    user, boss = make_user("Staff"), make_user("Manager")
    news.assign(user, boss)
    news.deliver_due()
    news.assign(user, boss, "Still waiting")
    with transaction():
        account.set_setting("trace_days", 10)
    at(START + dt.timedelta(days=9))
    clean_up()
    assert count("deliveries") == 2
    at(START + dt.timedelta(days=11))
    clean_up()
    assert count("deliveries") == count("deliveries WHERE state = 'pending'") == 1
    assert count("feed_items") == 2


def test_idempotency_keys_go_after_a_day(context: Flask, at: Callable[[Any], None]) -> None:
    at(START)
    user = make_user("Staff")
    insert = "INSERT INTO idempotency_keys (user_id, key, fingerprint, created_at) VALUES (:user, :key, 'x', :at)"
    with transaction():
        for hours in (1, 23, 25, 400):
            values = {"user": user.id, "key": f"{hours} h", "at": START - dt.timedelta(hours=hours)}
            db.session.execute(text(insert), values)
    clean_up()
    assert sorted(db.session.execute(text("SELECT key FROM idempotency_keys")).scalars()) == ["1 h", "23 h"]


def test_much_goes_in_batches_and_in_few_statements(
    context: Flask, at: Callable[[Any], None], statements: Callable[[], Any]
) -> None:
    at(START)
    user = make_user("Staff")
    rows = 2 * retention.BATCH + 1
    insert = (
        "INSERT INTO idempotency_keys (user_id, key, fingerprint, created_at)"
        " SELECT :user, 'k' || i, 'x', :at FROM generate_series(1, :rows) i"
    )
    with transaction():
        db.session.execute(text(insert), {"user": user.id, "at": START - dt.timedelta(days=2), "rows": rows})
    with statements() as sent:
        clean_up()
    assert count("idempotency_keys") == 0
    assert len([one for one in sent if "DELETE FROM idempotency_keys" in one]) == 4, "three with rows, one without"
