"""What happened to a colleague's account, for admins: let in, put out, promoted, handed over, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.extensions import db
from app.models.notifications import Event
from app.models.people import User, full_name
from app.services.limits import limit_words

SHOWN_MAX = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One entry. ``text`` continues the actor's name, or stands alone where nobody did it."""

    at: dt.datetime
    actor: User | None
    text: str
    detail: str


def of(user: User) -> list[Line]:
    """Return the newest entries about an account: one statement."""
    actor = aliased(User)
    rows = (
        db.session.execute(
            select(Event, actor)
            .outerjoin(actor, actor.id == Event.actor_id)
            .where(Event.subject_type == "user", Event.subject_id == user.id)
            .order_by(Event.id.desc())
            .limit(SHOWN_MAX)
        )
        .unique()
        .all()
    )
    return [Line(event.created_at, by, *_words(event.tag, event.data, user)) for event, by in rows]


def _words(tag: str, data: Mapping[str, Any], user: User) -> tuple[str, str]:
    reason = str(data.get("reason") or "")
    if tag == "user:handed_over":
        what, to = str(data.get("what") or ""), str(data.get("to") or "")
        return gettext("handed everything chosen over to %(name)s", name=to), what
    if tag.startswith(limit_words.PREFIX):
        title, body = limit_words.title_and_body(tag, {"user": {"name": full_name(user)}, **data}, "admin")
        return title, body
    plain = {
        "user:deactivated": gettext("deactivated this account"),
        "user:reactivated": gettext("let this person in again"),
        "user:promoted": gettext("made this person a staff member"),
        "user:demoted": gettext("made this person a free user"),
        "user:invited": gettext("invited this person"),
    }
    return plain.get(tag, tag), reason or str(data.get("email") or "")
