"""The account's own plan: told before its end and at it, once each, and moved when the date moves."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from app.extensions import db
from app.jobs.beat import run_job
from app.jobs.periodic import PERIODIC_JOBS
from app.models.people import User
from app.services.account import account
from app.services.payments import billing
from app.services.settings import matrix
from app.transaction import transaction
from tests import builders
from tests.news import deliver_due, kept_mails, prepare_digests
from tests.stored import items, told

PAID_UNTIL = dt.date(2026, 12, 20)
BEAT = next(job for job in PERIODIC_JOBS if job.name == "end of the plan")


def morning(days_before: int) -> dt.datetime:
    """08:00 UTC, so many days before the last paid day."""
    return dt.datetime.combine(PAID_UNTIL - dt.timedelta(days=days_before), dt.time(8), dt.UTC)


def beat(at, moment: dt.datetime, times: int = 1) -> None:
    """What the beat does about the plan at a moment."""
    at(moment)
    for _ in range(times):
        run_job(BEAT)


def set_plan(**changes: Any) -> None:
    with transaction():
        billing.change(db.session.scalars(select(User).where(User.username == "della")).one(), changes)


@pytest.fixture(autouse=True)
def house(app: Flask, at) -> None:
    """An account that is paid until 20 December; della is its admin, milo and wren are none."""
    at(morning(40))
    with app.app_context():
        builders.make_user("Admin", username="della", email="della@example.com")
        builders.make_user("Manager", username="milo")
        builders.make_user("Staff", username="wren")
        set_plan(paid_until=PAID_UNTIL, plan="Bicycle XL")


def test_admins_are_told_before_the_end_and_at_it_once_each(context, at) -> None:
    for days in range(20, -5, -1):
        beat(at, morning(days), times=2)
    assert told() == [("billing:expiring", "della", "admin")] * 2 + [
        ("billing:expiring", "della", "admin_soon"),
        ("billing:expiring", "della", "admin_soon"),
        ("billing:expired", "della", "admin_soon"),
    ]
    told_at = [notice.told_at.date() for notice in billing.notices() if notice.told_at]
    assert told_at == [morning(days).date() for days in (14, 7, 3, 1, -1)]
    assert items("della") == [("billing:expired", 1, True)], "one row of the center for one date"


def test_far_notices_come_by_digest_near_ones_at_once(context, at) -> None:
    beat(at, morning(7))
    prepare_digests()
    deliver_due()
    assert kept_mails("della@example.com") == []
    at(morning(6) + dt.timedelta(hours=1))
    prepare_digests()
    deliver_due()
    (digest,) = kept_mails("della@example.com")
    assert "Your plan ends in 6 days" in digest.text
    beat(at, morning(3))
    deliver_due()
    mail = kept_mails("della@example.com")[1]
    assert mail.subject == "Your plan ends in 3 days"
    assert "Bicycle XL, paid until Sunday, 20 December 2026" in mail.text


def test_what_the_beat_slept_over_is_caught_up_once(context, at) -> None:
    beat(at, morning(2), times=3)
    assert told() == [("billing:expiring", "della", "admin_soon")]
    beat(at, morning(-9), times=3)
    assert [tag for tag, _, _ in told()] == ["billing:expiring", "billing:expired"]
    beat(at, morning(0))
    assert len(told()) == 2, "a clock that was moved back tells nothing again"


def test_the_day_is_the_accounts_own(context, at) -> None:
    with transaction():
        account.set_setting("zone", "Pacific/Auckland")
    evening = dt.datetime.combine(PAID_UNTIL - dt.timedelta(days=15), dt.time(10, 59), dt.UTC)
    beat(at, evening)
    assert told() == []
    beat(at, evening + dt.timedelta(minutes=1))
    assert len(told()) == 1


def test_another_date_withdraws_what_was_told_and_is_told_at_its_own_time(context, at) -> None:
    beat(at, morning(3))
    set_plan(paid_until=PAID_UNTIL + dt.timedelta(days=365))
    db.session.rollback()
    rows = db.session.execute(text("SELECT unread, archived FROM feed_items")).all()
    assert [tuple(row) for row in rows] == [(False, True)]
    states = db.session.execute(text("SELECT state FROM deliveries")).scalars()
    assert set(states) == {"cancelled"}, "its mail had not gone out yet"
    for days in (1, 0, -1):
        beat(at, morning(days))
    assert len(told()) == 1
    beat(at, morning(-351))
    assert told()[1:] == [("billing:expiring", "della", "admin")]


def test_a_slip_of_the_date_tells_nothing_twice(context, at) -> None:
    beat(at, morning(3))
    set_plan(paid_until=dt.date(2062, 12, 20))
    set_plan(paid_until=PAID_UNTIL)
    beat(at, morning(3))
    assert len(told()) == 1
    assert items("della") == [("billing:expiring", 1, True)], "what was withdrawn is back"


def test_the_settings_have_the_row_once_a_date_is_set(context) -> None:
    assert "billing" in matrix.rows_for("admin")
    assert "billing" not in matrix.rows_for("manager")
    set_plan(paid_until=None)
    assert "billing" not in matrix.rows_for("admin")


def test_the_screen_saves_and_the_account_shows_the_plan(client: FlaskClient, at) -> None:
    at(morning(10))
    builders.login(client, "della")
    form = {"plan": "Bicycle XXL", "paid_until": "2026-12-20", "seats": "2"}
    assert client.post("/plan/", data=form).status_code == 302
    page = client.get("/account/").get_data(as_text=True)
    assert "Sunday, 20 December 2026" in page
    assert "10 days" in page
    assert "3 of 2" in page
    assert "1 too many" in page
    assert "14 days before" in client.get("/plan/").get_data(as_text=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [("paid_until", "soon"), ("paid_until", "2026-02-30"), ("paid_until", "1820-01-01"), ("seats", "0"),
     ("seats", "many"), ("plan", "x" * 61)],
)  # fmt: skip
def test_nonsense_is_refused_by_its_field_and_changes_nothing(app: Flask, client: FlaskClient, field, value) -> None:
    builders.login(client, "della")
    form = {"plan": "Other", "paid_until": "2027-01-01", "seats": "5"} | {field: value}
    page = client.post("/plan/", data=form)
    assert page.status_code == 200
    assert f'id="{field}"' in page.get_data(as_text=True)
    assert 'aria-invalid="true"' in page.get_data(as_text=True)
    with app.app_context():
        assert billing.paid_until() == PAID_UNTIL
        assert account.get_setting("plan") == "Bicycle XL"
