"""What happens at and near an activity limit: deactivation, who is told, and the way back."""

from __future__ import annotations

import datetime as dt

from flask import current_app
from itsdangerous import BadSignature
from sqlalchemy import text

from app import access, clock
from app.catalogue import Rule
from app.errors import Conflict
from app.extensions import db
from app.models.limits import Counted
from app.models.people import User, full_name
from app.services import audience, signing
from app.services.limits import limit_words
from app.services.notify import Subject, record_event
from app.services.people import people
from app.services.tasks.task_news import person
from app.transaction import transaction

REACTIVATE_PATH = "/activity/reactivate"
_SALT = "reactivate"


def exceeded(user_id: int, kind: Counted, span: str, starts_at: dt.datetime, amount: int, allowed: int) -> bool:
    """Deactivate the person and tell all admins; return False where the last active admin is only reported.

    Of several requests at the same moment the first one does it, the others find it done.
    """
    with transaction(user_id):
        user = db.session.get_one(
            User, user_id, populate_existing=True, with_for_update={"of": User, "key_share": True}
        )
        if not user.active:
            return True
        alone = people.is_last_admin(user)
        if not _first(user_id, kind, span, starts_at, "exceeded_at"):
            return not alone
        data = _data(user, kind, span, amount, allowed) | {"only_reported": alone, "window": starts_at.isoformat()}
        if not alone:
            people.deactivate_by_limit(user, limit_words.reason(kind, span, allowed))
            db.session.flush()
            home = current_app.config["PUBLIC_URL"]
            data["reactivate_url"] = f"{home}{REACTIVATE_PATH}/{reactivation_token(user)}"
        told = dict.fromkeys(audience.admins(), Rule.ADMIN)
        record_event("limit:exceeded", None, Subject("user", user_id), data, told=told)
    return not alone


def near(user_id: int, kind: Counted, span: str, starts_at: dt.datetime, amount: int, allowed: int) -> None:
    """Warn the person and all admins, once per window."""
    with transaction():
        if not _first(user_id, kind, span, starts_at, "near_at"):
            return
        user = db.session.get_one(User, user_id)
        told = dict.fromkeys(audience.admins(), Rule.ADMIN) | {user_id: Rule.CONCERNED}
        data = _data(user, kind, span, amount, allowed)
        record_event("limit:near", None, Subject("user", user_id), data, told=told)


def reactivation_token(user: User) -> str:
    """Return what a mail's link carries: it works until the person is let in again, by whomever."""
    return signing.dumps([user.id, user.session_epoch], _SALT)


def person_of(token: str) -> User | None:
    """Return whom a link lets in again, or None for a link that is not ours."""
    try:
        user_id, _ = signing.loads(token, _SALT)
    except (BadSignature, ValueError, TypeError):
        return None
    return db.session.get(User, int(user_id))


def reactivate_by_link(actor: User, token: str) -> User:
    """Let a person in again by a mail's link. Raises Conflict for a used one, Forbidden but for admins."""
    people.require_admin(actor)
    user = person_of(token)
    if user is None or access.is_admin(actor) is False:
        raise Conflict("used", "This link is not valid")
    _, epoch = signing.loads(token, _SALT)
    db.session.refresh(user, with_for_update={"of": User, "key_share": True})
    if user.active or user.session_epoch != epoch:
        raise Conflict("used", f"This link was used already, or {full_name(user)} was let in by another way")
    people.reactivate(actor, user)
    return user


def _first(user_id: int, kind: Counted, span: str, starts_at: dt.datetime, column: str) -> bool:
    """Claim telling it: once per window, however many requests find out."""
    row = db.session.execute(
        text(
            f"UPDATE activity_counters SET {column} = :now WHERE user_id = :user_id AND kind = :kind AND span = :span"
            f" AND starts_at = :starts_at AND {column} IS NULL RETURNING 1"
        ),
        {"now": clock.now(), "user_id": user_id, "kind": kind.value, "span": span, "starts_at": starts_at},
    ).first()
    return row is not None


def _data(user: User, kind: Counted, span: str, amount: int, allowed: int) -> dict[str, object]:
    return {
        "text": full_name(user),
        "user": person(user),
        "kind": kind.value,
        "span": span,
        "amount": amount,
        "allowed": allowed,
        "url": f"/activity/{user.id}",
    }
