"""Leads: possible sales on their way through a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from app import access, clock
from app.errors import Forbidden, UserError
from app.extensions import db
from app.models.crm import Lead, Pipeline, Stage
from app.models.people import User
from app.services import fields
from app.services.records import card_chats, history, lead_answers, lead_sight, lead_tasks
from app.services.records.related import checked_related
from app.services.records.responsible import checked_responsible, may_delete

FIELDS = ("name", "budget", "currency", "stage_id", "pipeline_id", "contact_id", "company_id", "responsible_id")
CLOSED_KINDS = ("won", "lost")
_RELATED = (("contact_id", access.access_contact), ("company_id", access.access_company))


def create(actor: User, changes: Mapping[str, Any], source: str = "manual") -> Lead:
    """Add a lead; whoever adds it is responsible unless somebody else is named. Raises UserError naming the field.

    Without a stage it enters at the first open one.
    """
    return _add(actor, {"responsible_id": actor.id, "stage_id": None} | dict(changes), source)


def receive(actor: User, changes: Mapping[str, Any], source: str, said: str = "") -> Lead:
    """Add a lead that a program brings: somebody has to accept it, unless the program's own person is responsible.

    Without a stage it enters at the incoming one. Raises UserError naming the field.
    """
    if changes.get("pipeline_id") is None or changes.get("stage_id") is not None:
        changes = {"stage_id": _first_stage_id("incoming")} | dict(changes)
    else:
        changes = dict(changes) | {"stage_id": _first_stage_id("incoming", changes["pipeline_id"])}
    lead = _add(actor, changes, source)
    if lead.closed_at is None and lead.responsible_id != actor.id:
        lead_answers.arrive(actor, lead, said)
    return lead


def _add(actor: User, changes: Mapping[str, Any], source: str) -> Lead:
    values = check(actor, changes, None)
    if "currency" not in values:
        values["currency"] = db.session.get_one(Stage, values["stage_id"]).pipeline.currency
    lead = Lead(source=source, **values)
    _keep_closed_at(lead)
    db.session.add(lead)
    db.session.flush()
    history.created(actor, lead)
    return lead


def update(actor: User, lead: Lead, changes: Mapping[str, Any]) -> Lead:
    """Change the given fields. Raises UserError naming the field."""
    values = check(actor, changes, lead)
    before, was_closed = history.texts(lead, values), lead.closed_at is not None
    for field, value in values.items():
        setattr(lead, field, value)
    if "stage_id" in values:
        _keep_closed_at(lead)
    db.session.flush()
    history.changed(actor, lead, before)
    if "responsible_id" in values:
        lead_sight.put_away_unseen(lead.id)
    if "name" in values:
        card_chats.renamed(lead)
    if was_closed != (lead.closed_at is not None):
        (lead_tasks.wake if was_closed else lead_tasks.silence)(lead)
    return lead


def delete(actor: User, lead: Lead) -> None:
    """Delete a lead; its tasks stay, without it. Raises Forbidden."""
    nobodys_own = lead.responsible_id is None and history.is_creator(actor, lead)
    if not nobodys_own and not may_delete(actor, lead.responsible_id):
        raise Forbidden("Only who is responsible, managers and admins may delete this lead")
    card_chats.put_away(history.subject_of(lead))
    db.session.delete(lead)
    db.session.flush()


def check(actor: User, changes: Mapping[str, Any], lead: Lead | None) -> dict[str, Any]:
    """Return the cleaned values of the fields that change; writes nothing."""
    fields.known(changes, FIELDS)
    values = dict(changes)
    if lead is None or "name" in values:
        values["name"] = fields.needed_line(values.get("name"), "name", 160)
    if "budget" in values:
        values["budget"] = fields.money(values["budget"], "budget")
    if values.get("currency") in (None, ""):
        values.pop("currency", None)  # what it is already; of a new lead, what its pipeline has
    else:
        values["currency"] = fields.currency(values["currency"])
    pipeline_id = values.pop("pipeline_id", None)
    if pipeline_id is not None and values.get("stage_id") is None:
        values["stage_id"] = _first_stage_id("open", pipeline_id)
    if "stage_id" in values:
        values["stage_id"] = _checked_stage(actor, values["stage_id"], lead, pipeline_id)
    for field, load in _RELATED:
        if field in values:
            before_id = getattr(lead, field) if lead else None
            values[field] = checked_related(load, actor, values[field], field, before_id)
    if "responsible_id" in values:
        before_id = lead.responsible_id if lead else None
        values["responsible_id"] = checked_responsible(actor, values["responsible_id"], before_id)
    return values


def default_stage() -> Stage | None:
    """Return where a lead starts: the first open stage of the first pipeline."""
    return db.session.scalars(
        select(Stage)
        .join(Pipeline)
        .where(Stage.kind == "open")
        .order_by(Pipeline.position, Pipeline.id, Stage.position, Stage.id)
        .options(contains_eager(Stage.pipeline))
        .limit(1)
    ).first()


def _first_stage_id(kind: str, pipeline_id: object = None) -> int | None:
    """The first stage of a kind, of one pipeline or of any. Raises UserError for a pipeline that there is not."""
    statement = select(Stage.id).join(Pipeline).where(Stage.kind == kind)
    if pipeline_id is not None:
        if (
            not isinstance(pipeline_id, int)
            or isinstance(pipeline_id, bool)
            or not 0 < pipeline_id <= access.LARGEST_ID
        ):
            raise UserError("invalid", "An id is needed", "pipeline_id")
        statement = statement.where(Pipeline.id == pipeline_id)
    in_order = statement.order_by(Pipeline.position, Pipeline.id, Stage.position, Stage.id).limit(1)
    found = db.session.scalars(in_order).first()
    if found is None and pipeline_id is not None and db.session.get(Pipeline, pipeline_id) is None:
        raise UserError("invalid", "Choose an existing one", "pipeline_id")
    return found


def _checked_stage(actor: User, stage_id: object, lead: Lead | None, pipeline_id: object = None) -> int:
    if stage_id is None and lead is None and pipeline_id is None and (stage := default_stage()) is not None:
        return stage.id
    checked = checked_related(access.access_stage, actor, stage_id, "stage_id")
    if checked is None:
        raise UserError("required", "Choose a stage", "stage_id")
    of = db.session.get_one(Stage, checked).pipeline
    home = pipeline_id if pipeline_id is not None or lead is None else lead.stage.pipeline_id
    if home is not None and of.id != home:
        raise UserError("other_pipeline", f"This stage belongs to another pipeline, {of.name}", "stage_id")
    return checked


def _keep_closed_at(lead: Lead) -> None:
    kind = db.session.get_one(Stage, lead.stage_id).kind
    if kind in CLOSED_KINDS:
        lead.closed_at = lead.closed_at or clock.now()
    else:
        lead.closed_at = None
