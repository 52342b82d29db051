"""The demo: believable, sends nothing, and fires nothing by itself."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import text

from app import clock, demo
from app.extensions import db
from app.jobs.periodic import PERIODIC_JOBS
from app.models.crm import Lead
from app.models.limits import LimitRule
from app.models.people import User
from app.services import feed
from app.services.limits import limit_rules
from app.services.records import cards
from tests import builders


def load(context: Flask) -> None:
    for role in ("Admin", "Manager", "Staff", "Free"):
        builders.make_role(role)
    assert demo.load()


def states() -> dict[str, int]:
    return {
        row.state: row.n for row in db.session.execute(text("SELECT state, count(*) AS n FROM deliveries GROUP BY 1"))
    }


def test_loading_the_demo_leaves_nothing_to_send_and_one_failure_to_look_at(context: Flask) -> None:
    load(context)
    assert set(states()) == {"sent", "failed"}
    assert states()["failed"] == 1


def test_nothing_of_the_demo_fires_by_itself(context: Flask) -> None:
    load(context)
    before = db.session.execute(text("SELECT count(*) FROM events")).scalar()
    for job in PERIODIC_JOBS:
        job.run()
    assert db.session.execute(text("SELECT count(*) FROM events")).scalar() == before
    assert set(states()) == {"sent", "failed"}


def test_the_managers_center_has_chats_and_notices_unread(context: Flask) -> None:
    load(context)
    manager = db.session.query(User).filter_by(username="manager").one()
    unread = [item for item in feed.page(db.session(), manager.id).items if item["unread"]]
    assert {item["kind"] for item in unread} == {"chat", "notice"}


def test_a_limit_has_a_suggestion_and_its_dry_run_somebody_to_show(context: Flask) -> None:
    load(context)
    busiest = limit_rules.suggestions()["cards", "hour"]
    rule = LimitRule(scope="everyone", kind="cards", span="hour", amount=busiest.most - 1)
    found = limit_rules.dry_run(rule)
    assert {one.name for one in found} == {"Wren Saddle"}
    today = "SELECT count(*) FROM activity_counters WHERE starts_at > now() - interval '1 hour'"
    assert db.session.execute(text(today)).scalar() == 0


def test_cards_have_weeks_of_history_and_talk_about_them(context: Flask) -> None:
    load(context)
    manager = db.session.query(User).filter_by(username="manager").one()
    lead = db.session.query(Lead).filter_by(name="Cargo bike for deliveries").one()
    card = cards.card_of(manager, lead)
    tags = [entry.icon for entry in card.timeline.entries]
    assert "plus" in tags
    assert "swap" in tags
    assert card.chat_id is not None
    assert [share.user.username for share in card.shares] == ["staff"]
    moments = [entry.at for entry in card.timeline.entries]
    assert max(moments) <= clock.now()
    won = db.session.execute(
        text(
            "SELECT count(*) FROM leads l JOIN stages s ON s.id = l.stage_id AND s.kind = 'won' WHERE NOT EXISTS"
            " (SELECT FROM events e WHERE e.tag = 'lead:won' AND e.subject_id = l.id AND e.created_at = l.closed_at)"
        )
    ).scalar()
    assert won == 0, "what the reports count is told on the cards too"
    old = db.session.execute(text("SELECT count(*) FROM events WHERE created_at < now() - interval '7 days'")).scalar()
    assert old > 100
    for table in ("leads", "contacts", "companies", "tasks"):
        early = db.session.execute(text(f"SELECT count(*) FROM {table} WHERE changed_at < created_at")).scalar()
        assert early == 0, table


def test_an_account_with_people_is_left_alone(context: Flask) -> None:
    builders.make_user("Admin")
    assert demo.load() is False
    assert db.session.query(User).count() == 1
