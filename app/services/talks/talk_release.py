"""The talks of who is deactivated or becomes a free user return to the queue.

Nobody has them then, and their group is told as of new ones.
"""

from __future__ import annotations

from flask_babel import gettext
from sqlalchemy import select, text

from app.extensions import db
from app.models.chats import MemberRole
from app.models.people import User, full_name
from app.models.talks import Talk, TalkState
from app.services.clients import client_members
from app.services.talks import talk_flow, talk_live


def release(user: User, *, free: bool = False) -> int:
    """Take the open talks from a person who is deactivated (or ``free`` now); return how many.

    Chat first, talk after it, as everybody who writes.
    """
    open_talks = select(Talk.number, Talk.chat_id).where(Talk.responsible_id == user.id, Talk.state != TalkState.CLOSED)
    found = db.session.execute(open_talks.order_by(Talk.chat_id)).all()
    for number, chat_id in found:
        db.session.execute(text("SELECT 1 FROM chats WHERE id = :id FOR NO KEY UPDATE"), {"id": chat_id})
        talk = db.session.get_one(Talk, number, populate_existing=True, with_for_update={"of": Talk})
        if talk.responsible_id != user.id:
            continue
        talk.responsible_id, talk.taken_at, talk.told_at = None, None, None
        db.session.flush()
        client_members.put(chat_id, talk_flow.group_of(talk), MemberRole.MEMBER)
        name = full_name(user)
        words = (
            gettext("%(name)s is a free user now: this talk is nobody's", name=name)
            if free
            else gettext("%(name)s is deactivated: this talk is nobody's", name=name)
        )
        talk_flow.announce(talk, words)
        talk_live.changed(talk)
    return len(found)
