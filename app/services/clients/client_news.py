"""Who is told about a client's messages: who is responsible, each time; the group of an untaken talk, once."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import text

from app import clock
from app.catalogue import Rule
from app.extensions import db

_STATE = text("""
SELECT t.number, t.told_at, t.offered_at, t.responsible_id, u.active AS responsible_active,
       EXISTS (SELECT FROM messages x WHERE x.chat_id = :chat_id AND x.seq > :after AND x.seq <= :upto
               AND x.author_kind = 'visitor' AND x.deleted_at IS NULL) AS client_wrote
FROM talks t LEFT JOIN ab_user u ON u.id = t.responsible_id
WHERE t.chat_id = :chat_id ORDER BY t.number DESC LIMIT 1
""")


def rules_of(chat_id: int, after: int, upto: int, user_ids: Collection[int]) -> dict[int, Rule]:
    """Return which of the people are told about these messages outside the chat, and why.

    What colleagues write to a client is nobody's news; an untaken talk is told to its group when it opens.
    """
    state = db.session.execute(_STATE, {"chat_id": chat_id, "after": after, "upto": upto}).one_or_none()
    if state is None or not state.client_wrote:
        return {}
    if state.responsible_id is not None and state.responsible_active:
        own = {state.responsible_id: Rule.RESPONSIBLE} if state.responsible_id in user_ids else {}
        if state.offered_at is None or (state.told_at is not None and state.told_at >= state.offered_at):
            return own
        # Who has it does not want to be disturbed: the group is told as of an untaken talk.
        return dict.fromkeys(_told(state.number, user_ids), Rule.GROUP) | own
    if state.told_at is not None or not user_ids:
        return {}
    return dict.fromkeys(_told(state.number, user_ids), Rule.GROUP)


def _told(number: int, user_ids: Collection[int]) -> Collection[int]:
    """Note that the group is told now: once."""
    db.session.execute(
        text("UPDATE talks SET told_at = :now WHERE number = :number"), {"now": clock.now(), "number": number}
    )
    return user_ids
