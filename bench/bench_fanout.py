"""One event for 10,000 people, against a bare INSERT … SELECT of the very same rows in the same run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from sqlalchemy import text

from app import clock
from app.catalogue import Rule
from app.extensions import db, redis_client
from app.services import notify
from app.transaction import transaction
from bench.bulk import vacuum
from bench.house import application
from bench.row import Row, at_least, at_most, noted
from bench.statements import counted

PEOPLE = 10_000
ROUNDS = 5
RATIO = 0.3

_PEOPLE = (
    "INSERT INTO ab_user (first_name, last_name, username, email, active)"
    " SELECT 'Pat', 'No. ' || i, 'bench' || i, 'bench' || i || '@example.com', true"
    f" FROM generate_series(1, {PEOPLE}) i",
    "INSERT INTO ab_user_role (user_id, role_id)"
    " SELECT u.id, r.id FROM ab_user u, ab_role r WHERE u.username LIKE 'bench%' AND r.name = 'Staff'",
)

# The same rows from nothing but the list of people: no audience, no routing, no queue.
_BARE = """
WITH e AS (
    INSERT INTO events (tag, subject_type, subject_id, data, created_at)
    SELECT tag, subject_type, :subject, data, created_at FROM events WHERE id = :event RETURNING id
), i AS (
    INSERT INTO feed_items (user_id, subject_key, subject_type, subject_id, tab, event_tag, event_id, rule, at)
    SELECT u.id, 'task:' || CAST(:subject AS text), 'task', :subject, 'tasks', 'task:assigned', e.id, 'responsible', :at
    FROM ab_user u, e WHERE u.username LIKE 'bench%' RETURNING id, user_id, event_id
), n AS (
    INSERT INTO notifications (event_id, user_id, feed_item_id, rule, decisions, created_at)
    SELECT i.event_id, i.user_id, i.id, 'responsible', CAST(:decisions AS jsonb), :at FROM i RETURNING id, user_id
)
INSERT INTO deliveries (dedupe_key, purpose, channel, address, user_id, notification_id, state, not_before,
                        queued_until, created_at)
SELECT 'n:' || n.id || ':email:' || u.email, 'notice', 'email', u.email, u.id, n.id, 'pending', :at, :at, :at
FROM n JOIN ab_user u ON u.id = n.user_id
"""
_DECISIONS = '{"browser": "popup", "mobile": "no_address", "telegram": "no_address", "email": "send"}'


def run() -> list[Row]:
    """Measure both in turns, so that whatever else the machine does hits both."""
    with application().app_context():
        with transaction():
            for statement in _PEOPLE:
                db.session.execute(text(statement))
        vacuum()
        everybody = [row.id for row in db.session.execute(text("SELECT id FROM ab_user WHERE username LIKE 'bench%'"))]
        db.session.rollback()
        product, bare, events = [], [], []
        for number in range(ROUNDS):
            product.append(_seconds(lambda number=number: events.append(_tell(everybody, number))))
            bare.append(_seconds(lambda number=number: _write_bare(events[-1], 10**7 + number)))
        few, many = _statements(everybody[:10], ROUNDS), _statements(everybody, ROUNDS + 1)
        written = _rows_of("task", 10**6 + ROUNDS - 1)
        assert written == _rows_of("task", 10**7 + ROUNDS - 1), "the bare statement must write the same rows"
        redis_client().flushdb()
    seconds, bare_seconds = statistics.median(product), statistics.median(bare)
    return [
        at_least(
            f"{PEOPLE:,} recipients of one event: speed as part of a bare INSERT's", bare_seconds / seconds, RATIO
        ),
        noted("… rows per second, with queueing and live push", written / seconds),
        noted("… rows per second of the bare INSERT … SELECT", written / bare_seconds),
        at_most("… statements more than for 10 recipients", many - few, 0),
        noted("… statements", many),
    ]


def _tell(people: list[int], number: int) -> int:
    """The product's way, up to what is queued and pushed after the commit."""
    data = {
        "task_id": number,
        "text": "Call Basil Hedge back about the fleet contract",
        "type": "call",
        "due_at": clock.now().isoformat(),
        "all_day": False,
        "author": {"id": 1, "name": "Rowan Sprocket"},
        "responsible": {"id": 2, "name": "Milo Spoke"},
        "url": f"/taskview/show/{number}",
    }
    subject = notify.Subject("task", 10**6 + number)
    with transaction():
        return notify.record_event("task:assigned", None, subject, data, told=dict.fromkeys(people, Rule.RESPONSIBLE))


def _write_bare(event_id: int, subject: int) -> None:
    with transaction():
        values = {"event": event_id, "subject": subject, "at": clock.now(), "decisions": _DECISIONS}
        db.session.execute(text(_BARE), values)


def _statements(people: list[int], number: int) -> int:
    with counted(db.engine) as sent:
        _tell(people, number)
    return len(sent)


def _rows_of(subject_type: str, subject_id: int) -> int:
    """All that was written for one event."""
    statement = text(
        "SELECT count(DISTINCT e.id) + count(DISTINCT i.id) + count(DISTINCT n.id) + count(DISTINCT d.id) FROM events e"
        " JOIN feed_items i ON i.event_id = e.id JOIN notifications n ON n.event_id = e.id"
        " LEFT JOIN deliveries d ON d.notification_id = n.id"
        " WHERE e.subject_type = :type AND e.subject_id = :id AND n.user_id = i.user_id"
    )
    return int(db.session.execute(statement, {"type": subject_type, "id": subject_id}).scalar_one())


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
