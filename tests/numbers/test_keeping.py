"""The daily numbers follow what happens to records later, clock changes and another zone, and can be counted anew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.extensions import db
from app.models.crm import Lead, Task
from app.models.talks import Talk
from app.services.account import account_settings
from app.services.records import leads, trash
from app.services.reports import activity_days
from app.services.reports.activity_report import Period, Scope, activity_report
from app.transaction import transaction
from tests.builders import make_lead, make_stage, make_user
from tests.numbers.conftest import ACCOUNT, NOW, History, day, refreshed, report, values


def rows() -> list[Any]:
    kept = "day, user_id, group_id, leads_new, leads_won, messages_in, talks_unanswered, first_replies, deliveries_sent"
    return list(db.session.execute(text(f"SELECT {kept} FROM activity_days ORDER BY 1, 2, 3")))


def counted(period: Period, key: str) -> float | None:
    refreshed()
    return activity_report(period, ACCOUNT, ["leads"]).total.figures[key].value


def test_what_is_changed_later_changes_its_day(history: History) -> None:
    report()
    with transaction():
        won = db.session.query(Lead).filter_by(currency="USD").one()
        leads.update(history.boss, won, {"stage_id": make_stage("open").id})
        lost = db.session.query(Lead).filter(Lead.budget == 40).one()
        lost.responsible_id = history.cleo.id
        talk = db.session.query(Talk).filter_by(responsible_id=None).one()
        talk.responsible_id, talk.first_reply_at = history.cleo.id, day(6, 10, 40)
    found = report()
    lines = {line.name: values(line) for line in found.users}
    assert "leads_won" not in lines["Bob B"]
    assert lines["Cleo C"]["leads_lost"] == 1
    assert (lines["Cleo C"]["messages_in"], lines["Cleo C"]["talks_opened"]) == (2, 1)
    assert "talks_unanswered" not in values(found.total)
    assert found.total.figures["leads_won_sum:EUR"].value == 250


def test_what_is_deleted_counts_no_more_and_again_when_it_comes_back(history: History) -> None:
    before = values(report().total)
    with transaction():
        lead = db.session.query(Lead).filter(Lead.budget == 40).one()
        task = db.session.query(Task).filter(Task.completed_at.is_(None)).order_by(Task.due_at).first()
        assert task is not None
        for record in (lead, task):
            trash.keep(history.boss, record, "batch")
            db.session.delete(record)
    gone = values(report().total)
    assert "leads_lost" not in gone
    assert (gone["tasks_set"], gone["tasks_expired"]) == (3, 1)
    with transaction():
        trash.restore(history.boss, "batch")
    assert values(report().total) == before


def test_counting_all_anew_gives_the_same(history: History) -> None:
    report()
    before = rows()
    with transaction():
        db.session.execute(text("UPDATE activity_days SET leads_new = leads_new + 7, first_replies = NULL"))
        activity_days.start_rebuild()
    report()
    assert rows() == before


def test_numbers_of_deliveries_that_left_the_log_stay(history: History, at: Callable[[Any], None]) -> None:
    assert report().total.figures["deliveries_sent"].value == 2
    at(NOW + dt.timedelta(days=60))
    with transaction():
        db.session.execute(text("DELETE FROM deliveries"))
        activity_days.start_rebuild()
    numbers = values(report().total)
    assert (numbers["deliveries_sent"], numbers["deliveries_failed"], numbers["leads_new"]) == (2, 1, 2)


@pytest.mark.parametrize(
    ("date", "hours"), [(dt.date(2026, 3, 29), 23), (dt.date(2026, 10, 25), 25)], ids=["spring", "autumn"]
)
def test_a_day_on_which_clocks_change_has_its_own_length(
    context: Flask, at: Callable[[Any], None], date: dt.date, hours: int
) -> None:
    with transaction():
        account_settings.change(make_user("Admin"), {"zone": "Europe/Vienna"})
    midnight = dt.datetime.combine(date, dt.time(), dt.timezone(dt.timedelta(hours=1 if hours == 23 else 2)))
    # The last minute of the day before, each hour of the day, the first minute after it.
    make_lead(created_at=midnight - dt.timedelta(minutes=1))
    for hour in range(hours):
        make_lead(created_at=midnight + dt.timedelta(hours=hour))
    make_lead(created_at=midnight + dt.timedelta(hours=hours))
    at(midnight + dt.timedelta(days=3))
    assert counted(Period.custom(date, date, "Europe/Vienna"), "leads_new") == hours
    assert Period.last("day", midnight + dt.timedelta(days=1, hours=2), "Europe/Vienna").starts_on == date


def test_another_zone_of_the_account_begins_the_days_elsewhere(context: Flask, at: Callable[[Any], None]) -> None:
    admin = make_user("Admin")
    make_lead(created_at=day(5, 23, 30))
    at(NOW)
    fifth, sixth = (Period.custom(dt.date(2026, 3, n), dt.date(2026, 3, n), "UTC") for n in (5, 6))
    assert (counted(fifth, "leads_new"), counted(sixth, "leads_new")) == (1, 0)
    with transaction():
        account_settings.change(admin, {"zone": "Europe/Vienna"})
    with transaction():
        activity_days.refresh()
    assert activity_report(fifth, ACCOUNT, ["leads"]).complete_from is not None
    assert (counted(fifth, "leads_new"), counted(sixth, "leads_new")) == (0, 1)
    assert activity_report(fifth, ACCOUNT, ["leads"]).complete_from is None


def test_days_without_a_beat_are_caught_up(history: History, at: Callable[[Any], None]) -> None:
    report()
    for days in (1, 4):
        make_lead(created_at=NOW + dt.timedelta(days=days))
    at(NOW + dt.timedelta(days=5))
    following = Period.custom(NOW.date(), NOW.date() + dt.timedelta(days=5), "UTC")
    assert counted(following, "leads_new") == 2


def test_a_member_takes_the_numbers_along_to_another_group(history: History) -> None:
    from tests.builders import make_group

    report()
    workshop = make_group("Workshop")
    with transaction():
        workshop.users = [history.bob]
        history.sales.users = [history.ann]
    scope = Scope("groups", (history.sales.id, workshop.id))
    lines = {line.name: values(line) for line in report(scope).groups}
    assert (lines["Sales"]["leads_won"], lines["Workshop"]["leads_won"]) == (1, 1)


def test_somebody_deactivated_keeps_the_line_of_what_was_done(history: History) -> None:
    with transaction():
        history.bob.active = False
        history.boss.active = False
    lines = {line.name: line for line in report().users}
    assert lines["Bob B"].active is False
    assert values(lines["Bob B"])["leads_won"] == 1
    assert "Boss D" not in lines, "who did nothing and is gone needs no line"


def test_a_refresh_reads_only_the_days_that_were_touched(history: History, statements: Any) -> None:
    report()
    with transaction():
        db.session.query(Lead).filter(Lead.budget == 40).one().budget = 41
    with statements() as sent, transaction():
        activity_days.refresh()
    assert sum("INSERT INTO activity_days" in one for one in sent) == 3, (
        "two touched days; yesterday and today together"
    )
    assert db.session.execute(text("SELECT count(*) FROM activity_touched")).scalar() == 0
