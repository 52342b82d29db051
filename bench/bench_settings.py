"""What people's own settings cost: part 1's event with four channels, mixed choices and quiet hours; and digests."""

from __future__ import annotations

import datetime as dt
import json
import statistics
import time

from sqlalchemy import text

from app import clock
from app.catalogue import Rule
from app.extensions import db, redis_client
from app.services import digests, notify
from app.transaction import transaction
from bench.bulk import vacuum
from bench.house import application
from bench.row import Row, at_least, at_most, noted
from bench.statements import counted

PEOPLE = 10_000
ROUNDS = 5
RATIO = 0.2

# A third each: no own choice, four channels and mails if unread, everything as a digest. Every fifth person is asleep.
_QUIET = json.dumps([{"weekdays": list(range(7)), "from": "00:00", "to": "00:00"}])
_PEOPLE = (
    "INSERT INTO ab_user (first_name, last_name, username, email, active, zone)"
    " SELECT 'Pat', 'No. ' || i, 'mixed' || i, 'mixed' || i || '@example.com', true,"
    " (ARRAY['UTC', 'Europe/Vienna', 'America/New_York', 'Asia/Kolkata'])[1 + i % 4]"
    f" FROM generate_series(1, {PEOPLE}) i",
    "INSERT INTO ab_user_role (user_id, role_id) SELECT u.id, r.id FROM ab_user u, ab_role r"
    " WHERE u.username LIKE 'mixed%' AND r.name = 'Staff'",
    "INSERT INTO preference_cells (user_id, \"row\", channel, value) SELECT id, 'task_assigned', 'email',"
    " CASE id % 3 WHEN 1 THEN 'unread' ELSE 'digest' END FROM ab_user WHERE username LIKE 'mixed%' AND id % 3 > 0",
    "INSERT INTO user_settings (user_id, quiet_hours, digest) SELECT id, CAST(:quiet AS jsonb), CAST(:digest AS jsonb)"
    " FROM ab_user WHERE username LIKE 'mixed%' AND id % 5 = 0",
    "INSERT INTO devices (user_id, endpoint, p256dh, auth, kind, name, last_used_at, created_at)"
    " SELECT u.id, 'https://push.example.com/' || u.id || k, 'x', 'x', k, 'Device', now(), now()"
    " FROM ab_user u, unnest(ARRAY['browser', 'mobile']) k WHERE u.username LIKE 'mixed%' AND u.id % 2 = 0",
    "INSERT INTO telegram_links (user_id, chat_id, created_at)"
    " SELECT id, id, now() FROM ab_user WHERE username LIKE 'mixed%' AND id % 4 = 0",
)

# The same rows of event, feed, notifications and deliveries, copied: no audience, no preferences, no routing. Plain
# INSERT … SELECT, one per table. Briefs are left out, and not counted for it.
_BARE_EVENT = (
    "INSERT INTO events (tag, subject_type, subject_id, data, created_at)"
    " SELECT tag, subject_type, subject_id + 1000000, data, created_at FROM events WHERE id = :event RETURNING id"
)
_BARE = (
    "INSERT INTO feed_items (user_id, subject_key, subject_type, subject_id, tab, event_tag, event_id, rule, at)"
    " SELECT user_id, subject_key || 'b', subject_type, subject_id, tab, event_tag, :copy, rule, at"
    " FROM feed_items WHERE event_id = :event",
    "INSERT INTO notifications (event_id, user_id, feed_item_id, rule, decisions, for_digest, created_at)"
    " SELECT :copy, o.user_id, i.id, o.rule, o.decisions, false, o.created_at FROM notifications o"
    " JOIN feed_items i ON i.user_id = o.user_id AND i.event_id = :copy WHERE o.event_id = :event",
    "INSERT INTO deliveries (dedupe_key, purpose, channel, address, user_id, notification_id, state, not_before,"
    " queued_until, created_at)"
    " SELECT d.dedupe_key || 'b', 'bench', d.channel, d.address, d.user_id, n.id, d.state, d.not_before,"
    " d.queued_until, d.created_at FROM notifications o"
    " JOIN deliveries d ON d.notification_id = o.id"
    " JOIN notifications n ON n.event_id = :copy AND n.user_id = o.user_id WHERE o.event_id = :event",
)


def run() -> list[Row]:
    """Measure the event in turns with the bare copy of its rows, then the digests of the same people."""
    app = application()
    before = app.config["TELEGRAM_BOT_TOKEN"]
    app.config["TELEGRAM_BOT_TOKEN"] = before or "1:bench"
    try:
        with app.app_context():
            return [*_event(), *_digests()]
    finally:
        app.config["TELEGRAM_BOT_TOKEN"] = before


def _event() -> list[Row]:
    values = {"quiet": _QUIET, "digest": json.dumps({"hours": [], "weekdays": []})}
    with transaction():
        for statement in _PEOPLE:
            db.session.execute(text(statement), values if ":quiet" in statement else {})
    vacuum()
    people = [row.id for row in db.session.execute(text("SELECT id FROM ab_user WHERE username LIKE 'mixed%'"))]
    db.session.rollback()
    product, bare = [], []
    for number in range(ROUNDS):
        started = time.perf_counter()
        event_id = _tell(people, number)
        seconds = time.perf_counter() - started
        product.append(_rows_of(event_id) / seconds)
        if not number:
            vacuum()
        started = time.perf_counter()
        copy_id = _write_bare(event_id)
        seconds = time.perf_counter() - started
        bare.append(_rows_of(copy_id) / seconds)
        _close_briefs()
    few, many = _statements(people[:10], ROUNDS), _statements(people, ROUNDS + 1)
    redis_client().flushdb()
    ratio = statistics.median(product) / statistics.median(bare)
    return [
        at_least(
            f"{PEOPLE:,} recipients, four channels, own settings: as part of a bare INSERT's rows/s", ratio, RATIO
        ),
        noted("… rows per second", statistics.median(product)),
        at_most("… statements more than for 10 recipients", many - few, 0),
    ]


def _digests() -> list[Row]:
    with transaction():
        while digests.plan_missing():
            pass
        db.session.execute(
            text("UPDATE digest_plans SET next_at = :past"), {"past": clock.now() - dt.timedelta(seconds=1)}
        )
    started = time.perf_counter()
    batches, statements = 0, set()
    while True:
        with counted(db.engine) as sent, transaction():
            found = digests.prepare_due()
        if not found:
            break
        batches += 1
        statements.add(len(sent))
    seconds = time.perf_counter() - started
    made = db.session.execute(text("SELECT count(*) FROM deliveries WHERE purpose = 'digest'")).scalar_one()
    redis_client().flushdb()
    return [
        noted(
            f"Digests of {PEOPLE:,} people prepared in batches of {digests.BATCH_SIZE:,}: people per second",
            PEOPLE / seconds,
        ),
        noted("… digests written", made),
        at_most("… statements per batch, whatever is in it (largest)", max(statements), 8),
    ]


def _tell(people: list[int], number: int) -> int:
    data = {
        "task_id": number,
        "text": "Call Basil Hedge back about the fleet contract",
        "due_at": clock.now().isoformat(),
        "all_day": False,
        "author": {"id": 1, "name": "Rowan Sprocket"},
        "responsible": {"id": 2, "name": "Milo Spoke"},
        "url": f"/taskview/show/{number}",
    }
    subject = notify.Subject("task", 2 * 10**6 + number)
    with transaction():
        return notify.record_event("task:assigned", None, subject, data, told=dict.fromkeys(people, Rule.RESPONSIBLE))


def _write_bare(event_id: int) -> int:
    with transaction():
        copy_id = int(db.session.execute(text(_BARE_EVENT), {"event": event_id}).scalar_one())
        for statement in _BARE:
            db.session.execute(text(statement), {"event": event_id, "copy": copy_id})
    return copy_id


def _rows_of(event_id: int) -> int:
    statement = text(
        "SELECT 1 + 2 * (SELECT count(*) FROM notifications WHERE event_id = :id)"
        " + (SELECT count(*) FROM deliveries d JOIN notifications n ON n.id = d.notification_id WHERE n.event_id = :id)"
        " + 2 * (SELECT count(*) FROM delivery_items c JOIN notifications n ON n.id = c.notification_id"
        "  WHERE n.event_id = :id)"
    )
    found = int(db.session.execute(statement, {"id": event_id}).scalar_one())
    db.session.rollback()
    return found


def _close_briefs() -> None:
    with transaction():
        db.session.execute(text("UPDATE deliveries SET state = 'sent' WHERE purpose = 'brief' AND state = 'pending'"))


def _statements(people: list[int], number: int) -> int:
    with counted(db.engine) as sent:
        _tell(people, number)
    _close_briefs()
    return len(sent)
