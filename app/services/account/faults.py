"""What the account's own rules could not do (``error:automation``): told once per cause, counted, and told when over.

A cause is a text like ``form:3:group``. However often it happens, people hear of it when it begins, once a day while it
goes on, and when it is over.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.catalogue import Rule
from app.extensions import db
from app.models.faults import Fault
from app.services import audience
from app.services.notify import Subject, record_event

AGAIN_AFTER = dt.timedelta(days=1)
ANY_DOOR_WITHOUT_GROUP = ("widget:%:group", "messenger:%:group", "line:%:group")
BEGUN, OVER = "error:automation", "error:automation_works"


def note(cause: str, problem: str, data: Mapping[str, Any], concerns: Collection[int] = ()) -> None:
    """Note that something could not be done; tell admins and whom it concerns unless they know already.

    Of several at the same moment one counts: nobody waits for another to be counted. ``problem`` chooses the words
    (``error_words.py``); ``data`` is what they are made of, with ``url`` where the cure is. Must run inside a
    transaction().
    """
    now, kept = clock.now(), {**data, "problem": problem, "concerns": sorted(concerns)}
    values = {"cause": cause, "data": kept, "times": 0, "since": now, "last_at": now, "told_at": now - AGAIN_AFTER}
    locked = select(Fault).where(Fault.cause == cause).with_for_update(skip_locked=True)
    fault = db.session.scalars(locked.execution_options(populate_existing=True)).one_or_none()
    if fault is None:
        new = insert(Fault).values(**values).on_conflict_do_nothing().returning(Fault)
        fault = db.session.scalars(new).one_or_none()
    if fault is None:
        return
    begins = fault.times == 0 or fault.over_at is not None
    fault.times = 1 if begins else fault.times + 1
    fault.data, fault.last_at, fault.over_at = kept, now, None
    if begins:
        fault.since = now
    if begins or fault.told_at <= now - AGAIN_AFTER:
        fault.told_at = now
        _tell(BEGUN, fault.id, kept | {"times": fault.times})
    db.session.flush()


def over(cause: str) -> bool:
    """Note that a cause is gone, and tell whoever heard of it. Return whether there was one."""
    return _end("cause = :value", cause)


def over_like(*patterns: str) -> None:
    """Note that all causes of these patterns (SQL's LIKE) are gone."""
    for pattern in patterns:
        _end("cause LIKE :value", pattern)


def over_for_user(user_id: int) -> bool:
    """Note that nothing fails any more because a person was deactivated: they are active again."""
    return _end("data ->> 'user_id' = :value", str(user_id))


def _end(condition: str, value: str) -> bool:
    rows = db.session.execute(
        text(f"UPDATE faults SET over_at = :now WHERE over_at IS NULL AND {condition} RETURNING id, data"),
        {"now": clock.now(), "value": value},
    ).all()
    for row in rows:
        _tell(OVER, row.id, row.data)
    return bool(rows)


def _tell(tag: str, fault_id: int, data: Mapping[str, Any]) -> None:
    told = dict.fromkeys(data.get("concerns") or (), Rule.CONCERNED) | dict.fromkeys(audience.admins(), Rule.ADMIN)
    shown = {"text": str(data.get("name") or ""), **data}
    record_event(tag, None, Subject("fault", fault_id), shown, told=told)
