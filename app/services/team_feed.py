"""The tab *Team*: colleagues' completed tasks, answered and closed talks. A silent stream: never unread, never sent.

Managers look after their groups and see what the people of these do, others what they may open.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import and_, or_, select, tuple_

from app import access
from app.extensions import db
from app.models.crm import Task
from app.models.notifications import Event
from app.models.people import User
from app.models.talks import Talk
from app.services.render import headline

FILTER = "team"
TAGS = ("task:completed",)
TALK_TAGS = ("talk:answered", "talk:closed")


def page(user_id: int, limit: int, after: tuple[dt.datetime, int] | None) -> tuple[list[dict[str, Any]], bool]:
    """Return a page of the stream, newest first, and whether there is more. Follows what the person may see."""
    user = db.session.get_one(User, user_id)
    statement = (
        select(Event.id, Event.tag, Event.data, Event.created_at, Event.subject_type, Event.subject_id)
        .outerjoin(Task, (Event.subject_type == "task") & (Task.id == Event.subject_id))
        .outerjoin(Talk, (Event.subject_type == "talk") & (Talk.number == Event.subject_id))
        .where(
            Event.tag.in_((*TAGS, *TALK_TAGS)), Event.actor_id != user_id, access.visible_doings(user, Event.actor_id)
        )
        .where(
            or_(
                and_(Task.id.is_not(None), access.visible_tasks(user)),
                and_(Talk.number.is_not(None), access.visible_talks(user)),
            )
        )
        .order_by(Event.created_at.desc(), Event.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        statement = statement.where(tuple_(Event.created_at, Event.id) < after)
    rows = db.session.execute(statement).all()
    return [_as_item(row, user.zone) for row in rows[:limit]], len(rows) > limit


def key_of(item: dict[str, Any]) -> tuple[dt.datetime, int]:
    """Return where in the stream an item is."""
    return dt.datetime.fromisoformat(item["at"]), int(item["id"].partition(":")[2])


def _as_item(row: Any, zone: str) -> dict[str, Any]:
    words = headline(row.tag, "", row.data, zone)
    at = row.created_at.isoformat()
    return {
        "id": f"t:{row.id}",
        "kind": "team",
        "event": row.tag,
        "tab": FILTER,
        "title": words.title,
        "body": words.body,
        "url": words.url,
        "unread": False,
        "archived": False,
        "count": 1,
        "at": at,
        "remind_at": None,
        "icon": words.icon,
        "actions": [],
        "subject": {"type": row.subject_type, "id": row.subject_id},
        "changed_at": at,
    }
