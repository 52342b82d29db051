"""What the clock does about clients who wait: told after 5 working minutes, and to the manager after 15."""

from __future__ import annotations

from sqlalchemy import select, text

from app import clock
from app.catalogue import Rule
from app.extensions import db
from app.models.talks import Talk
from app.services import audience
from app.services.clients.clients import Door
from app.services.notify import record_event
from app.services.talks import talk_flow, working_hours
from app.services.talks.talk_flow import UNANSWERED_MINUTES


def tell_unanswered(limit: int = 50) -> int:
    """Tell about the talks that have waited for long enough, each step exactly once. Return how many."""
    now = clock.now()
    rows = db.session.execute(
        text(
            "SELECT number FROM talks WHERE unanswered_due_at <= :now AND waiting_since IS NOT NULL"
            " ORDER BY unanswered_due_at LIMIT :limit FOR UPDATE SKIP LOCKED"
        ),
        {"now": now, "limit": limit},
    ).all()
    for row in rows:
        talk = db.session.scalars(
            select(Talk).where(Talk.number == row.number).execution_options(populate_existing=True)
        ).one()
        _tell(talk)
    return len(rows)


def _tell(talk: Talk) -> None:
    step = talk.told_unanswered
    told = _manager(talk) if step else _first_told(talk)
    minutes = UNANSWERED_MINUTES[min(step, 1)]
    talk.told_unanswered = step + 1
    if step == 0 and talk.waiting_since is not None:
        door = door_of_chat(talk.chat_id)
        talk.unanswered_due_at = working_hours.minutes_later(
            door.working_hours, door.zone, talk.waiting_since, UNANSWERED_MINUTES[1]
        )
    else:
        talk.unanswered_due_at = None
    db.session.flush()
    if told:
        data = talk_flow.snapshot(talk) | {"minutes": minutes}
        record_event("talk:unanswered", None, talk_flow.subject_of(talk), data, told=told)


def _first_told(talk: Talk) -> dict[int, Rule]:
    told = talk_flow.told_to_group(talk)
    if talk.responsible is not None and talk.responsible.active:
        told[talk.responsible.id] = Rule.RESPONSIBLE
    return told


def _manager(talk: Talk) -> dict[int, Rule]:
    manager_id = audience.manager(talk.group_id)
    return {manager_id: Rule.MANAGER} if manager_id is not None else {}


def door_of_chat(chat_id: int) -> Door:
    """Return the door by which the client of a chat came in."""
    row = db.session.execute(
        text(
            "SELECT coalesce(w.name, x.name) AS name, coalesce(w.group_id, x.group_id) AS group_id, v.widget_id,"
            " v.messenger_id, coalesce(w.working_hours, x.working_hours) AS working_hours,"
            " coalesce(w.zone, x.zone, 'UTC') AS zone"
            " FROM visitors v LEFT JOIN widgets w ON w.id = v.widget_id LEFT JOIN messengers x ON x.id = v.messenger_id"
            " WHERE v.chat_id = :id"
        ),
        {"id": chat_id},
    ).one_or_none()
    if row is None:
        return Door("", None, None, "UTC")
    return Door(row.name, row.group_id, row.working_hours, row.zone, row.widget_id, row.messenger_id)
