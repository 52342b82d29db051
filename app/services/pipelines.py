"""The account's pipelines: a fresh account starts with one."""

from __future__ import annotations

from sqlalchemy import select

from app.extensions import db
from app.models.crm import Pipeline, Stage

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


def ensure_default() -> Pipeline:
    """Return the first pipeline, made with the usual stages where there is none."""
    pipeline = db.session.scalars(select(Pipeline).order_by(Pipeline.position, Pipeline.id).limit(1)).first()
    if pipeline is not None:
        return pipeline
    pipeline = Pipeline(name="Sales", position=0)
    db.session.add(pipeline)
    db.session.flush()
    db.session.add_all(
        Stage(pipeline_id=pipeline.id, name=name, kind=kind, colour=colour, position=position)
        for position, (name, kind, colour) in enumerate(DEFAULT_STAGES)
    )
    db.session.flush()
    return pipeline
