"""A client writes to somebody who is not to be disturbed: the talk is offered to the group at once.

The group is in the chat as in that of an untaken talk and told once; who takes it or answers first has it. When whose
talk it is answers, it is theirs as before.
"""

from __future__ import annotations

import datetime as dt

from flask_babel import gettext
from sqlalchemy import text

from app.extensions import db
from app.models.chats import MemberRole
from app.models.people import full_name
from app.models.talks import Talk
from app.services import audience
from app.services.clients import client_members
from app.services.people.held_roles import TEAM
from app.services.settings.quiet import Why, hold_of

_SETTINGS = text(
    "SELECT u.zone, s.dnd_until FROM ab_user u JOIN user_settings s ON s.user_id = u.id"
    " WHERE u.id = :id AND s.dnd_until > :now"
)

# The talk's group, else the groups of who has it, else the admins.
_OTHERS = text(f"""
SELECT DISTINCT u.id FROM ab_user u JOIN ab_user_group ug ON ug.user_id = u.id
WHERE u.active AND u.id <> :responsible_id AND {TEAM} AND ug.group_id IN (
    SELECT :group_id WHERE CAST(:group_id AS int) IS NOT NULL
    UNION ALL
    SELECT group_id FROM ab_user_group WHERE user_id = :responsible_id AND CAST(:group_id AS int) IS NULL)
ORDER BY u.id
""")


def offer(talk: Talk, now: dt.datetime) -> bool:
    """Offer the talk if who has it does not want to be disturbed now; once until it is answered. Tell whether."""
    owner = talk.responsible
    if owner is None or not owner.active or talk.offered_at is not None:
        return False
    row = db.session.execute(_SETTINGS, {"id": owner.id, "now": now}).one_or_none()
    held = hold_of(row.zone, None, row.dnd_until, now) if row is not None else None
    if held is None or held.why is not Why.DO_NOT_DISTURB:
        return False
    values = {"responsible_id": owner.id, "group_id": talk.group_id}
    others = [one.id for one in db.session.execute(_OTHERS, values)]
    others = others or [user_id for user_id in audience.admins() if user_id != owner.id]
    if not others:
        return False
    talk.offered_at = now
    client_members.put(talk.chat_id, others, MemberRole.MEMBER)
    return True


def words(talk: Talk) -> str:
    """Return the line that says so in the chat, for the team only."""
    return gettext("%(name)s does not want to be disturbed: offered to the group", name=full_name(talk.responsible))


def withdraw(talk: Talk) -> None:
    """The talk is answered, taken or closed: the others keep a silent copy."""
    if talk.offered_at is not None:
        talk.offered_at = None
        if talk.responsible_id is not None:
            client_members.taken(talk.chat_id, talk.responsible_id)


def may_be_taken(talk: Talk) -> bool:
    """Whether anybody of the team may take the talk."""
    return talk.responsible is None or not talk.responsible.active or talk.offered_at is not None
