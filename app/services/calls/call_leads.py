"""Somebody unknown called: a contact with their number and a lead, so that nobody is forgotten."""

from __future__ import annotations

from collections.abc import Collection

from flask_babel import gettext
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.calls import Call, CallLine
from app.models.crm import Contact, Lead, Stage
from app.services.records import history, lead_answers, pipelines
from app.services.records.responsible import may_have


def make(call: Call, line: CallLine, knows: Collection[int] = ()) -> Lead:
    """Make contact and lead of an unknown caller. Who talked to them has the lead; otherwise it is an incoming one.

    ``knows`` have been told of the missed call: the lead is no second news to them.
    """
    contact = Contact(name=call.phone, phone=call.phone[:32])
    taker = call.user if call.user is not None and call.answered_at and may_have(call.user) else None
    contact.responsible_id = taker.id if taker else None
    db.session.add(contact)
    db.session.flush()
    history.record("contact:created", None, history.subject_of(contact), {"name": contact.name, "source": "call"})
    lead = Lead(
        name=gettext("Call of %(phone)s", phone=call.phone),
        stage_id=_stage_id("open" if taker else "incoming"),
        contact_id=contact.id,
        responsible_id=taker.id if taker else None,
        source="call",
    )
    db.session.add(lead)
    db.session.flush()
    call.contact_id, call.lead_id = contact.id, lead.id
    if taker is None:
        lead_answers.arrive(None, lead, via=line.name, group_id=line.group_id, knows=knows)
    else:
        lead.incoming_at = lead.answered_at = clock.now()
        lead.answered_by_id = taker.id
        history.record("lead:created", taker, history.subject_of(lead), {"name": lead.name, "source": "call"})
    return lead


def _stage_id(kind: str) -> int:
    pipeline = pipelines.ensure_default()
    statement = select(Stage.id).where(Stage.pipeline_id == pipeline.id)
    return db.session.scalars(statement.order_by(Stage.kind != kind, Stage.position, Stage.id).limit(1)).one()
