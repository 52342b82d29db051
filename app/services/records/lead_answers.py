"""Incoming leads: who is told, and Accept or Decline: once, by whoever is first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from flask_babel import gettext
from sqlalchemy import select, text

from app import clock
from app.catalogue import Rule
from app.errors import Conflict, UserError
from app.extensions import db
from app.models.crm import Lead, Pipeline, Stage
from app.models.notifications import Event
from app.models.people import User, full_name
from app.models.talks import Talk
from app.services import audience, fields, reading
from app.services.account import account
from app.services.notify import record_event
from app.services.records import history, lead_tasks
from app.services.records.history import subject_of
from app.services.records.stages import STAGE_WHEN_ACCEPTED
from app.services.talks import talk_flow
from app.services.tasks.task_news import person

REASON_MAX = 500
UNDO_FOR = dt.timedelta(hours=1)
TEXT_MAX = 500

# What is not answered yet, and came in by itself or stands where such leads stand.
_OPEN = (
    "answered_at IS NULL AND (incoming_at IS NOT NULL OR EXISTS ("
    " SELECT 1 FROM stages s WHERE s.id = leads.stage_id AND s.kind = 'incoming'))"
)


def arrive(
    actor: User | None,
    lead: Lead,
    said: str = "",
    *,
    via: str = "",
    group_id: int | None = None,
    knows: Collection[int] = (),
) -> Collection[int]:
    """Note that a lead came in and tell its responsible user, else the group, else the admins; return who was told.

    The group is the source's (``group_id``, called ``via``), else the pipeline's. ``knows`` have heard already.
    """
    lead.incoming_at = clock.now()
    db.session.flush()
    db.session.expire(lead, ["responsible", "stage", "contact"])
    data = {
        "lead_id": lead.id,
        "name": lead.name,
        "source": lead.source,
        "via": via or (lead.source.upper() if lead.source == "api" else lead.source),
        "text": said[:TEXT_MAX],
        "contact": lead.contact.name if lead.contact else "",
        "responsible": person(lead.responsible),
        "url": f"/leadview/show/{lead.id}",
    }
    told = _told(lead, group_id)
    for user_id in (*knows, *([actor.id] if actor is not None else [])):
        told.pop(user_id, None)
    record_event("lead:incoming", actor.id if actor else None, subject_of(lead), data, told=told)
    return told


def is_open(lead: Lead) -> bool:
    """Whether somebody still has to accept or decline the lead."""
    return lead.answered_at is None and (lead.incoming_at is not None or lead.stage.kind == "incoming")


def accept(actor: User, lead: Lead) -> Lead:
    """Make an incoming lead the actor's; the others' copies say so. Raises Conflict when somebody was faster."""
    # Its talks first: who takes a talk locks chat, talk and lead in this order, too.
    untaken = select(Talk).where(Talk.lead_id == lead.id, Talk.responsible_id.is_(None), Talk.state == "open")
    talks = [talk_flow.current(chat_id) for chat_id in sorted({talk.chat_id for talk in db.session.scalars(untaken)})]
    won = db.session.execute(
        text(
            "UPDATE leads SET responsible_id = :actor, answered_at = :now, answered_by_id = :actor,"
            " incoming_at = coalesce(incoming_at, :now), changed_at = clock_timestamp(),"
            f" stage_id = {STAGE_WHEN_ACCEPTED} WHERE id = :id AND {_OPEN} RETURNING id"
        ),
        {"actor": actor.id, "now": clock.now(), "id": lead.id},
    ).first()
    db.session.refresh(lead)
    if won is None:
        raise _answered(lead)
    history.record("lead:accepted", actor, subject_of(lead), {"name": lead.name})
    reading.settle_subject(subject_of(lead).key, taken_by=full_name(actor))
    for talk in talks:
        if talk is None or talk.lead_id != lead.id or talk.responsible_id is not None or talk.state != "open":
            continue
        talk_flow.take(talk, actor, gettext("%(name)s accepted the lead and has this talk now", name=full_name(actor)))
    return lead


def decline(actor: User, lead: Lead, reason: object) -> Lead:
    """Close an incoming lead as lost. Raises UserError on ``reason``, Conflict when somebody was faster."""
    why = fields.needed_line(reason, "reason", REASON_MAX)
    before = lead.stage_id
    won = db.session.execute(
        text(
            "UPDATE leads SET answered_at = :now, answered_by_id = :actor, declined_because = :why, closed_at = :now,"
            " incoming_at = coalesce(incoming_at, :now), changed_at = clock_timestamp(), stage_id = coalesce("
            " (SELECT o.id FROM stages o JOIN stages s ON s.pipeline_id = o.pipeline_id WHERE s.id = leads.stage_id"
            "  AND o.kind = 'lost' ORDER BY o.position, o.id LIMIT 1), stage_id)"
            f" WHERE id = :id AND {_OPEN} RETURNING id"
        ),
        {"actor": actor.id, "now": clock.now(), "why": why, "id": lead.id},
    ).first()
    db.session.refresh(lead)
    if won is None:
        raise _answered(lead)
    history.record("lead:declined", actor, subject_of(lead), {"name": lead.name, "reason": why, "stage_id": before})
    reading.settle_subject(subject_of(lead).key)
    lead_tasks.silence(lead)
    return lead


def take_back(actor: User, lead: Lead) -> Lead:
    """Undo one's own Decline within the hour. Raises Conflict when there is none to undo."""
    mine = lead.declined_because is not None and lead.answered_by_id == actor.id
    if not mine or lead.answered_at is None or lead.answered_at < clock.now() - UNDO_FOR:
        raise Conflict("nothing_to_undo", "There is no decline of yours to take back any more")
    declined = db.session.scalars(
        select(Event)
        .where(Event.subject_type == "lead", Event.subject_id == lead.id, Event.tag == "lead:declined")
        .order_by(Event.id.desc())
        .limit(1)
    ).one()
    stage = db.session.get(Stage, declined.data["stage_id"])
    lead.answered_at = lead.answered_by_id = lead.declined_because = lead.closed_at = None
    if stage is not None:
        lead.stage_id = stage.id
    db.session.flush()
    history.record("lead:reopened", actor, subject_of(lead), {"name": lead.name})
    lead_tasks.wake(lead)
    return lead


def _answered(lead: Lead) -> UserError:
    who = full_name(lead.answered_by) if lead.answered_by else (full_name(lead.responsible) if lead.responsible else "")
    if lead.declined_because is not None:
        return Conflict("already_declined", f"{who or 'Somebody'} declined this lead already")
    return Conflict("already_accepted", f"{who or 'Somebody'} accepted this lead already")


def _told(lead: Lead, group_id: int | None = None) -> dict[int, Rule]:
    if lead.responsible is not None and lead.responsible.active:
        return {lead.responsible.id: Rule.RESPONSIBLE}
    # Whose records staff see decides who may open a lead that is nobody's.
    visibility = account.record_visibility()
    group = [] if visibility == "own" else _group(lead)
    if group_id is not None and visibility != "own":
        members = audience.members(group_id)
        may_open = members if visibility == "all" or lead.stage.pipeline.group_id is None else set(members) & set(group)
        group = sorted(may_open) or group
    return dict.fromkeys(group or audience.admins(), Rule.GROUP)


def _group(lead: Lead) -> list[int]:
    rows = db.session.execute(
        select(User.id)
        .join(User.groups)
        .join(Pipeline, Pipeline.group_id == User.groups.property.mapper.class_.id)
        .join(Stage, Stage.pipeline_id == Pipeline.id)
        .where(Stage.id == lead.stage_id, User.active)
        .order_by(User.id)
    )
    return [row.id for row in rows]
