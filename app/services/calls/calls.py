"""Calls, as a telephone system reports them: who is calling, for whom it rings, and what became of it.

Reports may come twice and in any order: a call only moves on, ringing → answered → ended or missed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import partial

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from app import clock
from app.catalogue import Rule
from app.errors import UserError
from app.extensions import db
from app.models.calls import Call, CallLine, CallStatus
from app.models.people import User, full_name
from app.services import live, reading
from app.services.calls import call_leads, caller, phones
from app.services.notify import Subject, record_event
from app.services.records import history
from app.services.tasks.task_news import person
from app.transaction import on_commit, transaction

# A telephone system that never says how it ended: it rings no more, and nobody talks that long.
RINGS_FOR = dt.timedelta(minutes=5)
LASTS_FOR = dt.timedelta(hours=4)
_ORDER = {
    CallStatus.RINGING: 0,
    CallStatus.UNKNOWN: 0,
    CallStatus.ANSWERED: 1,
    CallStatus.ENDED: 2,
    CallStatus.MISSED: 2,
}


@dataclass(frozen=True, slots=True)
class CallReport:
    """One report. ``phone`` is the client's number, empty where it is hidden; ``user_phone`` a colleague's."""

    call_id: str
    direction: str
    status: str
    phone: str = ""
    duration_seconds: int | None = None
    recording_url: str | None = None
    user_phone: str | None = None


def receive(line: CallLine, report: CallReport) -> tuple[Call, bool]:
    """Take one report; return the call and whether it is new. Raises UserError (422) for an unknown ``user_phone``."""
    user = _colleague(report.user_phone, line.region) if report.user_phone else None
    with transaction():
        call, new = _found(line, report)
        if new:
            caller.identify(call, line)
        before = CallStatus(call.status)
        _fill(call, report, user)
        after = _next(call, before, report, new)
        if new or after is not before:
            call.status = after.value
            _happened(call, line, after)
        return call, new


def give_up(limit: int = 100) -> int:
    """End the calls of which nothing was heard for too long; nobody is told. Return how many."""
    now = clock.now()
    statement = (
        select(Call)
        .where(
            ((Call.status == "ringing") & (Call.started_at < now - RINGS_FOR))
            | ((Call.status == "answered") & Call.user_id.is_not(None) & (Call.started_at < now - LASTS_FOR))
        )
        .options(joinedload(Call.line))
        .order_by(Call.id)
        .limit(limit)
        .with_for_update(of=Call, skip_locked=True)
    )
    calls = db.session.scalars(statement).all()
    for call in calls:
        call.status = CallStatus.UNKNOWN if call.status == CallStatus.RINGING else CallStatus.ENDED
        call.ended_at = now
        if call.user_id is not None:
            on_commit(partial(live.show_counters, call.user_id))
    reading.settle_subjects([subject_of(call).key for call in calls])
    db.session.flush()
    return len(calls)


def subject_of(call: Call) -> Subject:
    """Return what notices are about: all calls of one number are one row of the center."""
    region = call.line.region if call.line else None
    key = phones.caller_key(call.phone, region)
    return Subject("call", call.id, f"caller:{key}" if key else "")


def _found(line: CallLine, report: CallReport) -> tuple[Call, bool]:
    values = {
        "line_id": line.id,
        "external_id": report.call_id,
        "direction": report.direction,
        "status": CallStatus.RINGING.value,
        "phone": phones.shown(report.phone, line.region)[:40],
        "started_at": clock.now() - dt.timedelta(seconds=report.duration_seconds or 0),
        "created_at": clock.now(),
    }
    made = db.session.execute(
        insert(Call).values(**values).on_conflict_do_nothing(constraint="uq_calls_external").returning(Call.id)
    ).scalar()
    same = (Call.line_id == line.id) & (Call.external_id == report.call_id)
    statement = select(Call).where(Call.id == made if made else same).options(joinedload(Call.line))
    locked = statement.with_for_update(of=Call).execution_options(populate_existing=True)
    return db.session.scalars(locked).one(), made is not None


def _fill(call: Call, report: CallReport, user: User | None) -> None:
    """What a later report knows more; it takes nothing away."""
    if report.duration_seconds is not None:
        call.duration_seconds = max(report.duration_seconds, call.duration_seconds or 0)
    if report.recording_url:
        call.recording_url = report.recording_url
    if user is not None and (report.status != CallStatus.MISSED or call.user_id is None):
        call.user_id, call.user = user.id, user


def _next(call: Call, before: CallStatus, report: CallReport, new: bool) -> CallStatus:
    said = CallStatus(report.status)
    if said is CallStatus.ENDED and before is not CallStatus.ANSWERED and not call.duration_seconds:
        # It ended, and nobody has talked.
        said = CallStatus.MISSED
    if before in (CallStatus.ENDED, CallStatus.MISSED) or (not new and _ORDER[said] < _ORDER[before]):
        return before
    return said


def _happened(call: Call, line: CallLine, status: CallStatus) -> None:
    now = clock.now()
    if status in (CallStatus.ANSWERED, CallStatus.ENDED) and call.answered_at is None:
        call.answered_at = now - dt.timedelta(seconds=call.duration_seconds or 0 if status is CallStatus.ENDED else 0)
        _answered(call, line)
    if status in (CallStatus.ENDED, CallStatus.MISSED):
        call.ended_at = now
        _ended(call, line, status)
    if status is CallStatus.RINGING and call.direction == "incoming":
        record_event(
            "call:ringing", None, subject_of(call), caller.snapshot(call, line), told=caller.audience(call, line)
        )
    db.session.flush()
    if call.user_id is not None:
        on_commit(partial(live.show_counters, call.user_id))


def _answered(call: Call, line: CallLine) -> None:
    if call.direction != "incoming":
        return
    taker = call.user
    reading.settle_subject(subject_of(call).key, taken_by=full_name(taker) if taker else None)
    told = {call.responsible_id: Rule.RESPONSIBLE} if call.responsible_id not in (None, call.user_id) else {}
    data = caller.snapshot(call, line) | {"by": person(taker)}
    record_event("call:answered", call.user_id, subject_of(call), data, told=told)  # type: ignore[arg-type]


def _ended(call: Call, line: CallLine, status: CallStatus) -> None:
    if call.direction == "outgoing":
        history.record("call:outgoing", call.user, subject_of(call), caller.snapshot(call, line))
        return
    told: dict[int, Rule] = {}
    if status is CallStatus.MISSED:
        told = caller.audience(call, line)
        record_event("call:missed", None, subject_of(call), caller.snapshot(call, line), told=told)
    if call.contact_id is None and line.makes_leads and call.phone:
        call_leads.make(call, line, told)


def _colleague(number: str, region: str | None) -> User:
    """Whose telephone it is. People are few: their numbers need no index."""
    ends = phones.tails(number, region) or ["".join(char for char in number if char.isdigit())]
    found = (
        db.session.scalars(
            select(User)
            .where(
                text("right(regexp_replace(ab_user.phone, '[^0-9]', '', 'g'), 10) = ANY(:ends)").bindparams(ends=ends)
            )
            .order_by(User.active.desc(), User.id)
            .limit(1)
        )
        .unique()
        .first()
    )
    if found is None:
        raise UserError("unknown", "Nobody has this telephone number in their profile", "user_phone")
    return found
