"""What open tabs of the team and the client's widget hear of a talk, and the count of those who wait."""

from __future__ import annotations

import logging
import threading
from typing import Any

from flask import current_app
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.extensions import db, socketio
from app.models.people import full_name
from app.models.talks import Talk
from app.services import feed_counters, live
from app.services.account import account
from app.services.clients import visitor_live, visitor_pages
from app.services.people.held_roles import TEAM
from app.services.talks import talk_settings
from app.services.talks.talk_settings import TalkSettings
from app.transaction import on_commit

logger = logging.getLogger(__name__)

# All who may work with clients are in it: with the setting "all" they see every talk.
TEAM_ROOM = "team"
# Counted again that long after the first change: a busy minute is one count.
COUNT_AFTER_SECONDS = 0.3

_counting = threading.Event()


def payload_of(talk: Talk) -> dict[str, Any]:
    """Return a talk as the team's tabs hear of it."""
    return {
        "number": talk.number,
        "chat_id": talk.chat_id,
        "state": talk.state,
        "responsible_id": talk.responsible_id,
        "responsible": full_name(talk.responsible) if talk.responsible else None,
        "waiting_since": talk.waiting_since.isoformat() if talk.waiting_since else None,
        "score": talk.score,
    }


def changed(talk: Talk) -> None:
    """Tell the team's tabs and the client how the talk is now, after the commit."""
    db.session.flush()
    db.session.expire(talk, ["responsible"])
    payload = payload_of(talk)
    rooms = rooms_of(talk)
    on_commit(lambda: live.emit("talk.changed", payload, rooms))
    on_commit(waiting_changed)
    key, settings = visitor_live.key_of(talk.chat_id), talk_settings.load()
    if key:
        shown = visitor_pages.talk_of(db.session(), talk.chat_id, settings)
        if shown is not None:
            on_commit(lambda: visitor_live.tell("talk", key, shown))


def ask(talk: Talk, settings: TalkSettings) -> None:
    """Ask the client in the widget for a score, after the commit."""
    key, survey = visitor_live.key_of(talk.chat_id), visitor_pages.survey(talk.number, settings)
    on_commit(lambda: visitor_live.tell("survey", key, survey))


def rooms_of(talk: Talk) -> list[str]:
    """Return the rooms of all who may see the talk, without naming anybody who may not."""
    if account.record_visibility() == "all":
        return [TEAM_ROOM, f"chat:{talk.chat_id}"]
    rows = db.session.execute(
        text(
            "SELECT m.user_id FROM chat_members m WHERE m.chat_id = :chat_id AND m.left_at IS NULL"
            " UNION SELECT u.id FROM ab_user_group ug JOIN ab_user u ON u.id = ug.user_id"
            f" WHERE ug.group_id = :group_id AND {TEAM}"
            " UNION SELECT g.manager_id FROM ab_group g WHERE g.id = :group_id AND g.manager_id IS NOT NULL"
        ),
        {"chat_id": talk.chat_id, "group_id": talk.group_id},
    )
    return [live.room_of(row.user_id) for row in rows]


def waiting_changed() -> None:
    """Have the numbers of those who wait pushed soon, once for many changes."""
    if _counting.is_set():
        return
    _counting.set()
    socketio.start_background_task(_count, current_app._get_current_object())  # type: ignore[attr-defined]


def _count(app: Any) -> None:
    socketio.sleep(COUNT_AFTER_SECONDS)
    _counting.clear()
    with app.app_context():
        try:
            push_waiting()
        except OperationalError:  # the next change counts anew
            logger.warning("how many clients wait could not be counted", exc_info=True)
        finally:
            db.session.remove()


def push_waiting() -> None:
    """Push how many clients wait to everybody who may see them."""
    if account.record_visibility() == "all":
        with db.engine.connect() as connection:
            live.emit("waiting", feed_counters.all_waiting(connection), [TEAM_ROOM])
        return
    with db.engine.connect() as connection:
        people = [row.id for row in connection.execute(text("SELECT id FROM ab_user WHERE active"))]
        counted = feed_counters.waiting(connection, people)
    for user_id, numbers in counted.items():
        live.emit("waiting", numbers, [live.room_of(user_id)])
