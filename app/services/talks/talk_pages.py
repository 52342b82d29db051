"""One talk as the team sees it: who has it, since when the client waits, what came of it, and the talks before."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, text

from app import access
from app.extensions import db
from app.models.chats import ASKED, MemberRole
from app.models.crm import Lead
from app.models.people import User
from app.models.talks import Talk, TalkState
from app.services.clients import client_members
from app.services.people.held_roles import TEAM
from app.services.people.names import FREE_SQL, NAME_SQL
from app.services.talks import talk_clock, talk_live, talk_offers

MAX_HISTORY = 50

_HISTORY = text(f"""
SELECT t.number, t.state, t.opened_at, t.closed_at, t.score, t.first_seq,
       CASE WHEN u.id IS NOT NULL THEN {NAME_SQL} END AS responsible
FROM talks t LEFT JOIN ab_user u ON u.id = t.responsible_id
WHERE t.chat_id = :chat_id AND t.first_seq >= :from_seq ORDER BY t.number DESC LIMIT :limit
""")


_ASKED = text(f"""
SELECT u.id, {NAME_SQL} AS name, m.role, {FREE_SQL} AS free
FROM chat_members m JOIN ab_user u ON u.id = m.user_id
WHERE m.chat_id = :chat_id AND m.left_at IS NULL AND (m.role IN ('guest', 'helper') OR NOT {TEAM})
ORDER BY u.sort_key LIMIT 50
""")


def of_person(user: User, number: int) -> dict[str, Any]:
    """Return a talk, with what this person may do. Raises NotFound."""
    return as_json(user, access.access_talk(user, number))


def as_json(user: User, talk: Talk) -> dict[str, Any]:
    """Return a talk that the person may see."""
    contact, door = talk.contact, talk_clock.door_of_chat(talk.chat_id)
    group, asked = talk.group, _was_asked(user, talk)
    return {
        **talk_live.payload_of(talk),
        "group": {"id": group.id, "name": group.label or group.name} if group else None,
        "group_id": talk.group_id,
        "opened_at": talk.opened_at.isoformat(),
        "taken_at": talk.taken_at.isoformat() if talk.taken_at else None,
        "closed_at": talk.closed_at.isoformat() if talk.closed_at else None,
        "comment": talk.comment,
        "lead_id": talk.lead_id,
        "lead": _lead(user, talk),
        # Whoever was only asked sees what was written, and not how to reach the client.
        "contact": {
            "id": contact.id,
            "name": contact.name,
            "email": None if asked else contact.email,
            "phone": None if asked else contact.phone,
        }
        if contact
        else None,
        "channel": {"kind": "messenger" if door.messenger_id else "widget", "name": door.name},
        "page_url": _page_url(talk.chat_id),
        "url": f"/center/?chat={talk.chat_id}",
        "history": _history(user, talk.chat_id),
        "asked": _asked(talk.chat_id),
        "can": rights(user, talk),
    }


def rights(user: User, talk: Talk) -> dict[str, bool]:
    """Return what the person's buttons may offer; the services decide anew."""
    acts, is_open = not _was_asked(user, talk), talk.state == TalkState.OPEN
    free = talk.responsible_id != user.id and talk_offers.may_be_taken(talk)
    return {
        "take": acts and is_open and free,
        "close": acts and is_open,
        "close_without_survey": acts and is_open,
        "transfer": acts and is_open,
        "no_answer_needed": acts and is_open and talk.waiting_since is not None,
        "ask": acts,
    }


def _was_asked(user: User, talk: Talk) -> bool:
    return access.is_free(user) or client_members.role_of(talk.chat_id, user.id) in ASKED


def _lead(user: User, talk: Talk) -> dict[str, Any] | None:
    if talk.lead_id is None:
        return None
    found = db.session.execute(select(Lead.name).where(Lead.id == talk.lead_id, access.visible_leads(user))).scalar()
    return {"id": talk.lead_id, "name": found} if found is not None else None


def _page_url(chat_id: int) -> str | None:
    """Return the page of the website on which the client was last."""
    statement = text("SELECT page_url FROM visitors WHERE chat_id = :id ORDER BY last_seen_at DESC LIMIT 1")
    return db.session.execute(statement, {"id": chat_id}).scalar()


def _asked(chat_id: int) -> list[dict[str, Any]]:
    """Return who was let in to help, and whether they may answer the client."""
    return [
        {
            "id": row.id,
            "name": row.name,
            "free": row.free,
            "answers": row.role in (MemberRole.MEMBER, MemberRole.HELPER),
        }
        for row in db.session.execute(_ASKED, {"chat_id": chat_id})
    ]


def _history(user: User, chat_id: int) -> list[dict[str, Any]]:
    return [
        {
            "number": row.number,
            "state": row.state,
            "opened_at": row.opened_at.isoformat(),
            "closed_at": row.closed_at.isoformat() if row.closed_at else None,
            "score": row.score,
            "first_seq": row.first_seq,
            "responsible": row.responsible,
        }
        for row in db.session.execute(
            _HISTORY,
            {"chat_id": chat_id, "limit": MAX_HISTORY, "from_seq": client_members.from_seq_of(chat_id, user.id)},
        )
    ]
