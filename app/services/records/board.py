"""Leads as a board: one column per stage, each with its totals and its cards page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, union_all
from sqlalchemy.orm import joinedload

from app import access
from app.errors import NotFound
from app.extensions import db
from app.models.crm import Lead, Pipeline, Stage
from app.models.people import User
from app.services.searching import lead_has

PAGE = 20
# As lists do: counting stops there, however many leads there are.
COUNT_MAX = 10_000
# A word that many leads have may be missing in a whole stage: so many are looked through for one page of a column.
LOOKED_AT_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Totals:
    """``sums`` per currency are those of the counted leads; there are ``more`` where counting stopped at COUNT_MAX."""

    count: int = 0
    sums: tuple[tuple[str, Decimal], ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One stage with its newest cards; ``before`` is the id before which the next ones follow.

    What is searched for is looked for piece by piece: a column may be empty so far and have a ``before``.
    """

    stage: Stage
    totals: Totals
    leads: list[Lead] = field(default_factory=list)
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What the board shows: words in the name, and one's own only."""

    words: str = ""
    mine: bool = False


def pipelines() -> list[Pipeline]:
    """Return all pipelines in their order."""
    return list(db.session.scalars(select(Pipeline).order_by(Pipeline.position, Pipeline.id)))


def stages_of(pipeline_id: int) -> list[Stage]:
    """Return a pipeline's stages in their order."""
    return list(db.session.scalars(select(Stage).filter_by(pipeline_id=pipeline_id).order_by(Stage.position, Stage.id)))


def columns(viewer: User, pipeline: Pipeline, choice: Choice) -> list[Column]:
    """Return the board of a pipeline in three statements, in four where a word has many leads."""
    stages = stages_of(pipeline.id)
    if not stages:
        return []
    shown = _shown(viewer, choice)
    counted = _totals(stages, shown, together=bool(choice.words))
    few = bool(choice.words or choice.mine) and sum(one.count for one in counted.values()) <= COUNT_MAX
    ends = _ends([stage.id for stage in stages]) if choice.words and not few else {}
    pages = _pages(stages, shown, few, ends)
    return [
        Column(stage, counted.get(stage.id, Totals()), *_cut(pages.get(stage.id, []), ends.get(stage.id)))
        for stage in stages
    ]


def more(viewer: User, stage_id: int, before: int, choice: Choice) -> Column:
    """Return the next cards of a column. Raises NotFound for an unknown stage."""
    stage = access.access_stage(viewer, stage_id)
    end = _ends([stage.id], before).get(stage.id) if choice.words else None
    ids = _ids(stage.id, _shown(viewer, choice), before, end)
    statement = _cards().where(Lead.id.in_(ids)).order_by(Lead.id.desc())
    return Column(stage, Totals(), *_cut(list(db.session.scalars(statement).unique()), end))


def totals(viewer: User, stages: Sequence[Stage], choice: Choice) -> dict[int, Totals]:
    """Count and sum up each stage's leads that the viewer may see: one statement of bounded work.

    What is searched for is counted up to COUNT_MAX in all stages together, everything else in each.
    """
    return _totals(stages, _shown(viewer, choice), together=bool(choice.words))


def pipeline_of(known: Sequence[Pipeline], pipeline_id: int | None) -> Pipeline:
    """Return the asked one among the known, or the first. Raises NotFound."""
    found = next((one for one in known if pipeline_id in (None, one.id)), None)
    if found is None:
        raise NotFound("Pipeline")
    return found


def _totals(stages: Sequence[Stage], shown: list[ColumnElement[bool]], together: bool) -> dict[int, Totals]:
    stage_ids = [stage.id for stage in stages]
    parts = []
    for ids in [stage_ids] if together else [[stage_id] for stage_id in stage_ids]:
        some = (
            select(Lead.stage_id, Lead.budget, Lead.currency)
            .where(Lead.stage_id.in_(ids), *shown)
            .limit(COUNT_MAX + 1)
            .subquery()
        )
        parts.append(
            select(some.c.stage_id, some.c.currency, func.count().label("count"), func.sum(some.c.budget)).group_by(
                some.c.stage_id, some.c.currency
            )
        )
    found: dict[int, list[tuple[str, int, Decimal]]] = {}
    for stage_id, currency, count, amount in db.session.execute(union_all(*parts)):
        found.setdefault(stage_id, []).append((currency, count, amount))
    everything = sum(row[1] for rows in found.values() for row in rows)
    return {
        stage_id: Totals(
            count=(count := sum(row[1] for row in rows)),
            sums=tuple((row[0], row[2]) for row in sorted(rows)),
            more=(everything if together else count) > COUNT_MAX,
        )
        for stage_id, rows in found.items()
    }


def _ends(stage_ids: Sequence[int], before: int | None = None) -> dict[int, int]:
    """Return the first lead of each stage that is not looked at for a page; none for a stage with fewer."""
    parts = []
    for stage_id in stage_ids:
        leads = select(Lead.stage_id, Lead.id).where(Lead.stage_id == stage_id).order_by(Lead.id.desc())
        if before is not None:
            leads = leads.where(Lead.id < before)
        parts.append(select(leads.offset(LOOKED_AT_MAX).limit(1).subquery()))
    return {row.stage_id: row.id for row in db.session.execute(union_all(*parts))}


def _pages(
    stages: Sequence[Stage], shown: list[ColumnElement[bool]], few: bool, ends: Mapping[int, int]
) -> dict[int, list[Lead]]:
    ids: Any = _newest_of_few(stages, shown)
    if not few:
        pages_of = (_ids(stage.id, shown, end=ends.get(stage.id)) for stage in stages)
        ids = union_all(*(select(page.subquery().c.id) for page in pages_of))
    pages: dict[int, list[Lead]] = {}
    for lead in db.session.scalars(_cards().where(Lead.id.in_(ids)).order_by(Lead.id.desc())).unique():
        pages.setdefault(lead.stage_id, []).append(lead)
    return pages


def _newest_of_few(stages: Sequence[Stage], shown: list[ColumnElement[bool]]) -> Select[int]:
    """All that is shown, found once: looking along each stage for a rare one would read all of it."""
    found = (
        select(Lead.id, Lead.stage_id)
        .where(Lead.stage_id.in_([stage.id for stage in stages]), *shown)
        .cte()
        .prefix_with("MATERIALIZED")
    )
    place = func.row_number().over(partition_by=found.c.stage_id, order_by=found.c.id.desc()).label("place")
    numbered = select(found.c.id, place).subquery()
    return select(numbered.c.id).where(numbered.c.place <= PAGE + 1).limit(len(stages) * (PAGE + 1))


def _cards() -> Select[tuple[Lead]]:
    return select(Lead).options(joinedload(Lead.contact), joinedload(Lead.responsible))


def _ids(
    stage_id: int, shown: list[ColumnElement[bool]], before: int | None = None, end: int | None = None
) -> Select[int]:
    conditions = [Lead.stage_id == stage_id, *shown]
    if end is not None:
        conditions.append(Lead.id > end)
    if before is not None:
        conditions.append(Lead.id < before)
    return select(Lead.id).where(*conditions).order_by(Lead.id.desc()).limit(PAGE + 1)


def _shown(viewer: User, choice: Choice) -> list[ColumnElement[bool]]:
    conditions = [access.visible_leads(viewer)]
    if choice.mine:
        conditions.append(Lead.responsible_id == viewer.id)
    if choice.words:
        conditions.append(lead_has(choice.words))
    return conditions


def _cut(leads: list[Lead], end: int | None = None) -> tuple[list[Lead], int | None]:
    if len(leads) > PAGE:
        return leads[:PAGE], leads[PAGE - 1].id
    return leads, end + 1 if end is not None else None
