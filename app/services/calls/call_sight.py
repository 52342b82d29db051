"""What rings for a person and whom the person talks to now: counted with everything else, fetched when it changed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models.calls import Call
from app.models.people import User

CALLS = "calls"
COUNT = """
SELECT l.user_id, 'calls' AS tab, count(*) AS unread, CAST(NULL AS timestamptz) AS since FROM (
    SELECT i.user_id FROM feed_items i JOIN calls c ON c.id = i.subject_id
    WHERE i.user_id = ANY(:ids) AND i.unread AND NOT i.archived AND i.tab = 'leads' AND i.event_tag = 'call:ringing'
      AND c.status = 'ringing' AND EXISTS (
        SELECT FROM notifications n WHERE n.feed_item_id = i.id AND n.event_id = i.event_id
           AND n.decisions ->> 'browser' IN ('popup', 'push'))
    UNION ALL
    SELECT c.user_id FROM calls c WHERE c.user_id = ANY(:ids) AND c.status = 'answered'
) l GROUP BY l.user_id
"""

_RINGING = text(
    "SELECT i.id FROM feed_items i JOIN calls c ON c.id = i.subject_id"
    " WHERE i.user_id = :id AND i.unread AND NOT i.archived AND i.tab = 'leads' AND i.event_tag = 'call:ringing'"
    " AND c.status = 'ringing' AND EXISTS (SELECT FROM notifications n WHERE n.feed_item_id = i.id"
    "  AND n.event_id = i.event_id AND n.decisions ->> 'browser' IN ('popup', 'push')) ORDER BY i.id DESC LIMIT 5"
)


def live_of(user: User) -> dict[str, Any]:
    """Return what rings for a person and has its slot now (items of the center), and whom the person talks to."""
    from app.services import feed

    ids = [row.id for row in db.session.execute(_RINGING, {"id": user.id})]
    talking = db.session.scalars(
        select(Call)
        .where(Call.user_id == user.id, Call.status == "answered")
        .options(joinedload(Call.contact), joinedload(Call.line))
        .order_by(Call.id.desc())
        .limit(3)
    ).unique()
    return {
        "ringing": [item for _, item in feed.items_by_id(db.session(), ids)],
        "talking": [
            {
                "id": call.id,
                "name": call.contact.name if call.contact else call.phone,
                "phone": call.phone,
                "since": (call.answered_at or call.started_at).isoformat(),
                "url": f"/contactview/show/{call.contact_id}" if call.contact_id else f"/callview/show/{call.id}",
            }
            for call in talking
        ],
    }
