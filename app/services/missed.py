"""Why did I *not* get …? What happened of one kind in a time of the last 30 days, and what each channel did with it.

Not only what reached the person: also what they did themselves, and what was told to somebody else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from sqlalchemy import Row, text

from app import clock
from app.catalogue import KINDS, Channel
from app.errors import UserError
from app.extensions import db
from app.models.people import User
from app.services import audience, trace
from app.services.chats import chat_missed
from app.services.render import headline
from app.services.settings import matrix

LONGEST = dt.timedelta(days=31)
SHOWN = 50
CENTER = "center"

_TOLD = text("""
SELECT n.id, n.rule, n.decisions, n.created_at, n.feed_item_id, e.tag, e.data
FROM notifications n JOIN events e ON e.id = n.event_id
WHERE n.user_id = :user_id AND n.created_at BETWEEN :since AND :until AND e.tag = ANY(:tags)
ORDER BY n.id DESC LIMIT :limit
""")

# What concerns the person and was not told to them.
_NOT_TOLD = text("""
SELECT e.id, e.tag, e.data, e.created_at, e.actor_id FROM events e
WHERE e.tag = ANY(:tags) AND e.created_at BETWEEN :since AND :until
  AND (e.actor_id = :user_id OR CAST(e.data #>> '{responsible,id}' AS int) = :user_id
       OR CAST(e.data #>> '{author,id}' AS int) = :user_id)
  AND NOT EXISTS (SELECT FROM notifications n WHERE n.event_id = e.id AND n.user_id = :user_id)
ORDER BY e.id DESC LIMIT :limit
""")


def of_person(
    user: User, row: str, channel: str | None = None, since: dt.datetime | None = None, until: dt.datetime | None = None
) -> dict[str, Any]:
    """Return ``{"found": [{"at", "event", "title", "item", "why", "channels"}…], "more"}``, the newest first.

    ``channel`` limits the answer to one. Raises UserError for an unknown row or channel and a time further back than is
    kept.
    """
    if row not in matrix.rows_for(audience.role_of(user)):
        raise UserError("unknown_row", gettext("There is no such kind of news for you"), "row")
    if channel and channel not in (CENTER, *Channel):
        raise UserError("unknown_channel", gettext("There is no such channel"), "channel")
    now = clock.now()
    since, until = since or now - dt.timedelta(days=1), until or now
    if since < now - LONGEST:
        raise UserError("too_old", gettext("Only the last 30 days are kept"), "since")
    if since >= until:
        raise UserError("invalid", gettext("The end has to be after the beginning"), "until")
    values = {
        "user_id": user.id,
        "since": since,
        "until": until,
        "limit": SHOWN + 1,
        "tags": [kind.tag for kind in KINDS.values() if kind.row == row],
    }
    told = db.session.execute(_TOLD, values).all()
    found = [*_told(told, user.zone), *_not_told(db.session.execute(_NOT_TOLD, values).all(), user)]
    found += chat_missed.of_person(user, row, since, until, SHOWN + 1)
    found.sort(key=lambda one: str(one["at"]), reverse=True)
    if channel:
        for one in found:
            one["channels"] = [line for line in one["channels"] if line["channel"] == channel]
    return {"found": found[:SHOWN], "more": len(found) > SHOWN}


def _told(notices: Sequence[Row[Any]], zone: str) -> list[dict[str, Any]]:
    if not notices:
        return []
    deliveries, collected = trace.sent_of([notice.id for notice in notices])
    return [
        {
            "at": notice.created_at.isoformat(),
            "event": notice.tag,
            "title": headline(notice.tag, notice.rule, notice.data, zone, notice.created_at).title,
            "item": f"n:{notice.feed_item_id}",
            "why": trace.why(notice.tag, notice.rule),
            "channels": trace.outcomes(notice.id, notice.decisions, notice.created_at, zone, deliveries, collected),
        }
        for notice in notices
    ]


def _not_told(events: Sequence[Row[Any]], user: User) -> list[dict[str, Any]]:
    found = []
    for event in events:
        own = event.actor_id == user.id
        words = gettext("Not told: you did it yourself") if own else gettext("Not told: others were to be told")
        found.append(
            {
                "at": event.created_at.isoformat(),
                "event": event.tag,
                "title": headline(event.tag, "", event.data, user.zone, event.created_at).title,
                "item": None,
                "why": words,
                "channels": [
                    {"channel": name, "state": "skipped", "text": words, "at": None} for name in (CENTER, *Channel)
                ],
            }
        )
    return found
