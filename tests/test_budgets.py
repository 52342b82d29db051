"""How many statements things cost, and that on filled tables each finds its rows by an index."""

from __future__ import annotations

import contextvars
import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine, text

from app import clock
from app.catalogue import Rule
from app.extensions import db
from app.services import delivery, feed, feed_counters, notify, reading
from app.services.records import lead_tasks
from app.services.tasks import reminders, tasks
from app.startup import ROOT
from app.transaction import transaction
from tests import builders
from tests.explaining import explained
from tests.servers import own_environment

Statements = Callable[[], AbstractContextManager[list[str]]]

# What grows with every day of use. People, roles and settings do not.
BIG_TABLES = {
    "events",
    "feed_items",
    "notifications",
    "deliveries",
    "tasks",
    "reminders",
    "leads",
    "contacts",
    "companies",
}

FEED_PATHS = (
    "feed",
    "feed?filter=tasks&limit=100",
    "feed?unread_first=false",
    "feed?q=Task",
    "sync",
    "items/n:7/trace",
)
FEED_OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"unread_first": False},
    {"filter": "tasks"},
    {"filter": "tasks", "unread_first": False},
    {"q": "Task 1"},
    {"limit": 100},
)

_START = """
from sqlalchemy import Engine, Pool, event
seen = []
event.listen(Engine, "before_cursor_execute", lambda *about: seen.append(about[2]))
event.listen(Pool, "connect", lambda *about: seen.append("a connection"))
from app import create_app
create_app()
print(len(seen), *seen[:5])
"""

_FILL = """
INSERT INTO ab_user (first_name, last_name, username, email, active)
    SELECT 'F' || i, 'L', 'u' || i, 'u' || i || '@example.com', true FROM generate_series(1, 100) i;
INSERT INTO ab_user_role (user_id, role_id) SELECT u.id, r.id FROM ab_user u, ab_role r WHERE r.name = 'Staff';
ALTER TABLE tasks DISABLE TRIGGER USER;
INSERT INTO tasks (text, due_at, responsible_id, author_id, completed_at, created_at, expired_at)
    SELECT 'Task ' || i, now() + (i - :count / 2) * interval '10 min', u.id, u.id,
           CASE WHEN i % 10 > 0 AND i < :count / 2 THEN now() END, now(),
           CASE WHEN i < :count / 2 THEN now() END
    FROM generate_series(1, :count) i JOIN ab_user u ON u.username = 'u' || 1 + i % 100;
ALTER TABLE tasks ENABLE TRIGGER USER;
ALTER TABLE leads DISABLE TRIGGER USER;
ALTER TABLE contacts DISABLE TRIGGER USER;
ALTER TABLE companies DISABLE TRIGGER USER;
INSERT INTO pipelines (name, position) VALUES ('Sales', 0);
INSERT INTO stages (pipeline_id, name, kind, position)
    SELECT p.id, s.name, s.kind, s.position FROM pipelines p,
        (VALUES ('Incoming', 'incoming', 0), ('New', 'open', 1), ('Won', 'won', 2), ('Lost', 'lost', 3))
        s(name, kind, position);
INSERT INTO companies (name, sort_key, created_at)
    SELECT n, lower(n), now() FROM (SELECT 'Firm ' || md5(i::text) n FROM generate_series(1, :count / 3) i) x;
INSERT INTO contacts (name, sort_key, email, phone, phone_tail, responsible_id, created_at)
    SELECT x.n, lower(x.n), 'c' || x.i || '@example.com', '+43 1 ' || 1000000 + x.i, '431' || 1000000 + x.i, u.id,
           now() - x.i * interval '1 min'
    FROM (SELECT i, 'Client ' || md5(i::text) n FROM generate_series(1, :count / 3) i) x
    JOIN ab_user u ON u.username = 'u' || 1 + x.i % 100;
INSERT INTO leads (name, sort_key, budget, stage_id, responsible_id, created_at)
    SELECT x.n, lower(x.n), x.i % 5000, s.id, u.id, now() - x.i * interval '1 min'
    FROM (SELECT i, 'Order ' || md5(i::text) n FROM generate_series(1, :count / 3) i) x
    JOIN ab_user u ON u.username = 'u' || 1 + x.i % 100 JOIN stages s ON s.position = x.i % 4;
ALTER TABLE leads ENABLE TRIGGER USER;
ALTER TABLE contacts ENABLE TRIGGER USER;
ALTER TABLE companies ENABLE TRIGGER USER;
INSERT INTO events (tag, subject_type, subject_id, data, created_at)
    SELECT 'task:assigned', 'task', id, jsonb_build_object('text', text, 'task_id', id, 'more', repeat('x', 500)), now()
    FROM tasks;
INSERT INTO feed_items (user_id, subject_key, subject_type, subject_id, tab, event_tag, event_id, rule, at, unread,
                        changed_at)
    SELECT t.responsible_id, 'task:' || t.id, 'task', t.id, 'tasks', 'task:assigned', e.id, 'responsible', t.due_at,
           t.id % 20 = 0, now() - t.id * interval '1 min'
    FROM events e JOIN tasks t ON t.id = e.subject_id;
INSERT INTO notifications (event_id, user_id, feed_item_id, rule, decisions, created_at)
    SELECT event_id, user_id, id, rule, '{}', now() FROM feed_items;
INSERT INTO deliveries (dedupe_key, purpose, channel, address, user_id, notification_id, state, not_before,
                        created_at)
    SELECT 'n:' || id, 'notice', 'email', 'x@example.com', user_id, id,
           CASE WHEN id % 500 = 0 THEN 'pending' ELSE 'sent' END, now() - interval '1 min', now()
    FROM notifications;
INSERT INTO reminders (task_id, user_id, due_at, lead_minutes)
    SELECT id, responsible_id, due_at, 15 FROM tasks WHERE due_at < now();
"""


@pytest.fixture(scope="session")
def full_database(session_app: Flask, worker_id: str) -> Iterator[Engine]:
    """A database with a year's news, made once."""
    engine = create_engine(own_environment(f"full_{worker_id}", 0)["DATABASE_URL"])
    fill(engine, 60_000)
    yield engine
    engine.dispose()


@pytest.fixture
def full(context: Flask, full_database: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application with a year's news. What a test does to it stays."""
    monkeypatch.setitem(db.engines, None, full_database)
    yield context
    db.session.remove()


@pytest.fixture
def small(context: Flask) -> Flask:
    """The same, a few weeks old, and only for this test."""
    fill(db.engine, 2000)
    return context


def fill(engine: Engine, tasks_count: int) -> None:
    """Make 100 people and so many tasks, each with its notice, its mail and, where it is past, its reminder."""
    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(_FILL.replace(":count", str(tasks_count)))
        connection.execute("VACUUM ANALYZE")


def _big_ones(statement: str, plan: dict[str, Any]) -> list[str]:
    """The big tables that a statement reads from end to end."""
    return [f"{table}: {statement}" for table in _read_whole(plan)]


def _read_whole(plan: dict[str, Any]) -> list[str]:
    own = [plan["Relation Name"]] if plan["Node Type"] == "Seq Scan" and plan["Relation Name"] in BIG_TABLES else []
    return own + [table for child in plan.get("Plans", ()) for table in _read_whole(child)]


def some_user() -> int:
    return int(db.session.execute(text("SELECT id FROM ab_user WHERE username = 'u7'")).scalar_one())


# -- statements


def test_the_start_of_the_application_asks_the_database_nothing(app: Flask, environment: dict[str, str]) -> None:
    environ = {**os.environ, **environment, "FRONTDESK_PROCESS": "command"}
    done = subprocess.run([sys.executable, "-c", _START], env=environ, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "0", done.stdout + done.stderr


def test_every_list_of_25_rows_takes_at_most_ten_statements(
    context: Flask, client: FlaskClient, statements: Statements
) -> None:
    admin = builders.make_user("Admin")
    screens = [str(rule) for rule in context.url_map.iter_rules() if str(rule).endswith("view/list/")]
    for number in range(26):
        person = builders.make_user("Free", groups=[builders.make_group()])
        company = builders.make_company(responsible=person)
        builders.make_contact(company=company, responsible=person)
        builders.make_lead(f"Lead {number}", responsible=person)
    username = admin.username
    db.session.rollback()  # nothing stays open while the pages are asked for
    counts = run_outside(lambda: _counted_lists(client, username, screens, statements))
    assert len(counts) >= 8
    assert {screen: count for screen, count in counts.items() if count > 10} == {}


def _counted_lists(client: FlaskClient, username: str, screens: list[str], statements: Statements) -> dict[str, int]:
    builders.login(client, username)
    counts = {}
    for screen in screens:
        with statements() as sent:
            assert client.get(f"{screen}?psize_{screen.split('/')[1]}=25").status_code == 200, screen
        counts[screen] = len(sent)
    return counts


def test_the_feed_takes_at_most_six_statements(small: Flask, client: FlaskClient, statements: Statements) -> None:
    user = builders.make_user("Staff")
    with transaction():
        db.session.execute(text("UPDATE feed_items SET user_id = :id WHERE id <= 60"), {"id": user.id})
    username = user.username

    def ask() -> dict[str, int]:
        headers, counts = builders.bearer(client, username), {}
        for path in FEED_PATHS:
            with statements() as sent:
                assert client.get(f"/api/v1/center/{path}", headers=headers).status_code == 200
            counts[path] = len(sent)
        return counts

    assert {path: count for path, count in run_outside(ask).items() if count > 6} == {}


@pytest.mark.parametrize("tag", ["task:assigned", "task:due_soon", "task:expired", "task:completed"])
def test_one_and_a_hundred_recipients_cost_the_same_statements(small: Flask, statements: Statements, tag: str) -> None:
    people = [row.id for row in db.session.execute(text("SELECT id FROM ab_user ORDER BY id LIMIT 100"))]
    data = {"text": "Call", "due_at": clock.now().isoformat(), "author": {"id": 1, "name": "Rowan"}}
    counts = []
    for number, audience in enumerate((people[:1], people, people[:50])):
        with statements() as sent, transaction():
            subject = notify.Subject("task", 10**6 + number)
            notify.record_event(tag, None, subject, data, told=dict.fromkeys(audience, _rule(tag)))
        counts.append(len(sent))
    assert len(set(counts)) == 1
    assert counts[0] <= 12


def _rule(tag: str) -> Rule:
    return Rule.AUTHOR if tag == "task:completed" else Rule.RESPONSIBLE


def test_reading_everything_costs_the_same_however_much_it_is(small: Flask, statements: Statements) -> None:
    user_id = some_user()
    counts = []
    for condition in ("true", "id % 3 = 0"):
        with transaction():
            db.session.execute(
                text(f"UPDATE feed_items SET unread = true WHERE user_id = :id AND {condition}"), {"id": user_id}
            )
        with statements() as sent, transaction():
            reading.mark_all_read(user_id)
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 5


def test_closing_and_opening_a_lead_costs_the_same_however_many_tasks_it_has(
    context: Flask, statements: Statements
) -> None:
    rowan = builders.make_user("Staff")
    counts = []
    for many in (1, 10):
        lead = builders.make_lead(responsible=rowan)
        for _ in range(many):
            builders.make_task(responsible=rowan, lead_id=lead.id)
        with statements() as sent, transaction(rowan.id):
            lead_tasks.silence(lead)
            lead_tasks.wake(lead)
        counts.append(len(sent))
    assert counts[0] == counts[1]


# -- indexes


def test_the_feed_is_read_by_an_index_on_every_page(full: Flask) -> None:
    user_id = some_user()
    with explained(_big_ones) as read_whole:
        for options in FEED_OPTIONS:
            first = feed.page(db.session(), user_id, **options)
            feed.page(db.session(), user_id, cursor=first.next_cursor, **options)
        feed_counters.counters(db.session(), [user_id])
        feed.sync(db.session(), user_id, (clock.now() - dt.timedelta(hours=1)).isoformat())
    assert read_whole == []


def test_the_beats_jobs_find_their_rows_by_an_index(full: Flask) -> None:
    with explained(_big_ones) as read_whole:
        delivery.sweep()
        with transaction():
            reading.wake_reminded()
        with transaction():
            assert reminders.remind_due() > 0
        with transaction():
            assert tasks.expire_due() >= 0
    assert read_whole == []


def test_a_delivery_is_claimed_and_checked_by_indexes(full: Flask) -> None:
    ids = [row.id for row in db.session.execute(text("SELECT id FROM deliveries WHERE state = 'pending' LIMIT 20"))]
    with explained(_big_ones) as read_whole:
        delivery.deliver("email", ids)
    assert read_whole == []


def test_reading_archiving_and_completing_find_their_rows_by_an_index(full: Flask) -> None:
    user_id = some_user()
    items = [int(item["id"][2:]) for item in feed.page(db.session(), user_id).items]
    with explained(_big_ones) as read_whole, transaction():
        reading.mark_read(user_id, items[:20])
        reading.archive(user_id, items[20:40])
        reading.mark_all_read(user_id)
        reading.settle_subject("task:77")
    assert read_whole == []


def _asked_of_the_crm() -> list[str]:
    """Each list in each of its orders, both ways, and what is searched, filtered and looked up."""
    orders = {
        "LeadView": ("name", "budget", "created_at"),
        "ContactView": ("name", "email", "created_at"),
        "CompanyView": ("name", "created_at"),
        "TaskView": ("text", "due_at", "completed_at"),
    }
    pages = [
        f"/{view.lower()}/list/?_oc_{view}={column}&_od_{view}={way}"
        for view, columns in orders.items()
        for column in columns
        for way in ("asc", "desc")
    ]
    apis = {
        "leads": ("id", "name", "budget", "created_at", "changed_at"),
        "contacts": ("id", "name", "email", "created_at", "changed_at"),
        "companies": ("id", "name", "created_at", "changed_at"),
        "tasks": ("id", "text", "due_at", "completed_at", "created_at", "changed_at"),
    }
    pages += [
        f"/api/v1/{resource}/?q=(order_column:{column},order_direction:desc)"
        for resource, columns in apis.items()
        for column in columns
    ]
    return [
        *pages,
        "/leadview/list/?_flt_8_name=0f3a",
        "/leadview/list/?_flt_8_name=nowhere",
        "/leadview/list/?_flt_0_responsible=7&_oc_LeadView=budget&_od_LeadView=desc",
        "/contactview/list/?_flt_8_name=c777@",
        "/contactview/list/?_flt_8_name=1000777",
        "/companyview/list/?_flt_8_name=0f3a",
        "/taskview/list/?_flt_0_text=Task+777",
        "/leadview/board/",
        "/leadview/board/?mine=1",
        "/leadview/board/?q=0f3a",
        "/lookup/leads?q=0f3a",
        "/lookup/contacts?q=client",
        "/lookup/companies?q=0f3a",
    ]


@pytest.mark.parametrize(("role", "setting"), [("Admin", "all"), ("Staff", "groups"), ("Staff", "own")])
def test_no_list_board_or_search_reads_a_table_of_records_from_end_to_end(
    full: Flask, client: FlaskClient, role: str, setting: str
) -> None:
    builders.set_visibility(setting)
    person = builders.make_user(role, groups=[builders.make_group()])
    with transaction():
        db.session.execute(text("UPDATE leads SET responsible_id = :id WHERE id % 997 = 0"), {"id": person.id})
    username = person.username
    db.session.rollback()  # nothing stays open while the pages are asked for

    def ask(read_whole: list[str]) -> list[str]:
        builders.login(client, username)
        found = []
        for address in _asked_of_the_crm():
            read_whole.clear()
            assert client.get(address).status_code == 200, address
            # Counting a list without filters stops at 10,001 rows, wherever it takes them from.
            counts = "" if "_flt_" in address or "?" not in address or "q=0f3a" in address else "SELECT count"
            found += [f"{address} {line}" for line in read_whole if not counts or counts not in line]
        return found

    with explained(_big_ones) as read_whole:
        assert run_outside(lambda: ask(read_whole)) == []


def run_outside(work: Callable[[], Any]) -> Any:
    """Run what sends requests outside the test's own context, whose ``g`` they would share."""
    return contextvars.Context().run(work)


def test_the_plan_reader_sees_a_table_read_from_end_to_end(full: Flask) -> None:
    with explained(_big_ones) as read_whole:
        db.session.execute(text("SELECT count(*) FROM feed_items WHERE rule = 'nobody'"))
    assert len(read_whole) == 1
