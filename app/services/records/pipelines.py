"""The account's pipelines, kept by admins: a fresh account starts with one, and the last one stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from app import access
from app.errors import Conflict, NotFound, UserError
from app.extensions import db
from app.models.crm import Pipeline, Stage
from app.models.people import Group, User
from app.services import fields
from app.services.account import faults
from app.services.people.people import require_admin
from app.services.records import positions, stages
from app.services.records.positions import Direction

FIELDS = ("name", "group_id", "currency")
# name, kind, colour of the stage's dot
DEFAULT_STAGES = (
    ("Incoming", "incoming", "1"),
    ("New", "open", "1"),
    ("Talking", "open", "2"),
    ("Offer sent", "open", "3"),
    ("Negotiation", "open", "4"),
    ("Won", "won", "won"),
    ("Lost", "lost", "lost"),
)
PIPELINES_MAX = 50
_TAKEN = {"name": "There is a pipeline of this name already"}


def ensure_default() -> Pipeline:
    """Return the first pipeline, made with the usual stages where there is none."""
    pipeline = db.session.scalars(_ordered().limit(1)).first()
    return pipeline if pipeline is not None else _add(Pipeline(name="Sales", position=0))


def every() -> Sequence[Pipeline]:
    """Return all pipelines in their order."""
    return db.session.scalars(_ordered()).all()


def create(actor: User, changes: Mapping[str, Any]) -> Pipeline:
    """Add a pipeline with the usual stages. Raises UserError naming the field, Forbidden for all but admins."""
    require_admin(actor)
    values = check(changes, None)
    known = every()
    if len(known) >= PIPELINES_MAX:
        raise Conflict("too_many", f"At most {PIPELINES_MAX} pipelines")
    return _add(Pipeline(position=len(known), **values))


def update(actor: User, pipeline: Pipeline, changes: Mapping[str, Any]) -> Pipeline:
    """Change the given fields; leads keep the currency they have. Raises like create."""
    require_admin(actor)
    for field, value in check(changes, pipeline).items():
        setattr(pipeline, field, value)
    fields.flush_unique("pipelines", _TAKEN)
    if changes.get("group_id") is not None:
        # What comes in by a door without a group is this one's now.
        faults.over_like(*faults.ANY_DOOR_WITHOUT_GROUP)
    return pipeline


def delete(actor: User, pipeline: Pipeline, target_id: int | None = None) -> None:
    """Delete a pipeline; its leads go to the stages of the same kind of another one.

    Raises Conflict for the last one and while leads have nowhere to go (``needs_target``), UserError on ``target``.
    """
    require_admin(actor)
    others = [one for one in every() if one.id != pipeline.id]
    if not others:
        raise Conflict("last_one", "The last pipeline stays")
    if stages.lead_count([stage.id for stage in stages.of(pipeline.id)]):
        if target_id is None:
            raise Conflict("needs_target", "This pipeline has leads; choose where they go", "target")
        target = next((one for one in others if one.id == target_id), None)
        if target is None:
            raise UserError("invalid", "Choose another pipeline", "target")
        _move_leads(actor, pipeline, target)
    db.session.delete(pipeline)
    db.session.flush()
    positions.number(others)


def move(actor: User, pipeline: Pipeline, direction: Direction) -> None:
    """Change places with the pipeline before or behind. The first one takes what comes in without being asked for."""
    require_admin(actor)
    positions.move(every(), pipeline.id, direction)


def load(pipeline_id: int) -> Pipeline:
    """Return a pipeline. Raises NotFound."""
    found = db.session.get(Pipeline, pipeline_id) if 0 < pipeline_id <= access.LARGEST_ID else None
    if found is None:
        raise NotFound("Pipeline")
    return found


def check(changes: Mapping[str, Any], pipeline: Pipeline | None) -> dict[str, Any]:
    """Return the cleaned values of the fields that change; writes nothing."""
    fields.known(changes, FIELDS)
    values = dict(changes)
    if pipeline is None or "name" in values:
        values["name"] = fields.needed_line(values.get("name"), "name", 80)
        _check_taken(values["name"], pipeline)
    if "currency" in values:
        values["currency"] = fields.currency(values["currency"])
    if values.get("group_id") is not None and db.session.get(Group, values["group_id"]) is None:
        raise UserError("invalid", "Choose an existing group", "group_id")
    return values


def _check_taken(name: str, pipeline: Pipeline | None) -> None:
    taken = any(one.name.casefold() == name.casefold() for one in every() if pipeline is None or one.id != pipeline.id)
    if taken:
        raise UserError("taken", _TAKEN["name"], "name")


def _add(pipeline: Pipeline) -> Pipeline:
    db.session.add(pipeline)
    fields.flush_unique("pipelines", _TAKEN)
    db.session.add_all(
        Stage(pipeline_id=pipeline.id, name=name, kind=kind, colour=colour, position=position)
        for position, (name, kind, colour) in enumerate(DEFAULT_STAGES)
    )
    db.session.flush()
    return pipeline


def _move_leads(actor: User, pipeline: Pipeline, target: Pipeline) -> None:
    """Each stage's leads go to the stage of the same name and kind, else to the first one of the same kind."""
    there = stages.of(target.id)
    for stage in stages.of(pipeline.id):
        alike = [one for one in there if one.kind == stage.kind] or [one for one in there if one.kind == "open"]
        same = next((one for one in alike if one.name.casefold() == stage.name.casefold()), alike[0])
        stages.move_leads(actor, stage, same)


def _ordered() -> Any:
    return select(Pipeline).order_by(Pipeline.position, Pipeline.id)
