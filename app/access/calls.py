"""Calls: who may see and open which."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import joinedload

from app.access.sight import EVERYTHING, load, visible_by_setting
from app.access.who import groups_of, holds, is_free
from app.models.calls import Call, CallLine
from app.models.people import User


def access_call(user: User, call_id: int) -> Call:
    """Return the call that this person may open. Raises NotFound."""
    options = (joinedload(Call.contact), joinedload(Call.line), joinedload(Call.user), joinedload(Call.responsible))
    return load(Call, call_id, visible_calls(user), "Call", *options)


def visible_calls(user: User) -> ColumnElement[bool]:
    """Condition for the calls this person may see: by who talked or whose client it is.

    Nobody's are their line's group's, or everybody's where the line has none.
    """
    ours = select(CallLine.id).where(or_(CallLine.group_id.is_(None), CallLine.group_id.in_(groups_of(user))))
    unclaimed = or_(Call.line_id.is_(None), Call.line_id.in_(ours))
    by_setting = visible_by_setting(user, "calls.see", Call.responsible_id, unclaimed)
    if by_setting is EVERYTHING or is_free(user) or not holds(user, "calls.see"):
        return by_setting
    return or_(
        by_setting, Call.user_id == user.id, and_(Call.responsible_id.is_(None), Call.user_id.is_(None), unclaimed)
    )
