"""Clients' talks: who may see and open which."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import joinedload

from app.access.sight import EVERYTHING
from app.access.who import colleagues_of, groups_of, is_admin, is_free
from app.errors import NotFound
from app.extensions import db
from app.models.chats import ChatMember
from app.models.people import User
from app.models.talks import Talk
from app.services.account import account


def access_talk(user: User, number: int) -> Talk:
    """Return the talk that this person may open, as one who was asked about it too. Raises NotFound."""
    if 0 < number < 2**63:
        asked = (
            select(ChatMember.chat_id)
            .where(ChatMember.user_id == user.id, ChatMember.left_at.is_(None))
            .where(ChatMember.role.in_(("member", "guest", "helper")))
            .where(ChatMember.chat_id == Talk.chat_id, ChatMember.from_seq <= Talk.first_seq)
        )
        statement = (
            select(Talk)
            .where(Talk.number == number, or_(visible_talks(user), asked.exists()))
            .options(joinedload(Talk.responsible), joinedload(Talk.contact), joinedload(Talk.group))
        )
        found = db.session.scalars(statement).unique().one_or_none()
        if found is not None:
            return found
    raise NotFound("Talk")


def visible_talks(user: User) -> ColumnElement[bool]:
    """Condition for the talks this person may see; untaken ones are their group's, or everybody's without one."""
    if is_admin(user):
        return EVERYTHING
    if is_free(user):
        return false()
    visibility = account.record_visibility()
    if visibility == "all":
        return EVERYTHING
    ours = or_(Talk.group_id.is_(None), Talk.group_id.in_(groups_of(user)))
    mine = or_(Talk.responsible_id == user.id, and_(Talk.responsible_id.is_(None), ours))
    return mine if visibility == "own" else or_(mine, Talk.responsible_id.in_(colleagues_of(user)))
