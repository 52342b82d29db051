"""The views of leads that everybody has: those still open, one's own, without a next task, with a late one, won."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from app import access
from app.errors import UserError
from app.models.crm import Lead, Stage
from app.models.people import User
from app.services.tasks import next_tasks

STATES: Mapping[str, tuple[str, ...]] = {"open": ("incoming", "open"), "won": ("won",), "lost": ("lost",)}


def in_state(state: str) -> ColumnElement[bool]:
    """Condition for leads that are open, won or lost. Raises UserError for another word."""
    if state not in STATES:
        raise UserError("invalid", "open, won or lost is needed", "state", 400)
    return Lead.stage_id.in_(select(Stage.id).where(Stage.kind.in_(STATES[state])))


def still_open(viewer: User) -> Select[Any]:
    """Select the open leads that a person may see."""
    return _visible(viewer).where(in_state("open"))


def counted(viewer: User, month: dt.datetime) -> tuple[Select[Any], Select[Any], Select[Any], Select[Any]]:
    """Select one's own leads, those without a next task, those with a late one, and those won since ``month``."""
    return (
        _visible(viewer).where(Lead.responsible_id == viewer.id),
        still_open(viewer).where(next_tasks.leads_with(next_tasks.NONE, viewer)),
        _visible(viewer).where(next_tasks.leads_with(next_tasks.LATE, viewer)),
        _visible(viewer).where(Lead.closed_at >= month, in_state("won")),
    )


def _visible(viewer: User) -> Select[Any]:
    return select(Lead.id).where(access.visible_leads(viewer))
