"""The stages of a pipeline, kept by admins: no lead is left without one, and each pipeline can be won and lost."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, text

from app import clock
from app.errors import Conflict, UserError
from app.extensions import db
from app.models.crm import Lead, Pipeline, Stage
from app.models.people import User
from app.services import fields
from app.services.people.people import require_admin
from app.services.records import positions
from app.services.records.positions import Direction
from app.services.tasks.task_news import person

FIELDS = ("name", "kind", "colour", "pipeline_id")
# Of a row of leads: an incoming one moves to the first open stage of its pipeline, any other stays where it is.
STAGE_WHEN_ACCEPTED = """coalesce(
    (SELECT o.id FROM stages o JOIN stages s ON s.pipeline_id = o.pipeline_id WHERE s.id = leads.stage_id
     AND s.kind = 'incoming' AND o.kind = 'open' ORDER BY o.position, o.id LIMIT 1), stage_id)"""
KINDS = ("incoming", "open", "won", "lost")
# Keys of the theme's dots.
COLOURS = ("1", "2", "3", "4", "5", "6", "7", "8", "won", "lost")
STAGES_MAX = 30
COUNT_MAX = 10_000
# A pipeline always has one of each: where leads start, and how they end.
_NEEDED = ("open", "won", "lost")
# Leads of these kinds of stages are on their way.
_RUNNING = ("incoming", "open")


def of(pipeline_id: int) -> Sequence[Stage]:
    """Return a pipeline's stages in their order."""
    return db.session.scalars(select(Stage).filter_by(pipeline_id=pipeline_id).order_by(Stage.position, Stage.id)).all()


def create(actor: User, changes: Mapping[str, Any]) -> Stage:
    """Add a stage behind those of its kind. Raises UserError naming the field, Forbidden for all but admins."""
    require_admin(actor)
    values = check(changes, None)
    known = list(of(values["pipeline_id"]))
    if len(known) >= STAGES_MAX:
        raise Conflict("too_many", f"At most {STAGES_MAX} stages in a pipeline")
    stage = Stage(position=len(known), **values)
    db.session.add(stage)
    db.session.flush()
    place = sum(1 for one in known if KINDS.index(one.kind) <= KINDS.index(stage.kind))
    positions.number([*known[:place], stage, *known[place:]])
    return stage


def update(actor: User, stage: Stage, changes: Mapping[str, Any]) -> Stage:
    """Change the given fields; what a stage with leads means stays. Raises like create."""
    require_admin(actor)
    for field, value in check(changes, stage).items():
        setattr(stage, field, value)
    db.session.flush()
    return stage


def delete(actor: User, stage: Stage, target_id: int | None = None) -> None:
    """Delete a stage; its leads go to ``target_id``, one of the same pipeline that means the same.

    Raises Conflict for the last open, won or lost one and while leads have nowhere to go (``needs_target``), UserError
    on ``target``.
    """
    require_admin(actor)
    _keep_one(stage)
    if lead_count([stage.id]):
        if target_id is None:
            raise Conflict("needs_target", "This stage has leads; choose where they go", "target")
        target = next((one for one in targets(stage) if one.id == target_id), None)
        if target is None:
            raise UserError("invalid", "Choose one of the stages that are offered", "target")
        move_leads(actor, stage, target)
    left = [one for one in of(stage.pipeline_id) if one.id != stage.id]
    db.session.delete(stage)
    db.session.flush()
    positions.number(left)


def move(actor: User, stage: Stage, direction: Direction) -> None:
    """Change places with the stage before or behind."""
    require_admin(actor)
    positions.move(of(stage.pipeline_id), stage.id, direction)


def targets(stage: Stage) -> list[Stage]:
    """Return where a stage's leads may go when it vanishes: nothing is won, lost or opened again by that."""
    running = stage.kind in _RUNNING
    return [
        one
        for one in of(stage.pipeline_id)
        if one.id != stage.id and (one.kind in _RUNNING if running else one.kind == stage.kind)
    ]


def lead_count(stage_ids: Collection[int]) -> int:
    """Return how many leads are in these stages, counted up to COUNT_MAX + 1."""
    some = select(Lead.id).where(Lead.stage_id.in_(stage_ids)).limit(COUNT_MAX + 1).subquery()
    return int(db.session.scalar(select(func.count()).select_from(some)) or 0)


def lead_counts(stages: Sequence[Stage]) -> dict[int, int]:
    """Return each stage's number of leads, counted up to COUNT_MAX + 1 each."""
    counts = {
        str(stage.id): select(func.count())
        .select_from(select(Lead.id).where(Lead.stage_id == stage.id).limit(COUNT_MAX + 1).subquery())
        .scalar_subquery()
        .label(str(stage.id))
        for stage in stages
    }
    row = db.session.execute(select(*counts.values())).one() if counts else ()
    return {int(stage_id): int(count) for stage_id, count in zip(counts, row, strict=True)}


def move_leads(actor: User, stage: Stage, target: Stage) -> None:
    """Put all leads of a stage into another, each with its line in the timeline: two statements."""
    values = {"old": stage.id, "new": target.id, "actor": actor.id, "now": clock.now()}
    said = {"by": person(actor), "old": stage.name, "new": target.name}
    db.session.execute(
        text(
            "INSERT INTO events (tag, actor_id, subject_type, subject_id, data, created_at)"
            " SELECT 'lead:stage', :actor, 'lead', l.id, CAST(:said AS jsonb) || jsonb_build_object('name', l.name),"
            " :now FROM leads l WHERE l.stage_id = :old"
        ),
        values | {"said": json.dumps(said)},
    )
    db.session.execute(
        text("UPDATE leads SET stage_id = :new, changed_at = clock_timestamp() WHERE stage_id = :old"), values
    )


def check(changes: Mapping[str, Any], stage: Stage | None) -> dict[str, Any]:
    """Return the cleaned values of the fields that change; writes nothing."""
    fields.known(changes, FIELDS)
    values = dict(changes)
    if stage is None:
        values["pipeline_id"] = _checked_pipeline(values.get("pipeline_id"))
    elif values.pop("pipeline_id", stage.pipeline_id) != stage.pipeline_id:
        raise UserError("invalid", "A stage stays in its pipeline", "pipeline_id")
    pipeline_id = stage.pipeline_id if stage is not None else values["pipeline_id"]
    if stage is None or "name" in values:
        values["name"] = fields.needed_line(values.get("name"), "name", 60)
        _check_taken(values["name"], pipeline_id, stage)
    if stage is None or "kind" in values:
        values["kind"] = _checked_kind(values.get("kind", "open"), stage)
    if "colour" in values and values["colour"] not in COLOURS:
        raise UserError("invalid", "Choose one of the colours", "colour")
    return values


def _checked_pipeline(pipeline_id: object) -> int:
    if isinstance(pipeline_id, bool) or not isinstance(pipeline_id, int) or not db.session.get(Pipeline, pipeline_id):
        raise UserError("invalid", "Choose a pipeline", "pipeline_id")
    return pipeline_id


def _check_taken(name: str, pipeline_id: int, stage: Stage | None) -> None:
    if any(one.name.casefold() == name.casefold() for one in of(pipeline_id) if stage is None or one.id != stage.id):
        raise UserError("taken", "The pipeline has a stage of this name already", "name")


def _checked_kind(kind: object, stage: Stage | None) -> str:
    if kind not in KINDS:
        raise UserError("invalid", f"Choose one of {', '.join(KINDS)}", "kind")
    if stage is not None and kind != stage.kind:
        _keep_one(stage, "kind")
        if not (kind in _RUNNING and stage.kind in _RUNNING) and lead_count([stage.id]):
            raise UserError("in_use", "This stage has leads; what it means cannot change any more", "kind")
    return str(kind)


def _keep_one(stage: Stage, field: str | None = None) -> None:
    if stage.kind in _NEEDED and not any(one.kind == stage.kind for one in of(stage.pipeline_id) if one.id != stage.id):
        words = {"open": "open", "won": "won", "lost": "lost"}[stage.kind]
        raise UserError("last_one", f"The last {words} stage of a pipeline stays", field, 422 if field else 409)
