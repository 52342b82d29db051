"""Forms of websites: kept by admins, found by their public token, and the HTML that a website includes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app import access
from app.errors import UserError
from app.extensions import db
from app.models.crm import Pipeline
from app.models.forms import Form
from app.models.people import User
from app.services import fields
from app.services.account import faults
from app.services.clients import origins
from app.services.people.people import require_admin
from app.services.records.related import checked_related
from app.services.records.responsible import checked_responsible

FIELDS = (
    "name",
    "asked",
    "needed",
    "allowed_origins",
    "consent_text",
    "group_id",
    "responsible_id",
    "pipeline_id",
    "thanks_text",
    "redirect_url",
    "active",
)
# What a form can ask, in the order shown, and the longest answer.
ASKED: Mapping[str, int] = {"name": 160, "email": 254, "phone": 32, "company": 160, "message": 5000}
# A field that people do not see: programs that fill everything fill it too.
HONEYPOT = "homepage"
MAX_BYTES = 64 * 1024


def create(actor: User, changes: Mapping[str, Any]) -> Form:
    """Add a form with a token of its own. Raises UserError naming the field, Forbidden for everybody but admins."""
    require_admin(actor)
    given = {"name": None, "asked": None, "needed": (), "group_id": None} | dict(changes)
    form = Form(token=secrets.token_urlsafe(18), **check(actor, given, None))
    db.session.add(form)
    db.session.flush()
    return form


def update(actor: User, form: Form, changes: Mapping[str, Any]) -> Form:
    """Change the given fields. Raises like create."""
    require_admin(actor)
    for field, value in check(actor, changes, form).items():
        setattr(form, field, value)
    db.session.flush()
    db.session.expire(form, ["group", "responsible", "pipeline"])
    if form.group_id is not None:
        faults.over(f"form:{form.id}:group")
    if form.responsible is None or form.responsible.active:
        faults.over(f"form:{form.id}:responsible")
    return form


def delete(actor: User, form: Form) -> None:
    """Delete a form; what came in by it stays. Raises Forbidden for everybody but admins."""
    require_admin(actor)
    for about in ("group", "responsible"):
        faults.over(f"form:{form.id}:{about}")
    db.session.delete(form)
    db.session.flush()


def check(actor: User, changes: Mapping[str, Any], form: Form | None) -> dict[str, Any]:
    """Return the cleaned values of the fields that change; writes nothing."""
    fields.known(changes, FIELDS)
    values = dict(changes)
    if "name" in values:
        values["name"] = fields.needed_line(values["name"], "name", 60)
    asked = _names(values["asked"], "asked") if "asked" in values else list(form.asked if form else ())
    needed = _names(values["needed"], "needed") if "needed" in values else list(form.needed if form else ())
    if "asked" in values or "needed" in values:
        _check_asked(asked, needed)
        values |= {"asked": asked, "needed": needed}
    if "allowed_origins" in values:
        values["allowed_origins"] = origins.checked(values["allowed_origins"])
    for field, longest in (("consent_text", 1000), ("thanks_text", 300)):
        if field in values:
            values[field] = fields.line(values[field], field, longest)
    if "redirect_url" in values:
        example = "https://shop.example/thanks"
        values["redirect_url"] = fields.web_address(values["redirect_url"], "redirect_url", 300, example)
    if "group_id" in values:
        before_id = form.group_id if form else None
        values["group_id"] = checked_related(access.access_group, actor, values["group_id"], "group_id", before_id)
        if values["group_id"] is None:
            raise UserError("required", "Choose who hears of what comes in", "group_id")
    if "responsible_id" in values:
        before_id = form.responsible_id if form else None
        values["responsible_id"] = checked_responsible(actor, values["responsible_id"], before_id)
    if "pipeline_id" in values:
        values["pipeline_id"] = checked_related(_access_pipeline, actor, values["pipeline_id"], "pipeline_id")
    if "active" in values:
        values["active"] = fields.flag(values["active"], "active")
    return values


def by_token(token: str) -> Form:
    """Return the active form of a token. Raises UserError 404."""
    found = None
    if 0 < len(token) <= 32 and token.isascii() and token.isprintable():
        statement = select(Form).where(Form.token == token, Form.active)
        options = (joinedload(Form.group), joinedload(Form.responsible), joinedload(Form.pipeline))
        found = db.session.scalars(statement.options(*options)).unique().one_or_none()
    if found is None:
        raise UserError("unknown_form", "There is no such form, or it is switched off", status=404)
    return found


def address(form: Form) -> str:
    """Return where the form is sent to."""
    return f"{current_app.config['PUBLIC_URL']}/hooks/forms/{form.token}"


def pipelines() -> list[Pipeline]:
    """Return the account's pipelines in their order."""
    return list(db.session.scalars(select(Pipeline).order_by(Pipeline.position, Pipeline.id).limit(200)))


def _access_pipeline(actor: User, pipeline_id: int) -> Pipeline:
    found = db.session.get(Pipeline, pipeline_id) if 0 < pipeline_id <= access.LARGEST_ID else None
    if found is None:
        raise UserError("invalid", "Choose an existing pipeline", "pipeline_id")
    return found


def _names(value: object, field: str) -> list[str]:
    chosen = value if isinstance(value, (list, tuple)) else []
    if set(map(str, chosen)) - set(ASKED):
        raise UserError("invalid", f"Choose of {', '.join(ASKED)}", field)
    return [name for name in ASKED if name in chosen]


def _check_asked(asked: list[str], needed: list[str]) -> None:
    if not {"email", "phone"} & set(asked):
        raise UserError("required", "Ask for an email address or a phone number, or nobody can answer", "asked")
    left = [name for name in needed if name not in asked]
    if left:
        raise UserError("invalid", f"{left[0]} is needed but not asked for", "needed")
