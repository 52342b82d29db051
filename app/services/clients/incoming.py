"""A new client writes in: an incoming lead for the group, accepted by whoever takes the talk."""

from __future__ import annotations

from sqlalchemy import select, text

from app import clock
from app.catalogue import Rule
from app.extensions import db
from app.models.crm import Contact, Lead, Pipeline, Stage
from app.models.people import User, full_name
from app.models.talks import Talk
from app.services import reading
from app.services.clients.clients import Door
from app.services.notify import Subject, record_event
from app.services.records import pipelines
from app.services.records.stages import STAGE_WHEN_ACCEPTED

TEXT_LENGTH = 500


def from_talk(contact: Contact, talk: Talk, door: Door, body: str) -> int:
    """Make the lead of an unknown client and tell the talk's group with the client's words; return the lead's id."""
    stage = _first_stage()
    lead = Lead(
        name=contact.name, stage_id=stage.id, contact_id=contact.id, source=door.source, incoming_at=clock.now()
    )
    db.session.add(lead)
    db.session.flush()
    from app.services.talks import talk_flow

    data = {
        "lead_id": lead.id,
        "name": contact.name,
        "source": door.source,
        "via": door.name,
        "text": body[:TEXT_LENGTH],
        "talk": talk.number,
        "chat_id": talk.chat_id,
        "contact": contact.name,
        "url": f"/center/?chat={talk.chat_id}",
    }
    told = dict.fromkeys(talk_flow.group_of(talk), Rule.GROUP)
    record_event("lead:incoming", None, Subject("lead", lead.id), data, told=told)
    return lead.id


def taken(lead_id: int, user: User) -> None:
    """The talk of an incoming lead was taken, which accepts it: nobody else has to."""
    db.session.flush()
    won = db.session.execute(
        text(
            "UPDATE leads SET responsible_id = :user_id, answered_at = :now, answered_by_id = :user_id,"
            f" changed_at = clock_timestamp(), stage_id = {STAGE_WHEN_ACCEPTED}"
            " WHERE id = :id AND responsible_id IS NULL AND answered_at IS NULL RETURNING id"
        ),
        {"id": lead_id, "user_id": user.id, "now": clock.now()},
    ).first()
    if won is not None:
        db.session.get(Lead, lead_id, populate_existing=True)
    reading.settle_subject(Subject("lead", lead_id).key, taken_by=full_name(user))


def pipeline_group_id() -> int | None:
    """Return the group of the first pipeline: whose the clients are that no door gives to somebody."""
    statement = select(Pipeline.group_id).order_by(Pipeline.position, Pipeline.id).limit(1)
    return db.session.scalars(statement).first()


def _first_stage() -> Stage:
    pipeline = pipelines.ensure_default()
    statement = select(Stage).where(Stage.pipeline_id == pipeline.id).order_by(Stage.kind != "incoming", Stage.position)
    return db.session.scalars(statement.limit(1)).one()
