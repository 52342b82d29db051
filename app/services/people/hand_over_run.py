"""The work of a hand-over, as a job does it: batch by batch, each in a transaction of its own.

A batch takes what the person still has, so a job that was killed is simply done again: what has gone already is not
there any more. What was is kept: who had a record before is in its timeline, messages keep their authors.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from functools import partial

from flask_babel import gettext
from sqlalchemy import text

from app import clock, queue
from app.catalogue import Rule
from app.errors import NotFound
from app.extensions import db
from app.models.chats import Chat, MemberRole
from app.models.hand_overs import HandOver
from app.models.people import User, full_name
from app.models.talks import Talk, TalkState
from app.services import reading
from app.services.chats import chat_members, chat_words
from app.services.clients import door_faults
from app.services.notify import Subject, record_event
from app.services.people import hand_overs
from app.services.people.hand_over_parts import PARTS, in_words
from app.services.records import history
from app.services.talks import talk_flow
from app.services.tasks import reminders
from app.services.tasks.task_news import person
from app.transaction import transaction

BATCH = 200
# A batch takes far less; who has not moved on for that long was killed.
ABANDONED_AFTER = dt.timedelta(seconds=60)

_RECORDS = """
WITH moved AS (
    UPDATE {table} SET responsible_id = :to_id, changed_at = clock_timestamp()
    WHERE id IN ({source} ORDER BY id LIMIT :batch FOR UPDATE) RETURNING id, name
),
noted AS (
    INSERT INTO events (tag, actor_id, subject_type, subject_id, data, created_at)
    SELECT :tag, :actor_id, :kind, moved.id,
           CAST(:data AS jsonb) || jsonb_build_object('name', moved.name), :now FROM moved
)
SELECT id FROM moved
"""
# The end of an all-day task's day is that of the clock of whose task it is.
_TASKS = """
UPDATE tasks SET responsible_id = :to_id, changed_at = clock_timestamp(),
       due_at = CASE WHEN all_day THEN ((due_at AT TIME ZONE :from_zone)::date + time '23:59:59') AT TIME ZONE :to_zone
                     ELSE due_at END
WHERE id IN ({source} ORDER BY id LIMIT :batch FOR UPDATE) RETURNING id
"""


def run(order_id: int) -> None:
    """Do one hand-over; one that is over or that another worker is at is left alone. The job's whole work."""
    if not _claim(order_id):
        return
    order = db.session.get_one(HandOver, order_id, populate_existing=True)
    parts = [key for key in PARTS if key in order.parts]
    db.session.rollback()
    try:
        for part in parts:
            while _batch(order_id, part):
                pass
        _finish(order_id)
    except Exception:
        _fail(order_id, "Something went wrong; what has gone already stays there. Start it again for the rest.")
        raise


def sweep() -> int:
    """Give orders that nobody works on to a worker. Return how many."""
    ids = hand_overs.left_behind(ABANDONED_AFTER)
    if ids:
        with transaction():
            db.session.execute(
                text(
                    "UPDATE hand_overs SET state = 'waiting', changed_at = clock_timestamp()"
                    " WHERE id = ANY(:ids) AND state IN ('waiting', 'running')"
                ),
                {"ids": ids},
            )
        queue.enqueue_many(hand_overs.JOB, [(one,) for one in ids], queue="slow")
    return 0


def _batch(order_id: int, part: str) -> int:
    """Hand over the next piece of a part; return how much that was."""
    order = db.session.get_one(HandOver, order_id, populate_existing=True)
    with transaction(order.actor_id):
        before, after = db.session.get_one(User, order.from_id), db.session.get_one(User, order.to_id)
        moved = _MOVES[part](order, before, after)
        if moved:
            db.session.execute(
                text(
                    "UPDATE hand_overs SET done = done + :moved, changed_at = clock_timestamp(), counts = counts ||"
                    " jsonb_build_object(CAST(:part AS text), coalesce((counts ->> :part)::int, 0) + :moved)"
                    " WHERE id = :id"
                ),
                {"moved": moved, "part": part, "id": order_id},
            )
    return moved


def _records(kind: str, table: str, order: HandOver, before: User, after: User) -> int:
    data = {"by": person(order.actor), "old": full_name(before), "new": full_name(after), "handed_over": True}
    statement = _RECORDS.format(table=table, source=hand_overs.SOURCES[table])
    values = _values(order) | {
        "kind": kind,
        "tag": f"{kind}:assigned",
        "actor_id": order.actor_id,
        "data": json.dumps(data),
        "now": clock.now(),
    }
    ids = list(db.session.execute(text(statement), values).scalars())
    _put_away(before, kind, ids)
    return len(ids)


def _tasks(order: HandOver, before: User, after: User) -> int:
    statement = _TASKS.format(source=hand_overs.SOURCES["tasks"])
    values = _values(order) | {"from_zone": before.zone, "to_zone": after.zone}
    ids = list(db.session.execute(text(statement), values).scalars())
    _put_away(before, "task", ids)
    if ids:
        # Lead times that have passed already are not told one by one: the notice of the hand-over stands for them.
        reminders.collapse_past_of(after.id)
    return len(ids)


def _talks(order: HandOver, before: User, after: User) -> int:
    statement = f"{hand_overs.SOURCES['talks']} ORDER BY chat_id, number LIMIT :batch"
    rows = db.session.execute(text(statement), _values(order))
    words = gettext("%(name)s handed this talk over to %(other)s", name=full_name(before), other=full_name(after))
    numbers = list(rows.scalars())
    for number in numbers:
        found = db.session.get(Talk, number)
        if found is None:
            continue
        db.session.execute(text("SELECT 1 FROM chats WHERE id = :id FOR NO KEY UPDATE"), {"id": found.chat_id})
        talk = db.session.get_one(Talk, number, populate_existing=True, with_for_update={"of": Talk})
        if talk.responsible_id == before.id and talk.state != TalkState.CLOSED:
            talk_flow.take(talk, after, words)
    return len(numbers)


def _chats(order: HandOver, before: User, after: User) -> int:
    """The other one takes the place, the owner's too; one who is in the chat already only becomes what this one was."""
    ids = list(
        db.session.execute(text(f"{hand_overs.SOURCES['chats']} ORDER BY c.id LIMIT :batch"), _values(order)).scalars()
    )
    for chat_id in ids:
        chat, own = db.session.get_one(Chat, chat_id), chat_members.access_member(chat_id, before.id)
        owner = own.role == MemberRole.OWNER
        chat_members.join(chat, [after.id])
        if owner:
            try:
                chat_members.access_member(chat_id, after.id).role = MemberRole.OWNER
                db.session.flush()
            except NotFound:
                pass
        chat_members.go(chat, [before.id])
        words = gettext("%(name)s takes the place of %(other)s", name=full_name(after), other=full_name(before))
        chat_words.announce(chat, words)
        chat_words.describe(chat)
    return len(ids)


_MOVES: dict[str, Callable[[HandOver, User, User], int]] = {
    "leads": partial(_records, "lead", "leads"),
    "contacts": partial(_records, "contact", "contacts"),
    "companies": partial(_records, "company", "companies"),
    "tasks": _tasks,
    "talks": _talks,
    "chats": _chats,
}


def _put_away(before: User, kind: str, ids: list[int]) -> None:
    """What was handed over is no longer the first one's news."""
    reading.settle_subjects([Subject(kind, one).key for one in ids], only_user_ids=[before.id], archived=True)


def _values(order: HandOver) -> dict[str, object]:
    return {"from_id": order.from_id, "to_id": order.to_id, "batch": BATCH}


def _claim(order_id: int) -> bool:
    with transaction():
        claimed = db.session.execute(
            text(
                "UPDATE hand_overs SET state = 'running', changed_at = clock_timestamp()"
                " WHERE id = :id AND state = 'waiting' RETURNING id"
            ),
            {"id": order_id},
        ).first()
    return claimed is not None


def _finish(order_id: int) -> None:
    order = db.session.get_one(HandOver, order_id, populate_existing=True)
    with transaction(order.actor_id):
        order.state, order.finished_at, order.error = "done", clock.now(), None
        order.total = order.done
        db.session.flush()
        before = db.session.get_one(User, order.from_id)
        data = {
            "by": person(order.actor),
            "user": person(before),
            "counts": order.counts,
            "url": "/leadview/list/" if order.counts.get("leads") else "/taskview/day/",
        }
        told = {order.to_id: Rule.RESPONSIBLE} if order.to_id != order.actor_id else {}
        record_event("lead:handed_over", order.actor_id, Subject("hand_over", order.id), data, told=told)
        what = {"what": in_words(order.counts), "to": full_name(order.to)}
        history.record("user:handed_over", order.actor, Subject("user", order.from_id), what)
        door_faults.settle_deactivated()


def _fail(order_id: int, words: str) -> None:
    with transaction():
        db.session.execute(
            text(
                "UPDATE hand_overs SET state = 'failed', error = :words, finished_at = :now,"
                " changed_at = clock_timestamp() WHERE id = :id AND state = 'running'"
            ),
            {"id": order_id, "words": words, "now": clock.now()},
        )
