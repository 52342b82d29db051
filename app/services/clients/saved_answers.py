"""Saved answers to clients: everybody keeps own ones, managers and admins those that all share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app import access
from app.errors import Forbidden, UserError
from app.extensions import db
from app.models.answers import SavedAnswer
from app.models.people import User
from app.services import fields
from app.services.chats import drafts

FIELDS = ("name", "body", "shared")


def create(actor: User, changes: Mapping[str, Any]) -> SavedAnswer:
    """Add an answer of the actor's own, or one for all. Raises UserError naming the field, Forbidden."""
    answer = SavedAnswer(owner_id=actor.id, **check(actor, {"name": None, "body": None} | dict(changes)))
    db.session.add(answer)
    db.session.flush()
    return answer


def update(actor: User, answer: SavedAnswer, changes: Mapping[str, Any]) -> SavedAnswer:
    """Change the given fields. Raises like create, Forbidden for who may only use it."""
    require_may_change(actor, answer)
    for field, value in check(actor, changes).items():
        setattr(answer, field, value)
    if answer.owner_id is None:
        answer.owner_id = actor.id
    db.session.flush()
    return answer


def delete(actor: User, answer: SavedAnswer) -> None:
    """Delete an answer. Raises Forbidden for who may only use it."""
    require_may_change(actor, answer)
    db.session.delete(answer)
    db.session.flush()


def check(actor: User, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cleaned values of the fields that change; writes nothing."""
    fields.known(changes, FIELDS)
    values = dict(changes)
    if "name" in values:
        values["name"] = fields.needed_line(values["name"], "name", 60)
    if "body" in values:
        # It has to fit into one message.
        values["body"] = drafts.checked_body(values["body"], False)
    if "shared" in values:
        values["shared"] = fields.flag(values["shared"], "shared")
        if values["shared"] and not may_share(actor):
            raise UserError("forbidden", "Only managers and admins share answers with everybody", "shared", 403)
    return values


def may_share(actor: User) -> bool:
    """Whether the person may keep what everybody uses."""
    return access.is_manager_or_admin(actor)


def may_change(actor: User, answer: SavedAnswer) -> bool:
    """Whether the person may change or delete this one: their own, or a shared one as manager or admin."""
    return may_share(actor) if answer.shared else answer.owner_id == actor.id


def require_may_change(actor: User, answer: SavedAnswer) -> None:
    """Refuse who may only use it. Raises Forbidden."""
    if not may_change(actor, answer):
        raise Forbidden("Only managers and admins change answers that everybody shares")
