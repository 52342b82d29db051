"""Handing over what a colleague has to another one: what it would be, and the order to do it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from flask_babel import gettext
from sqlalchemy import func, select, text

from app import access, clock, queue
from app.errors import Conflict, NotFound, UserError
from app.extensions import db
from app.models.hand_overs import HandOver
from app.models.people import User, full_name
from app.services.people.hand_over_parts import PARTS
from app.services.people.people import require_admin
from app.transaction import on_commit

JOB = "app.jobs.hand_overs.run_hand_over"
HISTORY_MAX = 20
# Two-key advisory locks: this one and a person's id, so that of two orders at once one sees the other.
LOCK = 7_366_501

# For each part the ids of what the person :from_id still has.
SOURCES = {
    "leads": "SELECT id FROM leads WHERE responsible_id = :from_id AND closed_at IS NULL",
    "contacts": "SELECT id FROM contacts WHERE responsible_id = :from_id",
    "companies": "SELECT id FROM companies WHERE responsible_id = :from_id",
    "tasks": "SELECT id FROM tasks WHERE responsible_id = :from_id AND completed_at IS NULL",
    "talks": "SELECT number AS id FROM talks WHERE responsible_id = :from_id AND state <> 'closed'",
    "chats": "SELECT c.id FROM chat_members m JOIN chats c ON c.id = m.chat_id WHERE m.user_id = :from_id"
    " AND m.left_at IS NULL AND NOT m.by_link AND c.kind = 'group' AND c.archived_at IS NULL",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of things with how many of them the person has."""

    key: str
    label: str
    count: int


def preview(user: User) -> list[Part]:
    """Return what the person has, all parts in one statement."""
    counts = ", ".join(f"(SELECT count(*) FROM ({source}) s) AS {key}" for key, source in SOURCES.items())
    row = db.session.execute(text(f"SELECT {counts}"), {"from_id": user.id}).one()
    return [Part(key, str(label), row._mapping[key]) for key, label in PARTS.items()]


def start(actor: User, user: User, to_id: object, parts: Collection[str]) -> HandOver:
    """Order a hand-over. Raises UserError on ``to`` or ``parts``, Conflict while another one runs, Forbidden."""
    require_admin(actor)
    chosen = [key for key in PARTS if key in parts]
    if not chosen or len(chosen) != len(set(parts)):
        raise UserError("required", gettext("Choose what to hand over"), "parts")
    to = _checked_target(actor, user, to_id)
    for one in sorted((user.id, to.id)):
        db.session.execute(text("SELECT pg_advisory_xact_lock(:lock, :id)"), {"lock": LOCK, "id": one})
    if under_way(user.id):
        raise Conflict("under_way", gettext("A hand-over of %(name)s is under way", name=full_name(user)), "to")
    if under_way(to.id):
        words = gettext("%(name)s is being handed over at this moment: that would go round in a circle")
        raise UserError("circular", words % {"name": full_name(to)}, "to")
    total = sum(part.count for part in preview(user) if part.key in chosen)
    if total == 0:
        raise UserError("nothing", gettext("There is nothing to hand over"), "parts")
    order = HandOver(from_id=user.id, to_id=to.id, actor_id=actor.id, parts=chosen, state="waiting", total=total)
    db.session.add(order)
    db.session.flush()
    order_id = order.id
    on_commit(lambda: queue.enqueue(JOB, order_id, queue="slow"))
    return order


def history(user: User) -> list[HandOver]:
    """Return the newest hand-overs of what this person had."""
    statement = select(HandOver).where(HandOver.from_id == user.id).order_by(HandOver.id.desc()).limit(HISTORY_MAX)
    return list(db.session.scalars(statement).unique())


def find(actor: User, order_id: int) -> HandOver:
    """Return a hand-over. Raises NotFound, Forbidden but for admins."""
    require_admin(actor)
    found = db.session.get(HandOver, order_id) if 0 < order_id <= access.LARGEST_ID else None
    if found is None:
        raise NotFound("Hand-over")
    return found


def under_way(user_id: int) -> bool:
    """Whether what this person has is being handed over."""
    statement = select(func.count()).where(HandOver.from_id == user_id, HandOver.state.in_(("waiting", "running")))
    return bool(db.session.scalar(statement))


def left_behind(since: dt.timedelta) -> list[int]:
    """Return the ids of orders that nobody has worked on for so long."""
    statement = select(HandOver.id).where(
        HandOver.state.in_(("waiting", "running")), HandOver.changed_at < clock.real_now() - since
    )
    return list(db.session.scalars(statement))


def _checked_target(actor: User, user: User, to_id: object) -> User:
    if not isinstance(to_id, int) or isinstance(to_id, bool):
        raise UserError("required", gettext("Choose a colleague"), "to")
    if to_id == user.id:
        raise UserError("self", gettext("Choose somebody else: nobody hands over to themselves"), "to")
    try:
        to = access.access_user(actor, to_id)
    except NotFound:
        raise UserError("invalid", gettext("Choose an existing colleague"), "to") from None
    if not to.active:
        raise UserError("deactivated", gettext("%(name)s is deactivated", name=full_name(to)), "to")
    if access.is_free(to):
        raise UserError("free_user", gettext("A free user cannot be responsible"), "to")
    return to
