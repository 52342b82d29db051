"""Who of the team has a client's chat open or is answering it, shown live to the others: so that two do not answer at
once. Who answers is told to whoever looks at the list of clients, too, as far as they may see the talk."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text

from app.extensions import db
from app.services import live
from app.services.account import account
from app.services.chats import chat_live, presence
from app.services.people.names import FREE_SQL, NAME_SQL
from app.services.talks.talk_sight import NEWEST, PEOPLE, SEES

# Tabs of the team that show the list of clients.
LIST_ROOM = "clients"

_SEEING = text(f"""
SELECT p.id FROM {PEOPLE} p JOIN talks t ON t.chat_id = :chat_id
    AND {NEWEST}
WHERE {SEES}
""")


def tell(chat_id: int) -> None:
    """Tell everybody who has the chat open who else has."""
    people = sorted(presence.looking_at(chat_id))
    named: list[dict[str, object]] = []
    if people:
        rows = db.session.execute(
            text(
                f"SELECT u.id, {NAME_SQL} AS name, {FREE_SQL} AS free FROM ab_user u"
                " WHERE u.id = ANY(:ids) ORDER BY u.sort_key, u.id"
            ),
            {"ids": people},
        ).all()
        db.session.rollback()
        named = [{"id": row.id, "name": row.name, "free": row.free} for row in rows]
    live.emit("client.looking", {"chat_id": chat_id, "people": named}, [chat_live.focus_room_of(chat_id)])


def answering(told: Mapping[str, object], sid: str) -> None:
    """Tell those who look at the list of clients who is answering one of them; ``told`` is what the chat hears.

    Where the account hides talks from some, only to those of the people who are here that may see this one.
    """
    if account.record_visibility() == "all":
        rooms = [LIST_ROOM]
    else:
        here = list(presence.states() or ())
        rows = db.session.execute(_SEEING, {"ids": here, "chat_id": told["chat_id"]}).all() if here else []
        rooms = [live.room_of(row.id) for row in rows]
    db.session.rollback()
    live.emit("client.answering", told, rooms, skip_sid=sid)
