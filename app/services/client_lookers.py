"""Who of the team has a client's chat open, shown live to the others who have: so that two do not answer at once."""

from __future__ import annotations

from sqlalchemy import text

from app.extensions import db
from app.services import chat_live, live, presence
from app.services.names import FREE_SQL, NAME_SQL


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
