"""People and user groups: FAB's own classes, extended in place.

A subclass of FAB's User would get its own identity key: ``created_by`` would then return plain Users, and two objects
for one row would go stale inside one session.
"""

from __future__ import annotations

import datetime as dt

from flask_appbuilder.security.sqla.models import (
    Group,
    Role,
    User,
    assoc_group_role,
    assoc_user_group,
    assoc_user_role,
)
from sqlalchemy import ForeignKey, Index, Integer, String, Text, event, exists, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from app import clock
from app.models.base import Model, UtcDateTime, sort_key_of

__all__ = ["AccountSetting", "Group", "Role", "RoleName", "User", "full_name"]


class RoleName:
    """The built-in roles of SPEC 1."""

    ADMIN = "Admin"
    MANAGER = "Manager"
    STAFF = "Staff"
    FREE = "Free"
    ALL = (ADMIN, MANAGER, STAFF, FREE)


# NOT NULL columns need a server default: FAB's own code creates users too.
User.session_epoch = mapped_column("session_epoch", Integer, nullable=False, server_default=text("0"))
User.zone = mapped_column("zone", String(64), nullable=False, server_default="UTC")
User.theme = mapped_column("theme", String(8), nullable=False, server_default="system")
User.picture = mapped_column("picture", String(120), nullable=True)
User.phone = mapped_column("phone", String(32), nullable=True)
User.sort_key = mapped_column("sort_key", String(200, collation="C"), nullable=False, server_default="")
User.deactivated_at = mapped_column("deactivated_at", UtcDateTime, nullable=True)
User.deactivated_reason = mapped_column("deactivated_reason", String(300), nullable=True)
User.__table__.append_constraint(Index("ix_ab_user_sort_key", "sort_key", "id"))

_stronger = Role.name != RoleName.FREE
_by_own_role = (
    exists()
    .where(assoc_user_role.c.user_id == User.id, assoc_user_role.c.role_id == Role.id, _stronger)
    .correlate_except(Role, assoc_user_role)
)
_by_group = (
    exists()
    .where(
        assoc_user_group.c.user_id == User.id,
        assoc_group_role.c.group_id == assoc_user_group.c.group_id,
        assoc_group_role.c.role_id == Role.id,
        _stronger,
    )
    .correlate_except(Role, assoc_user_group, assoc_group_role)
)
# Whether it is a limited account: a free user's name carries a badge wherever it stands.
User.limited = column_property(~_by_own_role & ~_by_group)

Group.manager_id = mapped_column("manager_id", ForeignKey("ab_user.id", ondelete="SET NULL"), nullable=True)
Group.zone = mapped_column("zone", String(64), nullable=False, server_default="UTC")
Group.sort_key = mapped_column("sort_key", String(200, collation="C"), nullable=False, server_default="")
Group.manager = relationship(User, foreign_keys=[Group.manager_id])


def full_name(user: User) -> str:
    """Return "First Last", or the username where both are empty."""
    return f"{user.first_name or ''} {user.last_name or ''}".strip() or str(user.username)


@event.listens_for(User, "before_insert")
@event.listens_for(User, "before_update")
def _keep_user_sort_key(_mapper: object, _connection: object, user: User) -> None:
    user.sort_key = sort_key_of(full_name(user))


@event.listens_for(Group, "before_insert")
@event.listens_for(Group, "before_update")
def _keep_group_sort_key(_mapper: object, _connection: object, group: Group) -> None:
    group.sort_key = sort_key_of(group.label or group.name or "")


@event.listens_for(User.active, "set", active_history=True)
def _end_sessions_when_active_changes(user: User, value: bool, old: object, _initiator: object) -> None:
    """Any way that flips ``active`` ends all sessions and tokens, also on reactivation: an old session stays dead."""
    if user.id is not None and old in (True, False) and bool(value) != old:
        user.session_epoch = (user.session_epoch or 0) + 1
        user.deactivated_at = None if value else clock.now()
        if value:
            user.deactivated_reason = None


class AccountSetting(Model):
    """One setting of the account, by name. One installation is one account."""

    __tablename__ = "account_settings"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[object] = mapped_column(JSONB, nullable=True)
    changed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=clock.now, onupdate=clock.now)
    note: Mapped[str | None] = mapped_column(Text, nullable=True)
